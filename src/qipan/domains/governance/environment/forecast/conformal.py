"""Intervals by split conformal prediction: errors on held-out weeks, by level of the forecast and lead group.

Errors are divided by the forecast level plus a floor before their quantiles are taken, so that a bin may hold
levels of different size. Source: Lei et al. (2018), J. Am. Stat. Assoc. 113, with bins after Boström (2020).
"""

from dataclasses import dataclass

import numpy as np

from .dataset import Array

PERCENTILES = (10, 25, 50, 75, 90)
BINS = 6
SMALLEST_BIN = 200


@dataclass(frozen=True)
class Conformal:
    """Quantiles of scaled errors: ``edges`` between levels, ``offsets`` ``[bin, percentile]``."""

    floor: float
    edges: Array
    offsets: Array

    def quantiles(self, forecast: Array, *, recentre: bool = False) -> Array:
        """Quantiles of ``PERCENTILES`` around a forecast: one more axis at the end, rising, never below 0.

        The forecast itself is the median, or with ``recentre`` moved by what it usually misses.
        """
        bins = np.searchsorted(self.edges, forecast)
        spread = np.maximum(forecast, 0.0) + self.floor
        levels = forecast[..., None] + spread[..., None] * self.offsets[bins]
        middle = PERCENTILES.index(50)
        if not recentre:
            levels[..., middle] = forecast
            levels[..., :middle] = np.minimum(levels[..., :middle], forecast[..., None])
            levels[..., middle + 1 :] = np.maximum(levels[..., middle + 1 :], forecast[..., None])
        return np.maximum(np.where(np.isnan(forecast)[..., None], np.nan, levels), 0.0)


def calibrate(forecast: Array, observed: Array, floor: float) -> Conformal:
    """Quantiles of what the forecasts of held-out hours missed; ValueError without a single pair.

    Bins hold equal numbers of cases; with few cases there are fewer bins.
    """
    known = ~(np.isnan(forecast) | np.isnan(observed))
    f, o = forecast[known], observed[known]
    if not f.size:
        raise ValueError("observed: no pair to calibrate with")
    count = int(np.clip(f.size // SMALLEST_BIN, 1, BINS))
    edges = np.unique(np.quantile(f, np.linspace(0, 1, count + 1)[1:-1])) if count > 1 else np.empty(0)
    errors = (o - f) / (np.maximum(f, 0.0) + floor)
    bins = np.searchsorted(edges, f)
    offsets = np.stack([_quantiles(errors[bins == b], errors) for b in range(edges.size + 1)])
    return Conformal(floor, edges, offsets)


def _quantiles(own: Array, every: Array) -> Array:
    """Conformal quantiles: the (n+1)·p-th smallest error, outwards for the tails."""
    errors = np.sort(own if own.size else every)
    n = errors.size
    places = [(n + 1) * p / 100 for p in PERCENTILES]
    ranks = [
        int(np.floor(k)) if p < 50 else int(np.ceil(k)) for k, p in zip(places, PERCENTILES, strict=True)
    ]
    return np.array([errors[int(np.clip(rank - 1, 0, n - 1))] for rank in ranks])
