"""Verification: what a forecast missed, by lead; grades of days; how often the intervals held."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qipan.kernel.lake.skill import Contingency, Score, contingency, coverage, mae, me

from .conformal import PERCENTILES
from .dataset import Array

HEAVY_AQI = 200.0
GRADE_LIMITS = (50, 100, 150, 200, 300)
LOW, MEDIAN, HIGH = (PERCENTILES.index(p) for p in (10, 50, 90))


@dataclass(frozen=True)
class LeadSkill:
    """Scores of one lead in µg/m³: error, bias, error of persistence, share of values between p10 and p90."""

    lead: int
    mae: Score
    bias: Score
    persistence: Score
    coverage: Score


@dataclass(frozen=True)
class DailySkill:
    """Scores of daily AQI at one lead in days."""

    mae: Score
    grade_accuracy: Score
    heavy: Contingency
    coverage: Score | None = None

    @property
    def threat_score(self) -> Score:
        """TS of days above 200."""
        return self.heavy.ts()


def by_lead(quantiles: Array, start: Array, observed: Array) -> list[LeadSkill]:
    """Scores for every lead.

    ``quantiles``: ``[issue, lead, station, percentile]``; ``start``: present value ``[issue, station]``;
    ``observed``: ``[issue, lead, station]``, NaN where it is not known.
    """
    if quantiles.shape[:3] != observed.shape or quantiles.shape[3] != len(PERCENTILES):
        raise ValueError(f"quantiles: shape {quantiles.shape} does not fit observed {observed.shape}")
    if start.shape != (observed.shape[0], observed.shape[2]):
        raise ValueError(f"start: shape {start.shape} does not fit observed {observed.shape}")
    return [
        LeadSkill(
            lead + 1,
            mae(quantiles[:, lead, :, MEDIAN], observed[:, lead]),
            me(quantiles[:, lead, :, MEDIAN], observed[:, lead]),
            mae(start, observed[:, lead]),
            coverage(quantiles[:, lead, :, LOW], quantiles[:, lead, :, HIGH], observed[:, lead]),
        )
        for lead in range(observed.shape[1])
    ]


def grade(aqi: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Grade 1…6 of each AQI (HJ 633)."""
    levels = np.searchsorted(GRADE_LIMITS, np.asarray(aqi, dtype=np.float64))
    return levels.astype(np.int64) + 1


def daily(
    forecast: Array, observed: Array, low: Array | None = None, high: Array | None = None
) -> DailySkill:
    """Scores of daily AQI; pairs with NaN are left out and counted as missing."""
    known = ~(np.isnan(forecast) | np.isnan(observed))
    right = (grade(forecast[known]) == grade(observed[known])).astype(np.float64)
    enough = right.size >= 20
    return DailySkill(
        mae(forecast, observed),
        Score(float(right.mean()) if enough else None, right.size, int(np.sum(~known))),
        contingency(forecast, observed, HEAVY_AQI),
        coverage(low, high, observed) if low is not None and high is not None else None,
    )
