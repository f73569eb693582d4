"""Every figure on any page: computed from live rows, with the rows behind it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qipan.kernel.indicators.drill import rows
    from qipan.kernel.indicators.values import members, value

__all__ = ["members", "rows", "value"]

_HOMES = {"members": "values", "rows": "drill", "value": "values"}


def __getattr__(name: str) -> Any:
    """Look the offered functions up at first use: models cannot be imported while Django loads its apps."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
