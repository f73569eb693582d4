"""Point-in-area of a million points, and the synthetic division of the county, against a plain STRtree."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from qipan.kernel.maps.point_in_area import AreaIndex
from qipan.kernel.maps.synthetic import divide
from qipan.kernel.maps.tests.sample import county, towns

POINTS = 1_000_000
SINGLE = 100_000
CHECKED = 100_000


def run(report: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of each; answers are compared with brute force before any figure counts."""
    started = time.perf_counter()
    areas = divide(county(), towns())
    divided = time.perf_counter() - started
    report(f"{len(areas)} synthetic areas in {divided:.1f} s")
    villages = [(code, areas[code]) for town in towns() for code in town.villages]
    started = time.perf_counter()
    index = AreaIndex.of(villages)
    built = time.perf_counter() - started
    lons, lats = _points()
    ours, found = _best_of_three(lambda: index.locate(lons, lats))
    tree = shapely.STRtree([area for _code, area in villages])
    points = shapely.points(lons, lats)
    theirs, _hits = _best_of_three(lambda: tree.query(points, predicate="intersects"))
    single = _single(index, lons, lats)
    wrong = _wrong(index, villages, tree, found, (lons, lats))
    return {
        "million points in 352 areas (s)": _figure(ours, 0.5),
        "the same by shapely STRtree (s)": {"value": round(theirs, 3)},
        "one point (µs)": _figure(single, 5.0),
        "index built (s)": {"value": round(built, 3)},
        f"answers unlike brute force of {CHECKED}": _figure(wrong, 0),
        "county divided into 18 towns, 352 villages (s)": _figure(divided, 10.0),
    }


def _figure(value: float, goal: float) -> dict[str, Any]:
    return {"value": round(value, 3), "goal": f"<= {goal}", "met": value <= goal}


def _points() -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]:
    west, south, east, north = county().bounds
    drawn = np.random.default_rng(1).uniform((west, south), (east, north), (POINTS, 2))
    return np.ascontiguousarray(drawn[:, 0]), np.ascontiguousarray(drawn[:, 1])


def _best_of_three(work: Callable[[], Any]) -> tuple[float, Any]:
    best, answer = float("inf"), None
    for _ in range(3):
        started = time.perf_counter()
        answer = work()
        best = min(best, time.perf_counter() - started)
    return best, answer


def _single(index: AreaIndex, lons: Any, lats: Any) -> float:
    pairs = list(zip(lons[:SINGLE].tolist(), lats[:SINGLE].tolist(), strict=True))
    started = time.perf_counter()
    for lon, lat in pairs:
        index.code_at(lon, lat)
    return (time.perf_counter() - started) / SINGLE * 1e6


def _wrong(
    index: AreaIndex, villages: list[tuple[str, Any]], tree: shapely.STRtree, found: Any, at: tuple[Any, Any]
) -> int:
    """How many of the checked points are answered unlike the lowest code that covers them."""
    codes = [code for code, _area in villages]
    points = shapely.points(at[0][:CHECKED], at[1][:CHECKED])
    asked, areas = tree.query(points, predicate="covered_by")
    expected: list[str | None] = [None] * CHECKED
    for point, area in sorted(zip(asked.tolist(), areas.tolist(), strict=True)):
        expected[point] = min(expected[point] or codes[area], codes[area])
    answers = [index.codes[position] if position >= 0 else None for position in found[:CHECKED]]
    return sum(one != two for one, two in zip(answers, expected, strict=True))
