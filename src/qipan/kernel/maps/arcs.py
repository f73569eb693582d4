"""Shared borders: noding of lines, arcs between junctions, and bending arcs without crossings."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, STRtree
from shapely.geometry.base import BaseGeometry

# An arc is halved until its pieces are shorter than this, each middle moved by up to ROUGHNESS of its length.
SHORTEST_M = 160.0
ROUGHNESS = 0.16
GENTLER = (1.0, 0.5, 0.25, 0.1, 0.0)

Node = tuple[float, float]


def arcs_between_junctions(lines: Sequence[BaseGeometry]) -> list[LineString]:
    """The lines cut where they meet, loose ends removed, joined between junctions.

    The order of the arcs depends only on where they lie.
    """
    pieces = list(shapely.get_parts(shapely.union_all(list(lines))))
    while True:
        degree = Counter(end for piece in pieces for end in _ends(piece))
        kept = [piece for piece in pieces if all(degree[end] > 1 for end in _ends(piece))]
        if len(kept) == len(pieces):
            break
        pieces = kept
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(pieces)))
    return sorted((shapely.normalize(arc) for arc in merged), key=lambda arc: tuple(arc.coords))


def _ends(line: LineString) -> tuple[Node, Node]:
    return line.coords[0], line.coords[-1]


def bend_all(arcs: Sequence[LineString], seed: int) -> list[LineString]:
    """Every arc bent; arcs that would cross another one are bent less, at last not at all."""
    strength = [0] * len(arcs)
    bent = [_bend(arc, seed, GENTLER[0]) for arc in arcs]
    for _ in range(len(GENTLER) * 4):
        crossing = _crossings(bent)
        if not crossing:
            return bent
        for index in crossing:
            strength[index] = min(strength[index] + 1, len(GENTLER) - 1)
            bent[index] = _bend(arcs[index], seed, GENTLER[strength[index]])
    raise ValueError("arcs still cross after bending them less")


def _bend(arc: LineString, seed: int, strength: float) -> LineString:
    """Midpoint displacement along an arc; its ends stay."""
    if strength == 0:
        return arc
    points = np.asarray(arc.coords)
    text = f"{seed}:{points[0].round(3).tolist()}:{points[-1].round(3).tolist()}"
    generator = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
    while True:
        steps = np.diff(points, axis=0)
        lengths = np.hypot(steps[:, 0], steps[:, 1])
        long = lengths > SHORTEST_M
        if not long.any():
            return LineString(points)
        middles = (points[:-1] + points[1:]) / 2
        sideways = np.column_stack((-steps[:, 1], steps[:, 0]))
        middles += sideways * (generator.uniform(-1, 1, (len(steps), 1)) * ROUGHNESS * strength)
        points = _interleave(points, middles, long)


def _interleave(
    points: NDArray[np.float64], middles: NDArray[np.float64], long: NDArray[np.bool_]
) -> NDArray[np.float64]:
    return np.insert(points, np.flatnonzero(long) + 1, middles[long], axis=0)


def _crossings(arcs: Sequence[LineString]) -> set[int]:
    """Arcs that cross themselves, or meet another one anywhere but at a common end."""
    lines = np.array(arcs, dtype=object)
    found = set(np.flatnonzero(~shapely.is_simple(lines)).tolist())
    ends: defaultdict[int, set[Node]] = defaultdict(set)
    for index, arc in enumerate(arcs):
        ends[index].update(_ends(arc))
    left, right = STRtree(lines).query(lines, predicate="intersects")
    for one, two in zip(left.tolist(), right.tolist(), strict=True):
        if one < two and not _meet_at_ends(lines[one], lines[two], ends[one] & ends[two]):
            found.update((one, two))
    return found


def _meet_at_ends(one: LineString, two: LineString, common: set[Node]) -> bool:
    meeting = one.intersection(two)
    return meeting.geom_type in ("Point", "MultiPoint") and all(
        point.coords[0] in common for point in shapely.get_parts(meeting)
    )
