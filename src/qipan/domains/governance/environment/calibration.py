"""Micro-station calibration: a rolling robust ridge regression of the reference on what the device feels.

Metal-oxide and optical sensors answer to several gases, to humidity and to temperature, and lag behind by
an hour or so. The regression therefore sees, for every raw channel, its value, square and logarithm, its
products with humidity and temperature, and the logarithm of the hour before. It never sees the hour of
day: it shall learn the device, not the place it stood at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .drift import Drift, drift
from .series import Floats
from .standards import RuleTable
from .wording import Sentence
from .wording import sentence as _

State = Literal["calibrated", "frozen", "uncalibrated"]

_ROUNDS = 8
_MAD_TO_SIGMA = 1.4826
_RESIDUAL_DRIFT = {"block_hours": 24, "block_needed": 12, "baseline_blocks": 14}


@dataclass(frozen=True)
class Fit:
    """Coefficients (first the constant) on features taken as (x − centre)/scale, and how well they fit."""

    coefficients: Floats
    centre: Floats
    scale: Floats
    hours: int
    r2: float
    mae: float

    def predict(self, features: Floats) -> Floats:
        """Concentrations ≥ 0 for rows of features; NaN where a feature is missing."""
        linear = self.coefficients[0] + ((features - self.centre) / self.scale) @ self.coefficients[1:]
        result: Floats = np.where(np.isfinite(linear), np.maximum(linear, 0.0), np.nan)
        return result


@dataclass(frozen=True)
class CalibrationRun:
    """One refit: hours [first, last) it learned from and [valid_from, valid_to) it serves.

    ``frozen``: the reference gave too little, the fit before goes on serving. ``uncalibrated``: values of
    these hours have no calibrated value, ``reason`` says why.
    """

    first: int
    last: int
    valid_from: int
    valid_to: int
    state: State
    fit: Fit | None
    reason: Sentence | None = None


@dataclass(frozen=True)
class Calibrated:
    """Calibrated hour values (NaN: none) and the runs that made them."""

    values: Floats
    runs: tuple[CalibrationRun, ...]


def device_features(raw: Mapping[str, Floats], temperature: Floats, humidity: Floats) -> Floats:
    """Feature rows of a device, [hour, feature]; raw channels in any unit, °C, % relative humidity.

    Channels are scaled by their median, so the unit does not matter. A raw value ≤ 0 is missing.
    """
    columns: list[Floats] = [humidity / 100, temperature / 20]
    for channel in raw.values():
        positive = np.where(channel > 0, channel, np.nan)
        value = positive / _known_median(positive)
        logarithm = np.log(value)
        before = np.concatenate([logarithm[:1], logarithm[:-1]])
        before = np.where(np.isfinite(before), before, logarithm)
        columns += [value, value**2, logarithm, before]
        columns += [value * humidity / 100, value * temperature / 20]
    return np.stack(columns, axis=1)


def _known_median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 1.0


def fit(features: Floats, reference: Floats, table: RuleTable) -> Fit | Sentence:
    """Fit a calibration, or the reason why it is refused (too few hours, R² too low)."""
    known = np.isfinite(features).all(axis=1) & np.isfinite(reference)
    needed = int(table.limit("hours_needed"))
    hours = int(known.sum())
    if hours < needed:
        return _("与参比同步的有效小时 %(hours)s 个,少于 %(needed)s 个", hours=hours, needed=needed)
    rows, target = features[known], reference[known]
    ridge, huber = float(table.limit("ridge")), float(table.limit("huber"))
    result = _robust_ridge(rows, target, ridge=ridge, huber=huber)
    floor = float(table.limit("r2_needed"))
    if result.r2 < floor:
        return _("决定系数 %(r2)s 低于 %(needed)s", r2=f"{result.r2:.2f}", needed=f"{floor:g}")
    return result


def _robust_ridge(rows: Floats, target: Floats, *, ridge: float, huber: float) -> Fit:
    """Ridge regression by iterated weights of Huber: far residuals pull with bounded force."""
    centre, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    design = np.concatenate([np.ones((rows.shape[0], 1)), (rows - centre) / scale], axis=1)
    penalty = np.eye(design.shape[1]) * ridge
    penalty[0, 0] = 0.0
    weights = np.ones(rows.shape[0])
    coefficients = np.zeros(design.shape[1])
    for _round in range(_ROUNDS):
        weighted = design * weights[:, None]
        normal = design.T @ weighted + penalty * weights.sum()
        coefficients = np.linalg.solve(normal, weighted.T @ target)
        residual = np.abs(target - design @ coefficients)
        spread = max(_MAD_TO_SIGMA * float(np.median(residual)), 1e-9)
        weights = np.minimum(1.0, huber * spread / np.maximum(residual, 1e-12))
    fitted = np.maximum(design @ coefficients, 0.0)
    return Fit(coefficients, centre, scale, rows.shape[0], r_squared(fitted, target), _mae(fitted, target))


def r_squared(values: Floats, reference: Floats) -> float:
    """Share of the variance of the reference that the values explain, over hours where both exist."""
    known = np.isfinite(values) & np.isfinite(reference)
    target = reference[known]
    total = float(((target - target.mean()) ** 2).sum())
    if total == 0.0:
        return 0.0
    return 1 - float(((values[known] - target) ** 2).sum()) / total


def _mae(values: Floats, reference: Floats) -> float:
    known = np.isfinite(values) & np.isfinite(reference)
    return float(np.abs(values[known] - reference[known]).mean())


def calibrate(features: Floats, reference: Floats, table: RuleTable) -> Calibrated:
    """Walk through the series: every week fit on the four weeks before, serve the week that follows.

    ``reference``: hour values of the township station, NaN where missing. No value is made from hours
    that lie after it.
    """
    window, step = 24 * int(table.limit("window_days")), 24 * int(table.limit("refit_days"))
    frozen_limit = 24 * int(table.limit("frozen_days"))
    values = np.full(reference.shape, np.nan)
    runs: list[CalibrationRun] = []
    good: CalibrationRun | None = None
    for now in range(window, reference.size, step):
        end = min(now + step, reference.size)
        outcome = fit(features[now - window : now], reference[now - window : now], table)
        run = _run(outcome, (now - window, now, end), good, frozen_limit)
        if run.state == "calibrated":
            good = run
        if run.fit is not None:
            values[now:end] = run.fit.predict(features[now:end])
        runs.append(run)
    return Calibrated(values, tuple(runs))


def _run(
    outcome: Fit | Sentence, hours: tuple[int, int, int], good: CalibrationRun | None, frozen_limit: int
) -> CalibrationRun:
    first, now, end = hours
    if isinstance(outcome, Fit):
        return CalibrationRun(first, now, now, end, "calibrated", outcome)
    starved = "hours" in outcome.values  # the reference is silent, the device need not be wrong
    if starved and good is not None and now - good.last <= frozen_limit:
        return CalibrationRun(good.first, good.last, now, end, "frozen", good.fit, outcome)
    return CalibrationRun(first, now, now, end, "uncalibrated", None, outcome)


def residual_drift(values: Floats, reference: Floats) -> list[Drift]:
    """Where the calibrated values begin to run away from the reference (CUSUM of the log ratio)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.log(values / reference)
    ratio = np.where(np.isfinite(ratio), ratio, np.nan)
    return drift(ratio, **_RESIDUAL_DRIFT, slack=0.5, decision=8.0, spread_floor=0.08)
