"""Places, areas, layers and the offline base map."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qipan.kernel.maps.county import Where, contains, where, where_many
    from qipan.kernel.maps.geodesy import distance_m

__all__ = ["Where", "contains", "distance_m", "where", "where_many"]

_HOMES = {
    "Where": "county",
    "contains": "county",
    "where": "county",
    "where_many": "county",
    "distance_m": "geodesy",
}


def __getattr__(name: str) -> Any:
    """Look the offered names up at first use: models cannot be imported while Django loads its apps."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
