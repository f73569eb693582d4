"""From hours to days: daily concentrations and AQI of forecasts and of what was measured, as arrays.

The arithmetic is that of ``environment.aqi`` on whole arrays; the tables are the same dated rule tables.
"""

from collections.abc import Mapping
from datetime import date

import numpy as np

from ..standards import RuleTable, table_on
from .dataset import Array

DAY_HOURS = 24
LEAST_HOURS = 20
EIGHT = 8
LEAST_OF_EIGHT = 6
LEAST_WINDOWS = 14
_ITEMS = {"pm25": "PM25_24H", "pm10": "PM10_24H", "so2": "SO2_24H", "no2": "NO2_24H", "co": "CO_24H"}
_MG = 1000.0
# Exact arithmetic rounds 150.0 to 150; binary fractions just above it must not become 151.
_ROUNDING = 1e-9


def day_means(hours: Array) -> Array:
    """Means ``[day, …]`` of hours ``[24·day, …]`` (01:00 … 24:00); NaN with fewer than 20 present hours."""
    days = _days(hours)
    present = np.sum(~np.isnan(days), axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(present >= LEAST_HOURS, np.nansum(days, axis=1) / present, np.nan)


def day_mda8(hours: Array) -> Array:
    """Largest eight-hour mean of each day (windows ending 8:00 … 24:00); NaN with fewer than 14 of them."""
    days = _days(hours)
    windows = []
    for end in range(EIGHT, DAY_HOURS + 1):
        part = days[:, end - EIGHT : end]
        present = np.sum(~np.isnan(part), axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.nansum(part, axis=1) / present
        windows.append(np.where(present >= LEAST_OF_EIGHT, mean, np.nan))
    table = np.stack(windows)
    enough = np.sum(~np.isnan(table), axis=0) >= LEAST_WINDOWS
    return np.where(enough, np.max(np.where(np.isnan(table), -np.inf, table), axis=0), np.nan)


def day_aqi(hours: Mapping[str, Array], day: date) -> Array:
    """Daily AQI ``[day, …]`` of hourly concentrations (µg/m³, CO too) under the edition in force on ``day``.

    NaN where no pollutant has a valid daily value.
    """
    edition = table_on("iaqi", day)
    parts = []
    for name, item in _ITEMS.items():
        if name in hours:
            mean = day_means(hours[name]) / (_MG if name == "co" else 1.0)
            parts.append(_iaqi(item, mean, edition))
    if "o3" in hours:
        # Above its last node the eight-hour value gives no index of its own (2012) or its cap (2026).
        parts.append(_iaqi("O3_8H", day_mda8(hours["o3"]), edition))
    if not parts:
        raise ValueError("hours: no pollutant of the daily report")
    stacked = np.stack(parts)
    top = np.max(np.where(np.isnan(stacked), -np.inf, stacked), axis=0)
    return np.where(np.isfinite(top), top, np.nan)


def _days(hours: Array) -> Array:
    if len(hours) % DAY_HOURS:
        raise ValueError(f"hours: {len(hours)} are no whole days")
    return hours.reshape(-1, DAY_HOURS, *hours.shape[1:])


def _iaqi(item: str, concentration: Array, edition: RuleTable) -> Array:
    breakpoints = np.array([float(node) for node in edition.cell("items", item, "breakpoints")])
    nodes = np.array(edition.cell("nodes")[: len(breakpoints)], dtype=np.float64)
    return np.ceil(np.interp(concentration, breakpoints, nodes) - _ROUNDING)
