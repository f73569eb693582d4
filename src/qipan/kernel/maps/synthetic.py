"""Synthetic township and village areas, until the bureau's own layer comes.

Towns are cells of a power diagram around their rough seats, sized by the square root of their number of
villages; villages are centroidal Voronoi cells inside their town. Every border between two cells is one
shared arc, bent at random from a fixed seed so that nobody takes it for a survey; the county's own border
is kept as it is. The cells cover the county without gap or overlap. They are for orientation only.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from qipan.kernel.maps.arcs import arcs_between_junctions, bend_all
from qipan.kernel.maps.geodesy import local_scale
from qipan.kernel.maps.power_diagram import Diagram, diagram

Points = NDArray[np.float64]
TOWN_ROUNDS = 400
TOWN_TOLERANCE = 0.02
WEIGHT_STEP = 0.35
LLOYD_ROUNDS = 30
GRID_ROUNDS = 8
# How far an edge runs past the area that it divides, so that it surely meets the border (metres).
OVERSHOOT_M = 0.5


@dataclass(frozen=True)
class Town:
    """A township: its code, rough seat in degrees, and the codes of its villages."""

    code: str
    lon: float
    lat: float
    villages: tuple[str, ...]


@dataclass(frozen=True)
class Plane:
    """Metres east and north of a point, on the ellipsoid's scale there."""

    lon: float
    lat: float
    east: float
    north: float

    @classmethod
    def at(cls, geometry: BaseGeometry) -> "Plane":
        """The plane around a geometry's centroid (degrees)."""
        centre = geometry.centroid
        return cls(centre.x, centre.y, *local_scale(centre.y))

    def to(self, geometry: BaseGeometry) -> BaseGeometry:
        """Degrees to metres."""
        return shapely.transform(geometry, lambda xy: (xy - (self.lon, self.lat)) * (self.east, self.north))

    def back(self, geometry: BaseGeometry) -> BaseGeometry:
        """Metres to degrees."""
        return shapely.transform(geometry, lambda xy: xy / (self.east, self.north) + (self.lon, self.lat))


def divide(county: Polygon, towns: Sequence[Town], seed: int = 1) -> dict[str, Polygon | MultiPolygon]:
    """Area in degrees of every village and town by its code; the same input gives the same areas."""
    plane = Plane.at(county)
    ground = plane.to(county)
    seats = np.array([plane.to(shapely.Point(town.lon, town.lat)).coords[0] for town in towns])
    outer = town_diagram(ground, seats, np.array([math.sqrt(len(town.villages)) for town in towns]))
    borders = _clip(outer.edges(), ground)
    cells: dict[str, BaseGeometry] = {}
    for town, seat, cell in zip(towns, seats, outer.cells(), strict=True):
        area = ground.intersection(cell)
        pieces, edges = villages_in(area, len(town.villages), _generator(seed, town.code))
        borders += _clip(edges, area)
        near = sorted(pieces, key=lambda piece: piece.centroid.distance(shapely.Point(seat)))
        cells.update(zip(town.villages, near, strict=True))
    villages = _rebuild(ground, borders, cells, seed)
    areas = {code: plane.back(area) for code, area in villages.items()}
    for town in towns:
        areas[town.code] = shapely.union_all([areas[code] for code in town.villages])
    return areas


