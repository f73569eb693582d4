"""Climatology of hour and month, and how much of it each lead deserves."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dataset import Array, History, Hours

MONTHS, HOURS = 12, 24
WEIGHTS = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True)
class Climatology:
    """Median of every (month, hour, station), ``[12, 24, station]``, made with both neighbour months."""

    values: Array

    def at(self, times: Hours) -> Array:
        """Usual value at each time and station, ``[time, station]``."""
        month = times.astype("datetime64[M]").astype(np.int64) % MONTHS
        hour = times.astype("datetime64[h]").astype(np.int64) % HOURS
        usual: Array = self.values[month, hour]
        return usual

    def at_rows(self, times: Hours, stations: npt.NDArray[np.int64]) -> Array:
        """Usual value at single pairs of time and station."""
        month = times.astype("datetime64[M]").astype(np.int64) % MONTHS
        hour = times.astype("datetime64[h]").astype(np.int64) % HOURS
        usual: Array = self.values[month, hour, stations]
        return usual


def climatology(history: History, pollutant: str) -> Climatology:
    """Usual values of a pollutant; months without data take the median of all."""
    values = history.values[pollutant]
    month = history.times.astype("datetime64[M]").astype(np.int64) % MONTHS
    hour = history.times.astype(np.int64) % HOURS
    table = np.full((MONTHS, HOURS, values.shape[1]), np.nan)
    for m in range(MONTHS):
        near = np.isin(month, [(m - 1) % MONTHS, m, (m + 1) % MONTHS])
        for h in range(HOURS):
            table[m, h] = _median(values[near & (hour == h)])
    everywhere = np.where(np.isnan(_median(values)), _median(values.reshape(-1, 1))[0], _median(values))
    return Climatology(np.where(np.isnan(table), everywhere, table))


def _median(values: Array) -> Array:
    """Median over the first axis of what is present, NaN where nothing is."""
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    ordered = np.sort(values, axis=0)
    count = np.sum(~np.isnan(values), axis=0)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.maximum(count // 2, 0).clip(max=len(values) - 1)[None], axis=0)[0]
    return np.where(count > 0, (low + high) / 2, np.nan)


def best_weight(forecast: Array, usual: Array, observed: Array, least: float = 0.0) -> float:
    """Share of the forecast (the rest: climatology) with the smallest absolute error, not below ``least``.

    1 without cases.
    """
    known = ~(np.isnan(forecast) | np.isnan(usual) | np.isnan(observed))
    if not known.any():
        return 1.0
    f, u, o = forecast[known], usual[known], observed[known]
    tried = [float(w) for w in WEIGHTS if w >= least]
    errors = [float(np.mean(np.abs(w * f + (1 - w) * u - o))) for w in tried]
    return tried[int(np.argmin(errors))]


def mix(forecast: Array, usual: Array, weight: float | Array) -> Array:
    """``weight`` of the forecast and the rest of climatology; where one is missing, the other."""
    both = weight * forecast + (1 - weight) * usual
    return np.where(np.isnan(usual), forecast, np.where(np.isnan(forecast), usual, both))
