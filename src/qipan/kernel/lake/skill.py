"""Skill of forecasts: pure arithmetic on arrays of forecasts and observations.

Every score returns a ``Score`` that carries its number of cases. A pair with NaN on either side is
missing: it is counted, never filled. Below ``MINIMUM_CASES`` pairs, or where the definition divides by
zero, the value is None. Sources: Jolliffe & Stephenson, *Forecast Verification* (2012); Gupta et al.
(2009) for KGE; Ferro (2014) for fair CRPS; Künsch (1989) for the block bootstrap.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
MINIMUM_CASES = 20


@dataclass(frozen=True)
class Score:
    """One score: its value (None = too few cases or undefined), the pairs used and the pairs missing."""

    value: float | None
    n: int
    missing: int = 0


@dataclass(frozen=True)
class Contingency:
    """Forecasts of a yes/no event against what happened."""

    hits: int
    false_alarms: int
    misses: int
    correct_rejections: int

    @property
    def n(self) -> int:
        """Number of cases."""
        return self.hits + self.false_alarms + self.misses + self.correct_rejections

    def pod(self) -> Score:
        """Probability of detection H/(H+M)."""
        return self._ratio(self.hits, self.hits + self.misses)

    def far(self) -> Score:
        """False alarm ratio F/(H+F)."""
        return self._ratio(self.false_alarms, self.hits + self.false_alarms)

    def ts(self) -> Score:
        """Threat score H/(H+F+M)."""
        return self._ratio(self.hits, self.hits + self.false_alarms + self.misses)

    def bias(self) -> Score:
        """Frequency bias (H+F)/(H+M)."""
        return self._ratio(self.hits + self.false_alarms, self.hits + self.misses)

    def ets(self) -> Score:
        """Equitable threat score: TS after the hits of chance (H+M)(H+F)/N are taken away."""
        chance = (self.hits + self.misses) * (self.hits + self.false_alarms) / self.n if self.n else 0.0
        return self._ratio(self.hits - chance, self.hits + self.false_alarms + self.misses - chance)

    def hss(self) -> Score:
        """Heidke skill score: share right beyond what chance gets right."""
        h, f, m, c = self.hits, self.false_alarms, self.misses, self.correct_rejections
        return self._ratio(2 * (h * c - f * m), (h + m) * (m + c) + (h + f) * (f + c))

    def _ratio(self, numerator: float, denominator: float) -> Score:
        defined = self.n >= MINIMUM_CASES and denominator != 0
        return Score(numerator / denominator if defined else None, self.n)


def contingency(forecast: npt.ArrayLike, observed: npt.ArrayLike, threshold: float) -> Contingency:
    """Count the event "above ``threshold``" over pairs of equal shape; pairs with NaN are left out."""
    f, o, _ = _pairs(forecast, observed)
    said, happened = f > threshold, o > threshold
    return Contingency(
        int(np.sum(said & happened)),
        int(np.sum(said & ~happened)),
        int(np.sum(~said & happened)),
        int(np.sum(~said & ~happened)),
    )


def me(forecast: npt.ArrayLike, observed: npt.ArrayLike) -> Score:
    """Mean error (bias), forecast minus observed, in the unit of the values."""
    return _scored(forecast, observed, lambda f, o: float(np.mean(f - o)))


def mae(forecast: npt.ArrayLike, observed: npt.ArrayLike) -> Score:
    """Mean absolute error."""
    return _scored(forecast, observed, lambda f, o: float(np.mean(np.abs(f - o))))


def rmse(forecast: npt.ArrayLike, observed: npt.ArrayLike) -> Score:
    """Root mean square error."""
    return _scored(forecast, observed, lambda f, o: float(np.sqrt(np.mean((f - o) ** 2))))


def correlation(forecast: npt.ArrayLike, observed: npt.ArrayLike) -> Score:
    """Pearson's r; undefined when either side is constant."""
    return _scored(forecast, observed, _correlation)


def nse(forecast: npt.ArrayLike, observed: npt.ArrayLike) -> Score:
    """Nash-Sutcliffe efficiency 1 − Σ(o−s)²/Σ(o−ō)²; undefined for constant observations."""

    def value(f: Array, o: Array) -> float | None:
        spread = float(np.sum((o - o.mean()) ** 2))
        return 1 - float(np.sum((o - f) ** 2)) / spread if spread > 0 else None

    return _scored(forecast, observed, value)


def kge(forecast: npt.ArrayLike, observed: npt.ArrayLike) -> Score:
    """Kling-Gupta efficiency 1 − √((r−1)² + (σs/σo−1)² + (μs/μo−1)²)."""

    def value(f: Array, o: Array) -> float | None:
        r = _correlation(f, o)
        if r is None or o.mean() == 0:
            return None
        return 1 - float(
            np.sqrt((r - 1) ** 2 + (f.std() / o.std() - 1) ** 2 + (f.mean() / o.mean() - 1) ** 2)
        )

    return _scored(forecast, observed, value)