def _generator(seed: int, name: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def town_diagram(ground: Polygon, seats: Points, shares: NDArray[np.float64]) -> Diagram:
    """The power diagram whose cells take their shares of the ground, within two per cent.

    Seats stay near where they are known to be: every tenth round a tenth of the way to the centroid.
    """
    targets = shares / shares.sum() * ground.area
    seats, weights = seats.copy(), np.zeros(len(seats))
    for turn in range(TOWN_ROUNDS):
        found = diagram(seats, weights)
        parts = [ground.intersection(cell) for cell in found.cells()]
        sizes = np.array([part.area for part in parts])
        if (np.abs(sizes / targets - 1) < TOWN_TOLERANCE).all():
            return found
        weights = weights + WEIGHT_STEP * (targets - sizes) / math.pi
        if turn % 10 == 9:
            centroids = [
                part.centroid.coords[0] if part.area else seat
                for part, seat in zip(parts, seats, strict=True)
            ]
            seats = seats + 0.1 * (np.array(centroids) - seats)
    raise ValueError(f"town areas did not settle within {TOWN_ROUNDS} rounds")


def villages_in(
    area: BaseGeometry, count: int, generator: np.random.Generator, rounds: int = LLOYD_ROUNDS
) -> tuple[list[BaseGeometry], list[LineString]]:
    """Even parts of an area and the edges between them: a centroidal Voronoi diagram by Lloyd's rounds."""
    if count == 1:
        return [area], []
    sites = _scatter(area, count, generator)
    level = np.zeros(count)
    for _ in range(rounds):
        parts = [area.intersection(cell) for cell in diagram(sites, level).cells()]
        sites = _centroids(parts, sites)
    found = diagram(sites, level)
    return [area.intersection(cell) for cell in found.cells()], found.edges()


def _centroids(parts: Sequence[BaseGeometry], otherwise: Points) -> Points:
    """Centroid of each part; the other point where a part is empty."""
    pairs = zip(parts, otherwise, strict=True)
    return np.array([part.centroid.coords[0] if part.area else point for part, point in pairs])


def _scatter(area: BaseGeometry, count: int, generator: np.random.Generator) -> Points:
    """So many random points inside the area."""
    west, south, east, north = area.bounds
    found: list[Points] = []
    while sum(map(len, found)) < count:
        tries = generator.uniform((west, south), (east, north), (4 * count, 2))
        found.append(tries[shapely.contains_xy(area, tries[:, 0], tries[:, 1])])
    return np.concatenate(found)[:count]


def _clip(edges: Sequence[LineString], area: BaseGeometry) -> list[BaseGeometry]:
    """The parts of the edges inside the area, each a little longer at both ends."""
    inside = shapely.get_parts(shapely.intersection(np.array(edges, dtype=object), area))
    return [_longer(line) for line in inside if line.geom_type == "LineString" and line.length > 0]


def _longer(line: LineString) -> LineString:
    start, end = np.array(line.coords[0]), np.array(line.coords[-1])
    step = (end - start) / np.hypot(*(end - start)) * OVERSHOOT_M
    return LineString((start - step, end + step))


def _rebuild(
    ground: Polygon, borders: list[BaseGeometry], cells: dict[str, BaseGeometry], seed: int
) -> dict[str, BaseGeometry]:
    """The cells anew from shared arcs, those inside the county bent."""
    arcs = arcs_between_junctions([ground.boundary, *borders])
    inner = [arc for arc in arcs if arc.interpolate(0.5, normalized=True).distance(ground.boundary) > 1e-3]
    outer = [arc for arc in arcs if arc.interpolate(0.5, normalized=True).distance(ground.boundary) <= 1e-3]
    bent = bend_all(inner, seed)
    faces = shapely.get_parts(shapely.polygonize([*outer, *bent]))
    return _assign(faces, arcs, cells)


def _assign(
    faces: NDArray[np.object_], arcs: list[LineString], cells: dict[str, BaseGeometry]
) -> dict[str, BaseGeometry]:
    """Each face to the cell that it overlaps most; ValueError when a cell is left without any."""
    codes = list(cells)
    tree = STRtree(list(cells.values()))
    parts: dict[str, list[BaseGeometry]] = {code: [] for code in codes}
    for face in faces:
        near = tree.query(face, predicate="intersects")
        overlaps = [face.intersection(tree.geometries[index]).area for index in near]
        parts[codes[int(near[int(np.argmax(overlaps))])]].append(face)
    empty = [code for code, own in parts.items() if not own]
    if empty:
        raise ValueError(f"no area left for {', '.join(empty[:5])} ({len(arcs)} arcs)")
    return {code: shapely.union_all(own) if len(own) > 1 else own[0] for code, own in parts.items()}


def split(area: BaseGeometry, count: int, seed: int, name: str) -> list[BaseGeometry]:
    """An area in degrees cut into so many even parts (the grids of a village), from west to east."""
    if count == 1:
        return [area]
    plane = Plane.at(area)
    ground = plane.to(area)
    pieces, _edges = villages_in(ground, count, _generator(seed, name), GRID_ROUNDS)
    parts = [plane.back(piece) for piece in pieces]
    return sorted(parts, key=lambda part: (round(part.centroid.x, 9), round(part.centroid.y, 9)))
