"""Climatology, blend weights and intervals against cases worked by hand."""

from typing import Any

import numpy as np
import pytest

from qipan.domains.governance.environment.forecast.blend import best_weight, climatology, mix
from qipan.domains.governance.environment.forecast.conformal import PERCENTILES, Conformal, calibrate
from qipan.domains.governance.environment.forecast.dataset import History


def test_climatology_is_the_median_of_hour_and_month() -> None:
    times = np.datetime64("2015-06-01T00") + np.arange(24 * 10)
    day = np.repeat(np.arange(10.0), 24)
    hour = np.tile(np.arange(24.0), 10)
    values = np.stack([100 * hour + day, np.full(240, np.nan)], axis=1)
    usual = climatology(History(times, ("a", "b"), {"pm25": values}), "pm25")
    found = usual.at(np.array(["2016-06-15T07", "2016-05-01T07", "2016-12-01T07"], dtype="datetime64[h]"))
    assert found[0, 0] == found[1, 0] == 704.5
    # A month without neighbours takes the station's median, a station without values the network's.
    assert found[2, 0] == found[0, 1] == np.nanmedian(values)


def test_the_weight_is_where_the_absolute_error_is_smallest() -> None:
    rng = np.random.default_rng(3)
    usual, forecast = rng.normal(50, 10, 2000), rng.normal(50, 10, 2000)
    observed = 0.7 * forecast + 0.3 * usual
    assert best_weight(forecast, usual, observed) == pytest.approx(0.7)
    assert best_weight(forecast, usual, forecast) == 1.0
    assert best_weight(np.array([np.nan]), np.array([1.0]), np.array([1.0])) == 1.0


def test_mixing_takes_the_other_where_one_is_missing() -> None:
    mixed = mix(np.array([10.0, np.nan, 10.0]), np.array([20.0, 20.0, np.nan]), 0.75)
    np.testing.assert_array_equal(mixed, [12.5, 20.0, 10.0])


def test_intervals_hold_what_they_promise_on_new_cases() -> Any:
    rng = np.random.default_rng(5)

    def cases(count: int) -> Any:
        forecast = rng.gamma(2, 40, count)
        return forecast, forecast * np.exp(rng.normal(0, 0.4, count))

    forecasts, seen = cases(6000)
    conformal = calibrate(forecasts, seen, 5.0)
    forecast, observed = cases(20000)
    levels = conformal.quantiles(forecast)
    assert levels.shape == (20000, 5) and (np.diff(levels, axis=1) >= 0).all() and (levels >= 0).all()
    inside = float(np.mean((levels[:, 0] <= observed) & (observed <= levels[:, 4])))
    assert 0.78 < inside < 0.82
    high = forecast > np.quantile(forecast, 0.9)
    inside_high = float(np.mean((levels[high, 0] <= observed[high]) & (observed[high] <= levels[high, 4])))
    assert 0.76 < inside_high < 0.84
    np.testing.assert_array_equal(levels[:, PERCENTILES.index(50)], forecast)


def test_recentring_moves_the_median_by_the_usual_miss() -> None:
    forecast = np.full(1000, 100.0)
    observed = 120.0 + np.linspace(-10, 10, 1000)
    conformal = calibrate(forecast, observed, floor=0.0)
    middle = PERCENTILES.index(50)
    assert conformal.quantiles(np.array([100.0]))[0, middle] == 100.0
    assert conformal.quantiles(np.array([100.0]), recentre=True)[0, middle] == pytest.approx(120.0, abs=0.1)


def test_few_cases_make_one_bin_and_none_is_an_error() -> None:
    few = calibrate(np.array([10.0, 20.0]), np.array([11.0, 19.0]), floor=1.0)
    assert few.edges.size == 0 and few.offsets.shape == (1, 5)
    with pytest.raises(ValueError, match="no pair"):
        calibrate(np.array([np.nan]), np.array([1.0]), floor=1.0)


def test_a_missing_forecast_has_missing_quantiles_and_none_is_negative() -> None:
    conformal = Conformal(5.0, np.empty(0), np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]]))
    levels = conformal.quantiles(np.array([np.nan, 10.0]))
    assert np.isnan(levels[0]).all()
    np.testing.assert_array_equal(levels[1], [0.0, 0.0, 10.0, 25.0, 40.0])
