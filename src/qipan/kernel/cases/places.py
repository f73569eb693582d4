"""Where a case or a photo is."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.orgs.models import Division, Grid

LARGEST_ERROR_M = 200.0


@dataclass(frozen=True)
class Spot:
    """A point in degrees (CGCS2000/WGS84), an address, or both; known areas spare looking them up."""

    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    address: str = ""
    division: Division | None = None
    grid: Grid | None = None

    def __post_init__(self) -> None:
        if (self.lon is None) != (self.lat is None):
            raise InvalidInput("place", _("经度和纬度要同时给出"))
        if self.lon is None or self.lat is None:
            return
        if (self.lon, self.lat) == (0.0, 0.0) or not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            swapped = -180 <= self.lat <= 180 and -90 <= self.lon <= 90 and (self.lon, self.lat) != (0, 0)
            raise InvalidInput("place", _("经纬度似乎写反了") if swapped else _("坐标无效"))

    @property
    def known(self) -> bool:
        """Whether it has coordinates."""
        return self.lon is not None

    @classmethod
    def of(cls, place: Any) -> "Spot":
        """A spot from a Spot, a (lon, lat) pair or any row with a place (a station, another case)."""
        if place is None:
            return cls()
        if isinstance(place, Spot):
            return place
        if isinstance(place, tuple):
            lon, lat = place
            return cls(float(lon), float(lat))
        return cls(
            place.lon,
            place.lat,
            getattr(place, "accuracy_m", None),
            getattr(place, "address", "") or "",
            getattr(place, "division", None),
            getattr(place, "grid", None),
        )
