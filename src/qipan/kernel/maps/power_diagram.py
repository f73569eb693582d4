"""Power diagrams (weighted Voronoi): the cell of a site holds the points p with the least |p - s|² - w."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from shapely import LineString, Polygon

Points = NDArray[np.float64]
# Helper sites so far away that every cell inside the region is closed by real neighbours or by them.
FAR = 40.0
HELPERS = 8


@dataclass(frozen=True)
class Diagram:
    """Cells as convex polygons (None where a site has none) and the edges between two sites."""

    cells: tuple[Polygon | None, ...]
    edges: tuple[LineString, ...]


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
    lower = hull.equations[:, 2] < -1e-12
    with np.errstate(divide="ignore", invalid="ignore"):
        corners = -hull.equations[:, :2] / (2 * hull.equations[:, 2:3]) * extent + centre
    count = len(sites)
    return Diagram(
        tuple(_cell(hull.simplices, lower, corners, site) for site in range(count)),
        tuple(_edges(hull, lower, corners, count)),
    )


def _cell(
    simplices: NDArray[np.int32], lower: NDArray[np.bool_], corners: Points, site: int
) -> Polygon | None:
    """The cell of one site: its corners in order around their middle."""
    own = corners[lower & (simplices == site).any(axis=1)]
    if len(own) < 3:
        return None
    offset = own - own.mean(axis=0)
    return Polygon(own[np.argsort(np.arctan2(offset[:, 1], offset[:, 0]))])


def _edges(hull: ConvexHull, lower: NDArray[np.bool_], corners: Points, count: int) -> list[LineString]:
    """Segments between cells of two real sites, one for each pair of neighbouring lower facets."""
    found = []
    for facet, neighbours in enumerate(hull.neighbors):
        if not lower[facet]:
            continue
        for other in neighbours:
            if other <= facet or not lower[other]:
                continue
            shared = np.intersect1d(hull.simplices[facet], hull.simplices[other])
            if (shared < count).all() and not np.array_equal(corners[facet], corners[other]):
                found.append(LineString((corners[facet], corners[other])))
    return found
