"""Distances and directions within a county, on a plane that touches the WGS84 ellipsoid."""

from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin, sqrt

_AXIS = 6378137.0
_ECCENTRICITY2 = 0.00669437999014


@dataclass(frozen=True)
class Point:
    """A named place: longitude and latitude in degrees (WGS84)."""

    code: str
    lon: float
    lat: float


def metres(origin: Point, point: Point) -> tuple[float, float]:
    """Metres east and north of the origin; better than 0.1 % within 50 km."""
    latitude = radians((origin.lat + point.lat) / 2)
    root = sqrt(1 - _ECCENTRICITY2 * sin(latitude) ** 2)
    east = radians(point.lon - origin.lon) * _AXIS / root * cos(latitude)
    north = radians(point.lat - origin.lat) * _AXIS * (1 - _ECCENTRICITY2) / root**3
    return east, north


def distance_m(one: Point, other: Point) -> float:
    """Distance in metres."""
    return hypot(*metres(one, other))


def bearing(origin: Point, point: Point) -> float:
    """Direction from the origin to the point in degrees, 0 north, 90 east."""
    east, north = metres(origin, point)
    return degrees(atan2(east, north)) % 360


def turn(one: float, other: float) -> float:
    """Smallest angle between two directions, 0-180 degrees."""
    return abs((one - other + 180) % 360 - 180)
