"""Stability of the air from sun, cloud and wind (GB/T 3840-91 annex B), and wind at height."""

from datetime import UTC, datetime
from math import asin, cos, degrees, pi, radians, sin
from typing import Literal

from .standards import RuleTable

Terrain = Literal["rural", "urban"]

CLASSES = "ABCDEF"
_REFERENCE_HEIGHT = 10.0
_PROFILE_TOP = 200.0


def solar_elevation(moment: datetime, lon: float, lat: float) -> float:
    """Elevation of the sun in degrees (negative at night); ``moment`` must be aware.

    Declination and equation of time by Spencer's series, better than 0.1° without refraction.
    """
    if moment.tzinfo is None:
        raise ValueError("moment: must have a time zone")
    utc = moment.astimezone(UTC)
    hours = utc.hour + utc.minute / 60 + utc.second / 3600
    angle = 2 * pi * (utc.timetuple().tm_yday - 1 + (hours - 12) / 24) / 365
    declination = (
        0.006918
        - 0.399912 * cos(angle)
        + 0.070257 * sin(angle)
        - 0.006758 * cos(2 * angle)
        + 0.000907 * sin(2 * angle)
        - 0.002697 * cos(3 * angle)
        + 0.00148 * sin(3 * angle)
    )
    minutes = 229.18 * (
        0.000075
        + 0.001868 * cos(angle)
        - 0.032077 * sin(angle)
        - 0.014615 * cos(2 * angle)
        - 0.040849 * sin(2 * angle)
    )
    hour_angle = radians(15 * (hours - 12) + lon + minutes / 4)
    latitude = radians(lat)
    return degrees(
        asin(sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(hour_angle))
    )


def stability_class(
    elevation: float,
    wind: float,
    table: RuleTable,
    *,
    total_cloud: float | None = None,
    low_cloud: float | None = None,
) -> str:
    """Pasquill class A (very unstable) to F (stable).

    ``elevation`` of the sun in degrees, ``wind`` at 10 m in m/s, clouds in tenths (unknown: the table's
    usual sky). ValueError for a wind below zero.
    """
    if wind < 0:
        raise ValueError("wind: must not be negative")
    usual = table.cell("cloud_unknown")
    total = usual["total"] if total_cloud is None else total_cloud
    low = usual["low"] if low_cloud is None else low_cloud
    steps = table.cell("sun_steps")
    column = 0 if elevation <= 0 else 1 + sum(elevation > step for step in steps)
    sky = next(row for row in table.cell("radiation") if total <= row["total_to"] and low <= row["low_to"])
    grade = sky["grades"][column]
    row = next(row for row in table.cell("classes") if wind < row["wind_below"])
    return str(row["row"][3 - grade])


def wind_at(
    height: float, wind: float, stability: str, table: RuleTable, terrain: Terrain = "rural"
) -> float:
    """Wind speed at a height (10 m to 200 m) from that at 10 m by the power law."""
    exponent = float(table.limit("wind_exponent", terrain, stability))
    level = min(max(height, _REFERENCE_HEIGHT), _PROFILE_TOP)
    return float(wind * (level / _REFERENCE_HEIGHT) ** exponent)
