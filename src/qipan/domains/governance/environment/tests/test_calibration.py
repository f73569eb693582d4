"""Micro-station calibration: learns a device, resists outliers, refuses, freezes; the benchmark's figure."""

from datetime import date

import numpy as np
import pytest
from benchmarks import environment_calibration

from qipan.domains.governance.environment.calibration import (
    Fit,
    calibrate,
    device_features,
    fit,
    residual_drift,
)
from qipan.domains.governance.environment.series import Floats
from qipan.domains.governance.environment.standards import table_on
from qipan.domains.governance.environment.wording import Sentence

TABLE = table_on("micro_calibration", date(2026, 1, 1))


def device(hours: int, seed: int = 1) -> tuple[Floats, Floats]:
    """Features of a made-up sensor that answers linearly to the truth and to humidity; and the truth."""
    generator = np.random.default_rng(seed)
    truth = generator.gamma(4.0, 15.0, hours)
    temperature = 15 + 10 * np.sin(np.arange(hours) / 24 * 2 * np.pi)
    humidity = 60 - temperature
    raw = 200 + 3 * truth + 2 * humidity
    return device_features({"s": raw}, temperature, humidity), truth


def test_calibration_recovers_a_linear_device() -> None:
    features, truth = device(24 * 56)
    result = calibrate(features, truth, TABLE)
    assert np.isnan(result.values[: 24 * 28]).all()
    assert [run.state for run in result.runs] == ["calibrated"] * 4
    assert [(run.first, run.last, run.valid_to) for run in result.runs[:2]] == [
        (0, 672, 840),
        (168, 840, 1008),
    ]
    error = np.abs(result.values[672:] - truth[672:])
    assert error.mean() < 1.0
    assert result.runs[0].fit is not None and result.runs[0].fit.r2 > 0.99


def test_unit_of_the_raw_channel_does_not_matter() -> None:
    hours = 24 * 40
    truth = np.random.default_rng(2).gamma(4.0, 15.0, hours)
    warmth, damp = np.full(hours, 20.0), np.linspace(40, 80, hours)
    one = calibrate(device_features({"s": 100 + truth}, warmth, damp), truth, TABLE).values
    other = calibrate(device_features({"s": (100 + truth) * 1e6}, warmth, damp), truth, TABLE).values
    assert np.nanmax(np.abs(one - other)) < 1e-6


def test_outliers_of_the_reference_pull_little() -> None:
    features, truth = device(24 * 30)
    spoiled = truth.copy()
    spoiled[::50] = 900.0
    clean, robust = fit(features, truth, TABLE), fit(features, spoiled, TABLE)
    assert isinstance(clean, Fit)
    assert isinstance(robust, Sentence)  # R² over the spoiled hours is low: refused …
    loose = {**TABLE.rows, "r2_needed": -99}
    robust = fit(features, spoiled, type(TABLE)(**{**vars(TABLE), "rows": loose}))
    assert isinstance(robust, Fit)
    assert np.abs(robust.predict(features) - truth).mean() < 3.0  # … yet the device was learned


def test_too_few_hours_and_low_r2_are_refused_with_reason() -> None:
    features, truth = device(24 * 28)
    sparse = np.where(np.arange(truth.size) < 199, truth, np.nan)
    assert str(fit(features, sparse, TABLE)) == "与参比同步的有效小时 199 个,少于 200 个"
    noise = np.random.default_rng(9).permutation(truth)
    reason = str(fit(features, noise, TABLE))
    assert reason.startswith("决定系数 ")
    assert reason.endswith("低于 0.6")


def test_dead_reference_freezes_the_calibration_for_a_while() -> None:
    features, truth = device(24 * 140)
    truth[24 * 35 :] = np.nan
    states = [run.state for run in calibrate(features, truth, TABLE).runs]
    assert states[:3] == ["calibrated", "calibrated", "calibrated"]  # the third still has 21 days
    frozen = states.count("frozen")
    assert states == ["calibrated"] * (len(states) - frozen - states.count("uncalibrated")) + [
        "frozen"
    ] * frozen + ["uncalibrated"] * states.count("uncalibrated")
    assert frozen == 8  # 56 days after the last good fit
    assert states[-1] == "uncalibrated"


def test_device_that_loses_sensitivity_shows_residual_drift() -> None:
    generator = np.random.default_rng(4)
    reference = generator.gamma(4.0, 15.0, 24 * 60) + 5
    values = reference * np.exp(generator.normal(0, 0.1, reference.size))
    assert residual_drift(values, reference) == []
    values[24 * 30 :] *= 0.6
    found = residual_drift(values, reference)[0]
    assert found.first == 24 * 30
    assert found.shift == pytest.approx(np.log(0.6), abs=0.05)


def test_real_device_of_a_year_reaches_the_goal() -> None:
    lines: list[str] = []
    figures = environment_calibration.run(lines.append)
    assert figures["CO MAE"]["met"] is True
    assert figures["NO2 MAE"]["met"] is True
    assert len(lines) == 2
