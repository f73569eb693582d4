"""Where in the county a point lies, from the area layers in force, kept in memory.

The division layers are known by these codes: county, townships, villages, grids. An index is rebuilt
when its layer's version changes (looked up at most every few seconds) or another day is asked for.
"""

import threading
import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qipan.kernel.base.clock import county_day, now
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.geodesy import to_shapely
from qipan.kernel.maps.point_in_area import AreaIndex

COUNTY = "county"
TOWNSHIPS = "townships"
VILLAGES = "villages"
GRIDS = "grids"
LEVELS = (COUNTY, TOWNSHIPS, VILLAGES, GRIDS)
CHECK_EVERY_S = 5.0
HISTORY_KEPT = 8


@dataclass(frozen=True)
class Where:
    """Codes of the areas that hold a point; None where no area of that layer does."""

    county: str | None = None
    township: str | None = None
    village: str | None = None
    grid: str | None = None

    @property
    def division(self) -> str | None:
        """Code of the smallest division that holds the point."""
        return self.village or self.township or self.county


class _Indexes:
    """Indexes by layer and day, swapped whole when a layer's version moves on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[str, date], tuple[int, AreaIndex]] = {}
        self._versions: dict[str, int] = {}
        self._checked = 0.0
        self._today = date.min

    def get(self, layer: str, day: date | None) -> AreaIndex:
        """The index of a layer on a day, today unless given."""
        version = self._version(layer)
        day = day or self._today
        held = self._held.get((layer, day))
        if held is not None and held[0] == version:
            return held[1]
        with self._lock:
            index = _load(layer, day)
            if len(self._held) > HISTORY_KEPT * len(LEVELS):
                self._held.clear()
            self._held[layer, day] = (version, index)
        return index

    def _version(self, layer: str) -> int:
        if layer not in self._versions or time.monotonic() - self._checked > CHECK_EVERY_S:
            self._versions = dict(Layer.objects.values_list("code", "version"))
            self._checked = time.monotonic()
            self._today = county_day(now())
        return self._versions.setdefault(layer, 0)

    def forget(self) -> None:
        """Look everything up anew at the next question."""
        with self._lock:
            self._held.clear()
            self._versions.clear()
            self._checked = 0.0


_indexes = _Indexes()


def _load(layer: str, day: date) -> AreaIndex:
    rows = Area.objects.of(layer).at(day).values_list("code", "geometry")
    return AreaIndex.of([(code, to_shapely(geometry)) for code, geometry in rows])


def forget() -> None:
    """Drop what is kept of the areas (after a layer was replaced in this process)."""
    _indexes.forget()


def where(lon: float, lat: float, at: date | None = None) -> Where:
    """County, township, village and grid codes at a point in degrees, today or on another day."""
    return Where(*(_indexes.get(layer, at).code_at(lon, lat) for layer in LEVELS))


def where_many(lons: ArrayLike, lats: ArrayLike, layer: str, at: date | None = None) -> list[str | None]:
    """Code of the area of one layer at each of many points."""
    index = _indexes.get(layer, at)
    found = index.locate(np.asarray(lons, dtype=np.float64), np.asarray(lats, dtype=np.float64))
    names = np.array([*index.codes, None], dtype=object)
    codes: list[str | None] = names[found].tolist()
    return codes


def contains(code: str, lon: float, lat: float) -> bool:
    """Whether the division, grid or other area with this code holds the point.

    A division is known by its 12 digits; the code of a layer's own area by itself. False for a code
    that no layer has.
    """
    for layer in LEVELS:
        index = _indexes.get(layer, None)
        if code in index.codes:
            return index.code_at(lon, lat) == code
    rows = Area.objects.filter(code=code).at(county_day(now())).values_list("geometry", flat=True)
    return any(_covers(geometry, lon, lat) for geometry in rows)


def _covers(geometry: dict[str, Any], lon: float, lat: float) -> bool:
    return AreaIndex.of([("", to_shapely(geometry))]).code_at(lon, lat) is not None
