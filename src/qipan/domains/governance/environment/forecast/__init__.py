"""Air-quality forecast: features, training, issue, verification."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import boosting

# The tree library brings pandas and scikit-learn with it: 160 MB that every process of the county would pay
# at its start, while only the worker grows or asks trees. So it is fetched at its first use (PEP 562).
__all__ = ["boosting"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".{name}", __name__)
