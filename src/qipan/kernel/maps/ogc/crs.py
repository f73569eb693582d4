"""Reference systems of the OGC door: names, axis order, and moving of geometries and boxes."""

from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from shapely.geometry.base import BaseGeometry

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
# Geographic CGCS2000 and WGS 84, Web Mercator, and the two 3-degree zones that meet in the county.
CODES = (4490, 4326, 3857, 4547, 4548)
SUPPORTED = (CRS84, *(f"{EPSG}{code}" for code in CODES))


@lru_cache
def _transformer(name: str) -> Transformer:
    """Longitude and latitude to the axes in the order that the reference system names them."""
    code = int(name.removeprefix(EPSG))
    # CGCS2000 and WGS 84 differ by centimetres here: each system starts from its own degrees, so that no
    # shift between the two is invented.
    source = 4326 if code in (4326, 3857) else 4490
    return Transformer.from_crs(CRS.from_epsg(source), CRS.from_epsg(code))


def _moved(
    name: str, first: NDArray[np.float64], second: NDArray[np.float64], *, back: bool
) -> NDArray[np.float64]:
    """Pairs (lon, lat) to pairs in the system's own order, or back."""
    transformer = _transformer(name)
    if back:
        lat, lon = transformer.transform(first, second, direction="INVERSE")
        return np.column_stack((lon, lat))
    return np.column_stack(transformer.transform(second, first))


def to_crs(geometry: BaseGeometry, name: str) -> BaseGeometry:
    """A geometry in CRS84 degrees in another system; KeyError for a name that is not supported."""
    if name not in SUPPORTED:
        raise KeyError(name)
    if name == CRS84:
        return geometry
    return shapely.transform(geometry, lambda xy: _moved(name, xy[:, 0], xy[:, 1], back=False))


def box_to_degrees(box: tuple[float, float, float, float], name: str) -> tuple[float, float, float, float]:
    """A box in a system's own axis order to (west, south, east, north); KeyError when not supported."""
    if name not in SUPPORTED:
        raise KeyError(name)
    if name == CRS84:
        return box
    first = np.linspace(box[0], box[2], 9)
    second = np.linspace(box[1], box[3], 9)
    ones, twos = (part.ravel() for part in np.meshgrid(first, second))
    corners = _moved(name, ones, twos, back=True)
    west, south = corners.min(axis=0)
    east, north = corners.max(axis=0)
    return float(west), float(south), float(east), float(north)
