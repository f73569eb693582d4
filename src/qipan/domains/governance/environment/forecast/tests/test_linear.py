"""The line: finds a known law, is not led astray by a few wild hours, and stays within its limits."""

import numpy as np
import pytest

from qipan.domains.governance.environment.forecast.design import columns, concentrations, prepare
from qipan.domains.governance.environment.forecast.linear import fit_linear
from qipan.domains.governance.environment.forecast.tests.samples import network

LOGS = np.array([0, 1])


def law(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Concentrations that decay towards yesterday's mean, faster at three in the afternoon."""
    rng = np.random.default_rng(seed)
    start, mean = rng.gamma(2, 30, count) + 5, rng.gamma(2, 30, count) + 5
    hour = rng.integers(0, 24, count).astype(float)
    observed = (start + 1) ** 0.6 * (mean + 1) ** 0.4 * np.where(hour == 15, 0.8, 1.0) - 1
    return np.stack([start, mean, hour], axis=1).astype(np.float32), start, observed


def test_it_finds_a_law_of_logarithms_beyond_what_it_saw() -> None:
    x, start, observed = law(6000, 1)
    line = fit_linear(x, start, observed, logs=LOGS, hour=2, floor=1.0)
    x, start, observed = law(500, 2)
    x[:, :2] *= 4
    start = start * 4
    expected = (start + 1) ** 0.6 * (x[:, 1] + 1) ** 0.4 * np.where(x[:, 2] == 15, 0.8, 1.0) - 1
    assert float(np.median(np.abs(line.forecast(x, start) / expected - 1))) < 0.02


def test_wild_hours_do_not_lead_it_astray() -> None:
    x, start, observed = law(6000, 3)
    wild = observed.copy()
    wild[::20] *= 8
    calm = fit_linear(x, start, observed, logs=LOGS, hour=2, floor=1.0)
    shaken = fit_linear(x, start, wild, logs=LOGS, hour=2, floor=1.0)
    ratio = shaken.forecast(x, start) / calm.forecast(x, start)
    assert float(np.median(np.abs(ratio - 1))) < 0.03


def test_missing_features_count_as_their_mean_and_a_missing_start_stays_missing() -> None:
    x, start, observed = law(3000, 4)
    x[::3, 1] = np.nan
    line = fit_linear(x, start, observed, logs=LOGS, hour=2, floor=1.0)
    gap = np.array([[50.0, np.nan, 3.0]], dtype=np.float32)
    mean = np.array([[50.0, np.exp(line.mean[1]) - 1, 3.0]], dtype=np.float32)
    present = np.array([50.0])
    assert line.forecast(gap, present)[0] == pytest.approx(line.forecast(mean, present)[0], rel=1e-3)
    assert np.isnan(line.forecast(gap, np.array([np.nan]))[0])


def test_a_forecast_stays_between_a_twentieth_and_seven_times_the_present() -> None:
    x, start, observed = law(3000, 5)
    line = fit_linear(x, start, observed, logs=LOGS, hour=2, floor=1.0)
    extreme = np.array([[1.0, 1e30, 3.0], [1e9, 0.0, 3.0]], dtype=np.float32)
    found = line.forecast(extreme, np.array([1.0, 1e9]))
    assert found[0] == pytest.approx(2 * np.exp(2.0) - 1) and found[1] >= 1e9 * np.exp(-3.0) * 0.99


def test_concentrations_are_told_from_weather_and_calendar() -> None:
    inputs = prepare(network(40), "pm25", network(40).weather)
    names = columns(inputs)
    chosen = {names[number] for number in concentrations(names)}
    assert {"lag0", "mean24", "o3", "o3_mean24", "area_lag6", "same_hour1", "area_same_hour_week"} <= chosen
    others = {"temperature", "wind_u_mean24", "hour", "valid_hour", "lead", "usual_change", "wind_u_way"}
    assert others <= set(names) and not others & chosen