def brier(probability: npt.ArrayLike, happened: npt.ArrayLike) -> Score:
    """Brier score mean (p−o)² of probabilities in 0…1 against events 0 or 1; ValueError outside."""
    p = np.asarray(probability, dtype=np.float64)
    if np.any((p < 0) | (p > 1)):
        raise ValueError("probability: must lie between 0 and 1")
    return _scored(p, happened, lambda f, o: float(np.mean((f - o) ** 2)))


def crps(members: npt.ArrayLike, observed: npt.ArrayLike, *, fair: bool = False) -> Score:
    """Continuous ranked probability score of an ensemble ``[case, member]``, mean over the cases.

    Per case mean|xᵢ−o| − Σᵢ(2i−n−1)x₍ᵢ₎/n², or /(n(n−1)) when ``fair`` (n ≥ 2). A case with any
    missing member is missing.
    """
    x, o = np.asarray(members, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    if x.ndim != 2 or o.shape != x.shape[:1]:
        raise ValueError(f"members: shape {x.shape} does not fit observed {o.shape}")
    n = x.shape[1]
    if n < 1 or (fair and n < 2):
        raise ValueError("members: too few for this score")
    ok = ~(np.isnan(x).any(axis=1) | np.isnan(o))
    x, o = np.sort(x[ok], axis=1), o[ok]
    spread = x @ (2 * np.arange(1, n + 1) - n - 1) / (n * (n - 1) if fair else n * n)
    each = np.abs(x - o[:, None]).mean(axis=1) - spread
    return _score(each, int(np.sum(~ok)))


def pinball(forecast: npt.ArrayLike, observed: npt.ArrayLike, level: float) -> Score:
    """Pinball loss of forecasts of the ``level`` quantile, 0 < level < 1."""
    if not 0 < level < 1:
        raise ValueError("level: must lie between 0 and 1")
    return _scored(
        forecast, observed, lambda f, o: float(np.mean(np.maximum(level * (o - f), (level - 1) * (o - f))))
    )


def coverage(low: npt.ArrayLike, high: npt.ArrayLike, observed: npt.ArrayLike) -> Score:
    """Share of observations inside [low, high], both ends included."""
    lo, hi, o = (np.asarray(a, dtype=np.float64).ravel() for a in (low, high, observed))
    if not lo.shape == hi.shape == o.shape:
        raise ValueError(f"observed: shape {o.shape}, bounds {lo.shape} and {hi.shape}")
    ok = ~(np.isnan(lo) | np.isnan(hi) | np.isnan(o))
    inside = ((lo <= o) & (o <= hi))[ok].astype(np.float64)
    return _score(inside, int(np.sum(~ok)))


def skill_score(score: Score, reference: Score) -> Score:
    """1 − score/reference: the share of the reference's error that is gone."""
    n = min(score.n, reference.n)
    if score.value is None or not reference.value:
        return Score(None, n)
    return Score(1 - score.value / reference.value, n)


def block_bootstrap(
    errors: npt.ArrayLike, block: int, *, level: float = 0.9, draws: int = 500, seed: int = 0
) -> tuple[float, float] | None:
    """Interval of the mean of a series in time order, by moving blocks of ``block`` neighbours.

    NaN are left out first. Returns (low, high) of the central ``level``, or None below
    ``MINIMUM_CASES`` values.
    """
    if block < 1 or not 0 < level < 1:
        raise ValueError("block: must be ≥ 1 and level between 0 and 1")
    series = np.asarray(errors, dtype=np.float64).ravel()
    series = series[~np.isnan(series)]
    n = series.size
    if n < MINIMUM_CASES:
        return None
    length = min(block, n)
    starts = np.random.default_rng(seed).integers(0, n - length + 1, (draws, -(-n // length)))
    total = np.concatenate([[0.0], np.cumsum(series)])
    means = (total[starts + length] - total[starts]).mean(axis=1) / length
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _pairs(forecast: npt.ArrayLike, observed: npt.ArrayLike) -> tuple[Array, Array, int]:
    f, o = np.asarray(forecast, dtype=np.float64), np.asarray(observed, dtype=np.float64)
    if f.shape != o.shape:
        raise ValueError(f"forecast: shape {f.shape}, observed {o.shape}")
    ok = ~(np.isnan(f) | np.isnan(o))
    return f[ok], o[ok], int(np.sum(~ok))


def _scored(
    forecast: npt.ArrayLike, observed: npt.ArrayLike, value: Callable[[Array, Array], float | None]
) -> Score:
    f, o, missing = _pairs(forecast, observed)
    return Score(value(f, o) if f.size >= MINIMUM_CASES else None, f.size, missing)


def _score(each: Array, missing: int) -> Score:
    return Score(float(each.mean()) if each.size >= MINIMUM_CASES else None, each.size, missing)


def _correlation(f: Array, o: Array) -> float | None:
    if f.std() == 0 or o.std() == 0:
        return None
    return float(np.corrcoef(f, o)[0, 1])
