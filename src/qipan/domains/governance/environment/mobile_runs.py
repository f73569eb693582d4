"""Vehicle runs: medians of short stretches of road and places that are high on several runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor
from statistics import median

from .places import Point, metres
from .standards import RuleTable

Cell = tuple[int, int]


@dataclass(frozen=True)
class Fix:
    """One reading on the way: time, degrees (WGS84), concentration in µg/m³ (CO mg/m³)."""

    time: datetime
    lon: float
    lat: float
    value: float


@dataclass(frozen=True)
class Stretch:
    """The median of a run on one stretch; ``high`` against the median of the whole run."""

    cell: Cell
    lon: float
    lat: float
    median: float
    values: int
    first: datetime
    high: bool


@dataclass(frozen=True)
class HotPlace:
    """A stretch that was high on several runs: their times, the middle of their medians."""

    cell: Cell
    lon: float
    lat: float
    times: tuple[datetime, ...]
    median: float
    passed: int


def stretches(run: Sequence[Fix], quantity: str, origin: Point, table: RuleTable) -> list[Stretch]:
    """Medians of a run by squares of 200 m counted from a fixed origin (the same for all runs).

    Squares with fewer than five readings are left out. A stretch is high when its median is at least 1.3
    times the run's median and clearly above it.
    """
    size, needed = float(table.limit("stretch_m")), int(table.limit("values_needed"))
    cells: dict[Cell, list[Fix]] = {}
    for fix in run:
        east, north = metres(origin, Point("", fix.lon, fix.lat))
        cells.setdefault((floor(east / size), floor(north / size)), []).append(fix)
    if not cells:
        return []
    middle = median(fix.value for fix in run)
    ratio, excess = float(table.limit("ratio")), float(table.limit("excess", quantity))
    found = []
    for cell, fixes in sorted(cells.items()):
        if len(fixes) < needed:
            continue
        value = median(fix.value for fix in fixes)
        high = value >= ratio * middle and value - middle >= excess
        lon, lat = median(fix.lon for fix in fixes), median(fix.lat for fix in fixes)
        found.append(Stretch(cell, lon, lat, value, len(fixes), min(fix.time for fix in fixes), high))
    return found


def hot_places(runs: Sequence[Sequence[Stretch]], now: datetime, table: RuleTable) -> list[HotPlace]:
    """Stretches that were high on at least three runs of the last thirty days, most often first."""
    since = now - timedelta(days=int(table.limit("within_days")))
    passed: dict[Cell, list[Stretch]] = {}
    for run in runs:
        for stretch in run:
            if since <= stretch.first <= now:
                passed.setdefault(stretch.cell, []).append(stretch)
    found = []
    for cell, all_runs in passed.items():
        high = sorted((one for one in all_runs if one.high), key=lambda one: one.first)
        if len(high) >= int(table.limit("runs_needed")):
            times = tuple(one.first for one in high)
            value = median(one.median for one in high)
            found.append(HotPlace(cell, high[-1].lon, high[-1].lat, times, value, len(all_runs)))
    return sorted(found, key=lambda one: (-len(one.times), -one.median))
