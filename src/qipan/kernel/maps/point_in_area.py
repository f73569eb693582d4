"""Which area holds a point: a raster of answers, and exact geometry only where the raster must ask.

Each layer becomes a grid of 256 x 256 cells. A cell that lies wholly in one area, or wholly outside all
of them, answers by itself; the others ask the polygons that touch them. A point on a shared border
belongs to the area with the lowest code; the tolerance is zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

CELLS = 256
OUTSIDE = -1
ASK = -2
Indexes = NDArray[np.int32]


@dataclass
class AreaIndex:
    """Areas of one layer at one time, ready to be asked. ``codes`` are sorted."""

    codes: tuple[str, ...]
    geometries: NDArray[np.object_]
    _bounds: tuple[float, float, float, float] = field(init=False, repr=False)
    _raster: Indexes = field(init=False, repr=False)
    _tree: STRtree = field(init=False, repr=False)

    @classmethod
    def of(cls, areas: Sequence[tuple[str, BaseGeometry]]) -> "AreaIndex":
        """Index (code, geometry) pairs; two geometries of one code are both its area."""
        ordered = sorted(areas, key=lambda area: area[0])
        geometries = np.empty(len(ordered), dtype=object)
        geometries[:] = [geometry for _code, geometry in ordered]
        return cls(tuple(code for code, _geometry in ordered), geometries)

    def __post_init__(self) -> None:
        """Build the tree and the raster."""
        shapely.prepare(self.geometries)
        self._tree = STRtree(self.geometries)
        if not self.codes:
            self._bounds = (0.0, 0.0, 1.0, 1.0)
            self._raster = np.full((1, 1), OUTSIDE, dtype=np.int32)
            return
        west, south, east, north = (float(value) for value in shapely.total_bounds(self.geometries))
        self._bounds = (west, south, max(east, west + 1e-9), max(north, south + 1e-9))
        self._raster = self._rasterise()

    def _rasterise(self) -> Indexes:
        """Answer for each cell by its box: the one area that holds it, OUTSIDE, or ASK."""
        west, south, east, north = self._bounds
        xs = np.linspace(west, east, CELLS + 1)
        ys = np.linspace(south, north, CELLS + 1)
        # Wider than the cell by a hair, so that rounding in `_cells` never skips a border.
        hair_x, hair_y = (east - west) * 1e-12, (north - south) * 1e-12
        boxes = shapely.box(
            *np.broadcast_arrays(
                xs[None, :-1] - hair_x, ys[:-1, None] - hair_y, xs[None, 1:] + hair_x, ys[1:, None] + hair_y
            )
        ).ravel()
        answers = np.full(CELLS * CELLS, OUTSIDE, dtype=np.int32)
        touched, _areas = self._tree.query(boxes, predicate="intersects")
        answers[touched] = ASK
        cells, areas = self._tree.query(boxes, predicate="within")
        # A box may lie within two areas only if they overlap: those cells must ask.
        unique, first, count = np.unique(cells, return_index=True, return_counts=True)
        alone = unique[count == 1]
        answers[alone] = areas[first[count == 1]]
        shared = np.bincount(touched, minlength=answers.size) > 1
        answers[shared & (answers >= 0)] = ASK
        return answers.reshape(CELLS, CELLS)

    def locate(self, lons: NDArray[np.float64], lats: NDArray[np.float64]) -> Indexes:
        """Position in ``codes`` of the area that holds each point; OUTSIDE (-1) where none does."""
        rows, columns, inside = self._cells(lons, lats)
        found = np.full(lons.shape, OUTSIDE, dtype=np.int32)
        found[inside] = self._raster[rows[inside], columns[inside]]
        asking = np.flatnonzero(found == ASK)
        if asking.size:
            found[asking] = self._ask(lons[asking], lats[asking])
        return found

    def _cells(
        self, lons: NDArray[np.float64], lats: NDArray[np.float64]
    ) -> tuple[Indexes, Indexes, NDArray[np.bool_]]:
        west, south, east, north = self._bounds
        height, width = self._raster.shape
        # Written so that NaN is outside.
        inside = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)
        with np.errstate(invalid="ignore"):
            columns = ((lons - west) * (width / (east - west))).astype(np.int32)
            rows = ((lats - south) * (height / (north - south))).astype(np.int32)
        np.clip(columns, 0, width - 1, out=columns)
        np.clip(rows, 0, height - 1, out=rows)
        return rows, columns, inside

    def _ask(self, lons: NDArray[np.float64], lats: NDArray[np.float64]) -> Indexes:
        """Exact answers; on a border the lowest position, which is the lowest code."""
        points = shapely.points(lons, lats)
        asked, areas = self._tree.query(points, predicate="intersects")
        lowest = np.full(lons.size, np.iinfo(np.int32).max, dtype=np.int32)
        np.minimum.at(lowest, asked, areas.astype(np.int32))
        lowest[lowest == np.iinfo(np.int32).max] = OUTSIDE
        return lowest

    def code_at(self, lon: float, lat: float) -> str | None:
        """Code of the area that holds one point; None where none does."""
        west, south, east, north = self._bounds
        if not (west <= lon <= east and south <= lat <= north):
            return None
        height, width = self._raster.shape
        column = min(int((lon - west) * (width / (east - west))), width - 1)
        row = min(int((lat - south) * (height / (north - south))), height - 1)
        answer = int(self._raster[row, column])
        if answer == ASK:
            candidates = self._tree.query(shapely.Point(lon, lat), predicate="intersects")
            answer = int(candidates.min()) if candidates.size else OUTSIDE
        return None if answer == OUTSIDE else self.codes[answer]
