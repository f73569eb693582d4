"""Lengths, areas and circles on the ellipsoid of CGCS2000 (GRS 80), never on a plane.

The county lies on both sides of 115.5° E, the border of zones 38 and 39, and Web Mercator shows its area
55 % too large: every figure that is printed comes from here.
"""

import math
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Geod, Transformer
from shapely import MultiPolygon, Polygon
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

GRS80 = Geod(ellps="GRS80")


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Metres along the geodesic between two points in degrees."""
    return float(GRS80.inv(lon1, lat1, lon2, lat2)[2])


def distances_m(lon: float, lat: float, lons: ArrayLike, lats: ArrayLike) -> NDArray[np.float64]:
    """Metres along the geodesic from one point to each of many, all in degrees."""
    there = np.asarray(lons, dtype=np.float64)
    here_lon, here_lat = np.full_like(there, lon), np.full_like(there, lat)
    return np.asarray(GRS80.inv(here_lon, here_lat, there, np.asarray(lats, dtype=np.float64))[2])


def bearing(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Degrees clockwise from north, 0 … 360, at the first point towards the second."""
    return float(GRS80.inv(lon1, lat1, lon2, lat2)[0]) % 360


def destination(lon: float, lat: float, bearing_deg: float, metres: float) -> tuple[float, float]:
    """Degrees of the point so many metres away in a direction."""
    to_lon, to_lat, _back = GRS80.fwd(lon, lat, bearing_deg, metres)
    return float(to_lon), float(to_lat)


def area_m2(geometry: BaseGeometry) -> float:
    """Square metres of a polygon or multipolygon in degrees; holes are left out."""
    if isinstance(geometry, MultiPolygon):
        return sum(area_m2(part) for part in geometry.geoms)
    if not isinstance(geometry, Polygon):
        raise ValueError(f"area of a {geometry.geom_type}")
    return ring_area_m2(geometry.exterior.coords) - sum(
        ring_area_m2(ring.coords) for ring in geometry.interiors
    )


def ring_area_m2(ring: Any) -> float:
    """Square metres inside a ring of (lon, lat) degrees, whichever way round."""
    lons, lats = np.asarray(ring, dtype=np.float64)[:, :2].T
    return abs(float(GRS80.polygon_area_perimeter(lons, lats)[0]))


def length_m(geometry: BaseGeometry) -> float:
    """Metres along a line, or around an area, in degrees."""
    return float(GRS80.geometry_length(geometry))


def buffer_m(geometry: BaseGeometry, metres: float) -> BaseGeometry:
    """Everything within so many metres, by an azimuthal equidistant plane around the geometry's centre."""
    centre = geometry.centroid
    plane = f"+proj=aeqd +lat_0={centre.y} +lon_0={centre.x} +ellps=GRS80 +units=m"
    there = Transformer.from_crs("EPSG:4490", plane, always_xy=True)
    flat = _projected(geometry, there, "FORWARD").buffer(metres, quad_segs=16)
    return _projected(flat, there, "INVERSE")


def _projected(geometry: BaseGeometry, by: Transformer, direction: str) -> BaseGeometry:
    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(by.transform(xy[:, 0], xy[:, 1], direction=direction))

    return shapely.transform(geometry, move)


def circle(lon: float, lat: float, metres: float) -> BaseGeometry:
    """A circle of so many metres around a point in degrees."""
    return buffer_m(Point(lon, lat), metres)


def local_scale(lat: float) -> tuple[float, float]:
    """Metres of one degree of longitude and of latitude at a latitude (radii of GRS 80)."""
    semi_major, flattening = 6378137.0, 1 / 298.257222101
    squared = flattening * (2 - flattening)
    phi = math.radians(lat)
    w = 1 - squared * math.sin(phi) ** 2
    east = semi_major / math.sqrt(w) * math.cos(phi)
    north = semi_major * (1 - squared) / w**1.5
    return math.radians(1) * east, math.radians(1) * north


def to_shapely(geometry: dict[str, Any]) -> BaseGeometry:
    """A shapely geometry from a GeoJSON geometry."""
    return shape(geometry)
