"""Files by content, signed links, photos, PDF and QR codes."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qipan.kernel.files.links import link
    from qipan.kernel.files.storing import store

__all__ = ["link", "store"]

_HOMES = {"store": "storing", "link": "links"}


def __getattr__(name: str) -> Any:
    """Look the offered functions up at first use: models cannot be imported while Django loads its apps."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
