"""Power diagrams (weighted Voronoi): the cell of a site holds the points p with the least |p - s|² - w."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from shapely import LineString, Polygon

Points = NDArray[np.float64]
# Helper sites so far away that every cell inside the region is closed by real neighbours or by them.
FAR = 40.0
HELPERS = 8


@dataclass(frozen=True)
class Diagram:
    """Corners of the cells with the three sites that meet in each, and neighbouring corners in pairs."""

    count: int
    corners: Points
    sites: NDArray[np.int32]
    pairs: NDArray[np.intp]

    def cells(self) -> list[Polygon]:
        """The cell of each site as a convex polygon, empty where a site has none."""
        owners = self.sites.ravel()
        order = np.argsort(owners, kind="stable")
        groups = np.split(order // 3, np.searchsorted(owners[order], np.arange(1, self.count + 1)))
        return [_cell(self.corners[group]) for group in groups[: self.count]]

    def edges(self) -> list[LineString]:
        """Segments between the cells of two real sites."""
        one, two = self.pairs.T
        shared = self.sites[one][:, :, None] == self.sites[two][:, None, :]
        real = (self.sites[one] < self.count)[:, :, None] & shared
        proper = (real.sum(axis=(1, 2)) == 2) & (self.corners[one] != self.corners[two]).any(axis=1)
        ends = np.stack((self.corners[one[proper]], self.corners[two[proper]]), axis=1)
        return list(shapely.linestrings(ends))


def diagram(sites: Points, weights: NDArray[np.float64]) -> Diagram:
    """The power diagram of plane sites (n, 2); weights are in squared units of length.

    Found as the lower convex hull of the sites lifted onto a paraboloid (Aurenhammer 1987).
    """
    centre = sites.mean(axis=0)
    extent = max(float(np.ptp(sites, axis=0).max()), 1e-9)
    angles = np.arange(HELPERS) * 2 * np.pi / HELPERS + 0.1
    helpers = FAR * np.column_stack((np.cos(angles), np.sin(angles)))
    flat = np.vstack(((sites - centre) / extent, helpers))
    squared = np.concatenate((weights / extent**2, np.zeros(HELPERS)))
    hull = ConvexHull(np.column_stack((flat, (flat**2).sum(axis=1) - squared)))
    lower = np.flatnonzero(hull.equations[:, 2] < -1e-12)
    planes = hull.equations[lower]
    corners = -planes[:, :2] / (2 * planes[:, 2:3]) * extent + centre
    position = np.full(len(hull.equations), -1)
    position[lower] = np.arange(len(lower))
    neighbours = position[hull.neighbors[lower]]
    here = np.repeat(np.arange(len(lower)), 3)
    pairs = np.column_stack((here, neighbours.ravel()))
    return Diagram(len(sites), corners, hull.simplices[lower], pairs[pairs[:, 0] < pairs[:, 1]])


def _cell(corners: Points) -> Polygon:
    if len(corners) < 3:
        return Polygon()
    offset = corners - corners.mean(axis=0)
    return Polygon(corners[np.argsort(np.arctan2(offset[:, 1], offset[:, 0]))])
