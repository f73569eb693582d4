"""Datums met in China: CGCS2000 (EPSG:4490, WGS 84 within centimetres), GCJ-02, BD-09, Gauss-Krüger zones.

GCJ-02 is the obfuscated datum of web maps, about 528 m off in this county. Formulas as published in the
coordtransform family of libraries; the inverse is found by fixed-point steps and exact to 1e-13 degrees.
"""

import math
from functools import lru_cache

from pyproj import Transformer

SEMI_MAJOR = 6378245.0
ECCENTRICITY2 = 0.00669342162296594323
BD_PERIOD = math.pi * 3000.0 / 180.0
STEPS = 8
# Outside this box GCJ-02 is not applied.
CHINA = (72.004, 0.8293, 137.8347, 55.8271)
# CGCS2000 3-degree zones without a zone number in the easting, by central meridian.
ZONES = {114: 4547, 117: 4548, 120: 4549}

LonLat = tuple[float, float]


def _waves(x: float, y: float) -> tuple[float, float]:
    """The shift in metres-like units (east, north) at an offset from 105° E, 35° N."""
    root = math.sqrt(abs(x))
    common = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    return east, north


def wgs84_to_gcj02(lon: float, lat: float) -> LonLat:
    """Degrees WGS 84 to degrees GCJ-02; unchanged outside China."""
    if not (CHINA[0] <= lon <= CHINA[2] and CHINA[1] <= lat <= CHINA[3]):
        return lon, lat
    east, north = _waves(lon - 105.0, lat - 35.0)
    phi = math.radians(lat)
    m = 1 - ECCENTRICITY2 * math.sin(phi) ** 2
    d_lat = math.degrees(north / (SEMI_MAJOR * (1 - ECCENTRICITY2) / m**1.5))
    d_lon = math.degrees(east / (SEMI_MAJOR / math.sqrt(m) * math.cos(phi)))
    return lon + d_lon, lat + d_lat


def gcj02_to_wgs84(lon: float, lat: float) -> LonLat:
    """Degrees GCJ-02 to degrees WGS 84; unchanged outside China."""
    guess_lon, guess_lat = lon, lat
    for _ in range(STEPS):
        shifted_lon, shifted_lat = wgs84_to_gcj02(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon + lon - shifted_lon, guess_lat + lat - shifted_lat
    return guess_lon, guess_lat


def gcj02_to_bd09(lon: float, lat: float) -> LonLat:
    """Degrees GCJ-02 to degrees BD-09."""
    radius = math.hypot(lon, lat) + 2e-5 * math.sin(lat * BD_PERIOD)
    angle = math.atan2(lat, lon) + 3e-6 * math.cos(lon * BD_PERIOD)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def bd09_to_gcj02(lon: float, lat: float) -> LonLat:
    """Degrees BD-09 to degrees GCJ-02."""
    guess_lon, guess_lat = lon - 0.0065, lat - 0.006
    for _ in range(STEPS):
        shifted_lon, shifted_lat = gcj02_to_bd09(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon + lon - shifted_lon, guess_lat + lat - shifted_lat
    return guess_lon, guess_lat


def bd09_to_wgs84(lon: float, lat: float) -> LonLat:
    """Degrees BD-09 to degrees WGS 84."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def wgs84_to_bd09(lon: float, lat: float) -> LonLat:
    """Degrees WGS 84 to degrees BD-09."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


@lru_cache
def _zone(meridian: int) -> Transformer:
    if meridian not in ZONES:
        raise ValueError(f"central meridian {meridian}: not one of {sorted(ZONES)}")
    return Transformer.from_crs(4490, ZONES[meridian], always_xy=True)


def to_zone(lon: float, lat: float, meridian: int) -> tuple[float, float]:
    """Degrees CGCS2000 to metres (easting with 500 km false origin, northing) in a 3-degree zone."""
    east, north = _zone(meridian).transform(lon, lat)
    return float(east), float(north)


def from_zone(east: float, north: float, meridian: int) -> LonLat:
    """Metres in a 3-degree zone to degrees CGCS2000; a zone number in front of the easting is taken off."""
    if east > 1_000_000:
        east %= 1_000_000
    lon, lat = _zone(meridian).transform(east, north, direction="INVERSE")
    return float(lon), float(lat)
