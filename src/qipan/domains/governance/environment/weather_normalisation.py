"""Removing the weather: what the station gives beside its donors under the weather of ordinary days.

Boosted trees learn the difference of the logarithms of the target and of what its donors lead one to expect
from the weather, the hour, the weekday and the level of pollution, on hours without measures. In the window
each hour is predicted under many weathers drawn from the fit; what remains between observed and predicted
is not weather.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from .series import Floats, Integers
from .standards import RuleTable
from .synthetic_control import Panel
from .wording import Sentence
from .wording import sentence as _

_PARAMETERS: dict[str, Any] = {
    "objective": "l2",
    "num_leaves": 15,
    "learning_rate": 0.06,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True)
class Normalised:
    """Window under ordinary weather: expected without measures, what was measured, and their log ratio."""

    expected: Floats
    observed: Floats
    log_ratio: float
    draws: int


def normalise(
    panel: Panel,
    expected: Floats,
    weather: Mapping[str, Floats],
    clock: Floats,
    table: RuleTable,
    *,
    seed: int = 0,
) -> Normalised | Sentence:
    """Estimate of the window with the weather resampled; a sentence says why there is none.

    ``expected``: what the donors lead one to expect in every hour (``Control.everywhere``), µg/m³.
    ``weather`` maps names to hour values at the target (any units); ``clock`` is the number of hours since
    a Monday 00:00. A wholly missing weather quantity is left to the trees as missing.
    """
    if not weather:
        return _("无气象数据,不能作气象归一")
    floor = float(table.limit("floor"))
    with np.errstate(invalid="ignore"):
        level = np.log(np.maximum(expected, floor))
        ratio = np.log(np.maximum(panel.target, floor)) - level
    first, last = panel.window
    hours = np.arange(panel.target.size)
    near = (hours >= first - 24 * int(table.limit("fit_days"))) & (hours < first)
    near |= (hours >= last) & (hours < last + 24 * int(table.limit("after_days")))
    fit = np.flatnonzero(near & np.isfinite(ratio))
    window = np.arange(first, last)[np.isfinite(ratio[first:last])]
    if fit.size < int(table.limit("hours_needed")) or window.size == 0:
        return _("气象归一的有效小时不足")
    skies = np.stack(list(weather.values()), axis=1)
    times = np.stack([clock % 24, clock // 24 % 7, level], axis=1)
    features = np.concatenate([skies, times], axis=1)
    data = lightgbm.Dataset(features[fit], ratio[fit])
    rounds = int(table.limit("weather_rounds"))
    model = lightgbm.train({**_PARAMETERS, "seed": seed}, data, rounds)
    draws = int(table.limit("weather_draws"))
    ordinary = _resampled(model, (skies, times), (fit, window), draws, np.random.default_rng(seed))
    residual = ratio[window] - np.asarray(model.predict(features[window]))
    smear = _smear(panel.target[fit], np.asarray(model.predict(features[fit])) + level[fit])
    ordinary_level = np.exp(level[window]) * ordinary
    without, measured = ordinary_level * smear, ordinary_level * np.exp(residual)
    return Normalised(without, measured, float(np.log(measured.sum() / without.sum())), draws)


def _smear(observed: Floats, fitted: Floats) -> float:
    return float(observed.sum() / np.exp(fitted).sum())


def _resampled(
    model: lightgbm.Booster,
    parts: tuple[Floats, Floats],
    rows: tuple[Integers, Integers],
    draws: int,
    generator: np.random.Generator,
) -> Floats:
    """Mean over weathers of the predicted ratio of target to donors, for each hour of the window."""
    skies, times = parts
    fit, window = rows
    total = np.zeros(window.size)
    for _draw in range(draws):
        chosen = skies[generator.choice(fit, window.size)]
        total += np.exp(np.asarray(model.predict(np.concatenate([chosen, times[window]], axis=1))))
    return total / draws
