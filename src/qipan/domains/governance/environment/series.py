"""AQI of long series at once: the same results as ``aqi.iaqi``, in scaled integers over arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from .aqi import AQI_MAX
from .standards import RuleTable, exact

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

NO_INDEX = -1
SCALE_DECIMALS = 4
_SCALE = 10**SCALE_DECIMALS


@dataclass(frozen=True)
class AqiSeries:
    """AQI of every hour or day (``NO_INDEX`` where none) and which item was largest (first of ties)."""

    aqi: Integers
    primary: Integers
    items: tuple[str, ...]


def iaqi_series(item: str, values: Floats, table: RuleTable) -> Integers:
    """IAQI of an array of concentrations (µg/m³, CO mg/m³; NaN missing) of any shape.

    Concentrations are taken to four decimals, so that values read from decimal text are exact.
    ``NO_INDEX`` where the value is missing, negative or not computed under the edition.
    """
    nodes = np.array(table.cell("nodes"), dtype=np.int64)
    breakpoints = np.array(
        [_scaled(exact(node)) for node in table.cell("items", item, "breakpoints")], dtype=np.int64
    )
    known = np.isfinite(values) & (values >= 0)
    scaled = np.rint(np.where(known, values, 0.0) * _SCALE).astype(np.int64)
    upper = np.clip(np.searchsorted(breakpoints, scaled, side="left"), 1, breakpoints.size - 1)
    span = breakpoints[upper] - breakpoints[upper - 1]
    rise = (nodes[upper] - nodes[upper - 1]) * (scaled - breakpoints[upper - 1])
    index = nodes[upper - 1] - (-rise) // span  # -(-a // b) is the integer ceiling
    rule = table.rows["items"][item].get("above", {})
    beyond = NO_INDEX if "instead" in rule else int(rule.get("iaqi", AQI_MAX))
    index = np.where(scaled > breakpoints[-1], beyond, index)
    return np.where(known, index, NO_INDEX)


def _scaled(node: Fraction) -> int:
    number = node * _SCALE
    if number.denominator != 1:
        raise ValueError(f"breakpoints: {node} has more than {SCALE_DECIMALS} decimals")
    return int(number)


def aqi_series(concentrations: Mapping[str, Floats], table: RuleTable) -> AqiSeries:
    """The largest IAQI of several items, element by element; arrays of equal shape."""
    items = tuple(concentrations)
    stacked = np.stack([iaqi_series(item, concentrations[item], table) for item in items])
    return AqiSeries(stacked.max(axis=0), stacked.argmax(axis=0), items)


def sliding_mean(values: Floats, hours: int, needed: int) -> Floats:
    """Mean of the last ``hours`` values along the first axis; NaN where fewer than ``needed`` exist."""
    present = np.isfinite(values)
    filled = np.where(present, values, 0.0)
    total = _sliding_sum(filled, hours)
    count = _sliding_sum(present.astype(np.float64), hours)
    enough = count >= needed
    enough[: hours - 1] = False
    return np.where(enough, total / np.maximum(count, 1.0), np.nan)


def _sliding_sum(values: Floats, hours: int) -> Floats:
    sums = np.zeros_like(values)
    for back in range(hours):  # direct sums: a running total would leave binary dust behind
        sums[back:] += values[: values.shape[0] - back]
    return sums


def day_means(values: Floats, needed: int) -> Floats:
    """Means of whole days of hour values ``[24·days, …]``; NaN where fewer than ``needed`` exist."""
    if values.shape[0] % 24:
        raise ValueError(f"values: {values.shape[0]} hours are not whole days")
    return sliding_mean(values, 24, needed)[23::24]


def mda8_series(values: Floats, needed_hours: int, needed_windows: int) -> Floats:
    """Largest eight-hour mean of each day of hour values ``[24·days, …]`` (windows ending 8:00 … 24:00)."""
    if values.shape[0] % 24:
        raise ValueError(f"values: {values.shape[0]} hours are not whole days")
    means = sliding_mean(values, 8, needed_hours)
    days = means.reshape(-1, 24, *values.shape[1:])[:, 7:]
    count = np.isfinite(days).sum(axis=1)
    top = np.where(np.isfinite(days), days, -np.inf).max(axis=1)
    return np.where(count >= needed_windows, top, np.nan)
