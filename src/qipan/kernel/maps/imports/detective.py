"""Which datum a file is in: every candidate is tried, and what speaks for each is shown.

Half a kilometre lies between CGCS2000 and the datum of web maps here, so a border that is right in one of
them is plainly wrong in the other. The detective never decides: it ranks, a person picks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from qipan.kernel.maps import datum
from qipan.kernel.maps.geodesy import local_scale

Points = NDArray[np.float64]
Move = Callable[[Points], Points]
# Points of the file within this distance of the reference border are taken to lie on it.
NEAR_BORDER_M = 1500.0
# A typical offset of this many metres halves the score.
HALF_SCORE_M = 100.0
SAMPLE = 4000
FEWEST_ON_BORDER = 20
MARGIN_DEG = 0.15
# Where points may lie before any county is known.
CHINA = shapely.box(73.5, 3.8, 135.1, 53.6)
CLEAR_LEAD = 0.1


@dataclass(frozen=True)
class Candidate:
    """One datum: score 0 … 1, share of points near the county, and the typical offset of its evidence.

    ``evidence`` is "border" (distance to the reference border, metres), "names" (distance to known places
    of the same name) or "position" (only that the points lie in the county: no proof of a datum).
    """

    code: str
    score: float
    inside: float
    evidence: str
    offset_m: float | None


def _pairs(move: Callable[[float, float], tuple[float, float]]) -> Move:
    return lambda xy: np.array([move(x, y) for x, y in xy.tolist()]).reshape(-1, 2)


def _swapped(xy: Points) -> Points:
    return xy[:, ::-1]


def _zone(meridian: int) -> Move:
    return _pairs(lambda east, north: datum.from_zone(east, north, meridian))


def _mercator(xy: Points) -> Points:
    lons, lats = Transformer.from_crs(3857, 4326, always_xy=True).transform(xy[:, 0], xy[:, 1])
    return np.column_stack((lons, lats))


def _packed_dms(xy: Points) -> Points:
    """Degrees written as DDD.MMSS; NaN where minutes or seconds reach 60."""
    degrees = np.floor(xy)
    rest = np.round((xy - degrees) * 100, 8)
    minutes = np.floor(rest)
    seconds = np.round((rest - minutes) * 100, 6)
    found: Points = degrees + minutes / 60 + seconds / 3600
    found[(minutes >= 60) | (seconds >= 60)] = np.nan
    return found


MOVES: dict[str, Move] = {
    "cgcs2000": lambda xy: xy,
    "gcj02": _pairs(datum.gcj02_to_wgs84),
    "bd09": _pairs(datum.bd09_to_wgs84),
    "zone38": _zone(114),
    "zone39": _zone(117),
    "zone38-north-first": lambda xy: _zone(114)(_swapped(xy)),
    "zone39-north-first": lambda xy: _zone(117)(_swapped(xy)),
    "mercator": _mercator,
    "swapped": _swapped,
    "dms": _packed_dms,
}


def to_degrees(geometry: BaseGeometry, code: str) -> BaseGeometry:
    """A geometry of the file in degrees CGCS2000, read as the datum ``code``; KeyError if unknown."""
    return shapely.transform(geometry, MOVES[code])


def judge(
    geometries: Sequence[BaseGeometry],
    county: BaseGeometry | None,
    *,
    named: Sequence[tuple[int, float, float]] = (),
) -> list[Candidate]:
    """All datums, most likely first.

    ``county`` is the reference area in degrees (None before there is one: then a datum is only plausible or
    not); ``named`` gives for some geometries (by position) the
    known degrees of a place of the same name.
    """
    points = _sample(shapely.get_coordinates(np.array(geometries, dtype=object)))
    centres = np.array([geometry.centroid.coords[0] for geometry in geometries])
    if county is None:
        found = [_plausible(code, points) for code in MOVES]
    else:
        found = [_try(code, points, centres, county, named) for code in MOVES]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.code))


def is_clear(ranked: Sequence[Candidate]) -> bool:
    """Whether the first is ahead of the second by evidence, not only by lying in the county."""
    first, second = ranked[0], ranked[1]
    return first.evidence != "position" and first.score - second.score >= CLEAR_LEAD


def _sample(points: Points) -> Points:
    step = max(1, len(points) // SAMPLE)
    return points[::step]


def _try(
    code: str,
    points: Points,
    centres: Points,
    county: BaseGeometry,
    named: Sequence[tuple[int, float, float]],
) -> Candidate:
    with np.errstate(all="ignore"):
        moved = _finite(MOVES[code], points)
    west, south, east, north = county.bounds
    box = shapely.box(west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG)
    inside = float(shapely.contains_xy(box, moved[:, 0], moved[:, 1]).mean())
    if inside < 0.5:
        return Candidate(code, 0.0, inside, "position", None)
    offset = _border_offset(moved, county)
    if offset is not None:
        return Candidate(code, inside / (1 + offset / HALF_SCORE_M), inside, "border", offset)
    offset = _name_offset(_finite(MOVES[code], centres), named)
    if offset is not None:
        return Candidate(code, inside / (1 + offset / HALF_SCORE_M), inside, "names", offset)
    within = float(shapely.contains_xy(county, moved[:, 0], moved[:, 1]).mean())
    return Candidate(code, 0.5 * within, inside, "position", None)


def _plausible(code: str, points: Points) -> Candidate:
    with np.errstate(all="ignore"):
        moved = _finite(MOVES[code], points)
    inside = float(shapely.contains_xy(CHINA, moved[:, 0], moved[:, 1]).mean())
    return Candidate(code, 0.1 * inside, inside, "position", None)


def _finite(move: Move, points: Points) -> Points:
    moved = np.asarray(move(points), dtype=np.float64)
    # Far away instead of infinite, so that geometry functions stay quiet.
    return np.where(np.isfinite(moved), moved, 999.0)


def _border_offset(moved: Points, county: BaseGeometry) -> float | None:
    """Typical distance (metres) of the file's outline to the reference border; None with too few points."""
    scale = np.array(local_scale(county.centroid.y))
    border = shapely.transform(county.boundary, lambda xy: xy * scale)
    shapely.prepare(border)
    distance = shapely.distance(border, shapely.points(moved * scale))
    near = distance[distance < NEAR_BORDER_M]
    if len(near) < FEWEST_ON_BORDER or len(near) < 0.02 * len(moved):
        return None
    # The best half: the rest are inner corners that happen to lie near the border.
    return float(np.median(np.sort(near)[: max(FEWEST_ON_BORDER, len(near) // 2)]))


def _name_offset(centres: Points, named: Sequence[tuple[int, float, float]]) -> float | None:
    if not named:
        return None
    scale = np.array(local_scale(named[0][2]))
    index = [position for position, _lon, _lat in named]
    known = np.array([(lon, lat) for _position, lon, lat in named])
    off = (centres[index] - known) * scale
    return float(np.median(np.hypot(off[:, 0], off[:, 1])))


def as_rows(ranked: Sequence[Candidate]) -> list[Mapping[str, object]]:
    """The candidates as JSON values, to be kept with the case."""
    return [
        {
            "code": one.code,
            "score": round(one.score, 4),
            "inside": round(one.inside, 4),
            "evidence": one.evidence,
            "offset_m": None if one.offset_m is None else round(one.offset_m, 1),
        }
        for one in ranked
    ]
