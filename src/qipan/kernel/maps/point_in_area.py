"""Which area holds a point: a raster of answers, and exact geometry only where the raster must ask.

Each layer becomes a grid of 512 x 512 cells. A cell that lies wholly in one area, or wholly outside all
of them, answers by itself; the others ask the areas that touch them, in the order of their codes. A point
on a shared border belongs to the area with the lowest code; the tolerance is zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

# The raster is first made coarse; only cells that must ask are divided once more.
COARSE = 128
FINER = 4
CELLS = COARSE * FINER
OUTSIDE = -1
# A cell with the value ASK - n asks the areas of row n of the candidates.
ASK = -2
Indexes = NDArray[np.int32]
Numbers = NDArray[np.float64]


@dataclass
class AreaIndex:
    """Areas of one layer at one time, ready to be asked. ``codes`` are sorted."""

    codes: tuple[str, ...]
    geometries: NDArray[np.object_]
    _bounds: tuple[float, float, float, float] = field(init=False, repr=False)
    _raster: Indexes = field(init=False, repr=False)
    _candidates: Indexes = field(init=False, repr=False)

    @classmethod
    def of(cls, areas: Sequence[tuple[str, BaseGeometry]]) -> "AreaIndex":
        """Index (code, geometry) pairs; two geometries of one code are both its area."""
        ordered = sorted(areas, key=lambda area: area[0])
        geometries = np.empty(len(ordered), dtype=object)
        geometries[:] = [geometry for _code, geometry in ordered]
        return cls(tuple(code for code, _geometry in ordered), geometries)

    def __post_init__(self) -> None:
        """Build the raster."""
        self._bounds = (0.0, 0.0, 1.0, 1.0)
        self._raster = np.full((CELLS, CELLS), OUTSIDE, dtype=np.int32)
        self._candidates = np.full((0, 1), OUTSIDE, dtype=np.int32)
        if not self.codes:
            return
        shapely.prepare(self.geometries)
        west, south, east, north = (float(value) for value in shapely.total_bounds(self.geometries))
        self._bounds = (west, south, max(east, west + 1e-9), max(north, south + 1e-9))
        self._fill(STRtree(self.geometries))

    def _fill(self, tree: STRtree) -> None:
        rows, columns = (part.ravel() for part in np.indices((COARSE, COARSE)))
        answers, _asked, _areas = self._classify(tree, rows, columns, COARSE)
        self._raster = answers.reshape(COARSE, COARSE).repeat(FINER, axis=0).repeat(FINER, axis=1)
        rows, columns = np.nonzero(self._raster == ASK)
        answers, asked, areas = self._classify(tree, rows, columns, CELLS)
        asking = np.flatnonzero(answers == ASK)
        answers[asking] = ASK - np.arange(asking.size, dtype=np.int32)
        self._raster[rows, columns] = answers
        slots = np.full(answers.size, -1)
        slots[asking] = np.arange(asking.size)
        self._candidates = _padded(slots[asked], areas, asking.size)

    def _classify(
        self, tree: STRtree, rows: NDArray[np.intp], columns: NDArray[np.intp], size: int
    ) -> tuple[Indexes, NDArray[np.intp], NDArray[np.intp]]:
        """Answer of each cell (area, OUTSIDE or ASK), and the pairs of cell and area that touch."""
        west, south, east, north = self._bounds
        width, height = (east - west) / size, (north - south) / size
        # Wider than the cell by a hair, so that rounding in `_cells` never skips a border.
        hair = np.array((width, height)) * 1e-6
        lower = np.column_stack((west + columns * width, south + rows * height)) - hair
        upper = lower + (width, height) + 2 * hair
        boxes = shapely.box(lower[:, 0], lower[:, 1], upper[:, 0], upper[:, 1])
        cells, areas = tree.query(boxes)
        touching = shapely.intersects(self.geometries[areas], boxes[cells])
        cells, areas = cells[touching], areas[touching]
        answers = np.full(len(boxes), OUTSIDE, dtype=np.int32)
        answers[cells] = ASK
        alone = np.bincount(cells, minlength=len(boxes))[cells] == 1
        whole = np.zeros(len(cells), dtype=bool)
        whole[alone] = shapely.contains_properly(self.geometries[areas[alone]], boxes[cells[alone]])
        answers[cells[whole]] = areas[whole]
        asked = answers[cells] == ASK
        return answers, cells[asked], areas[asked]

    def locate(self, lons: Numbers, lats: Numbers) -> Indexes:
        """Position in ``codes`` of the area that holds each point; OUTSIDE (-1) where none does."""
        west, south, east, north = self._bounds
        # Written so that NaN is outside.
        inside = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)
        with np.errstate(invalid="ignore"):
            columns = ((lons - west) * (CELLS / (east - west))).astype(np.int32)
            rows = ((lats - south) * (CELLS / (north - south))).astype(np.int32)
        np.clip(columns, 0, CELLS - 1, out=columns)
        np.clip(rows, 0, CELLS - 1, out=rows)
        found: Indexes = self._raster.ravel()[rows * CELLS + columns]
        found[~inside] = OUTSIDE
        asking = np.flatnonzero(found <= ASK)
        if asking.size:
            found[asking] = self._ask(lons[asking], lats[asking], ASK - found[asking])
        return found

    def _ask(self, lons: Numbers, lats: Numbers, slots: Indexes) -> Indexes:
        """Exact answers: the first candidate, by code, that covers the point."""
        answers = np.full(lons.size, OUTSIDE, dtype=np.int32)
        open_ = np.arange(lons.size)
        for column in self._candidates.T:
            areas = column[slots[open_]]
            open_, areas = open_[areas != OUTSIDE], areas[areas != OUTSIDE]
            # Grouped by area, so that each prepared geometry is used while it is at hand.
            order = np.argsort(areas, kind="stable")
            open_, areas = open_[order], areas[order]
            hit = shapely.intersects_xy(self.geometries[areas], lons[open_], lats[open_])
            answers[open_[hit]] = areas[hit]
            open_ = open_[~hit]
        return answers

    def code_at(self, lon: float, lat: float) -> str | None:
        """Code of the area that holds one point; None where none does."""
        west, south, east, north = self._bounds
        if not (west <= lon <= east and south <= lat <= north):
            return None
        column = min(int((lon - west) * (CELLS / (east - west))), CELLS - 1)
        row = min(int((lat - south) * (CELLS / (north - south))), CELLS - 1)
        answer = int(self._raster[row, column])
        if answer >= 0:
            return self.codes[answer]
        if answer == OUTSIDE:
            return None
        for candidate in self._candidates[ASK - answer]:
            if candidate == OUTSIDE:
                break
            if shapely.intersects_xy(self.geometries[candidate], lon, lat):
                return self.codes[int(candidate)]
        return None


def _padded(slots: NDArray[np.intp], areas: NDArray[np.intp], count: int) -> Indexes:
    """Areas of each slot in ascending order, one row a slot, filled up with OUTSIDE."""
    order = np.lexsort((areas, slots))
    slots, areas = slots[order], areas[order]
    sizes = np.bincount(slots, minlength=count)
    table = np.full((count, int(sizes.max(initial=1))), OUTSIDE, dtype=np.int32)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1])) if count else sizes
    table[slots, np.arange(len(slots)) - starts[slots]] = areas
    return table
