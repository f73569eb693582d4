"""Rows hold what was known at the origin and the weather forecast ahead, nothing else."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qipan.domains.governance.environment.forecast.dataset import History
from qipan.domains.governance.environment.forecast.design import design, prepare, same_hour_mean
from qipan.domains.governance.environment.forecast.features import lagged
from qipan.domains.governance.environment.forecast.tests.samples import network


def cut(history: History, rows: int) -> History:
    return history.window(history.times[0], history.times[rows - 1])


@pytest.mark.parametrize("lead", [1, 23, 24, 25, 72])
def test_no_row_knows_the_future(lead: Any) -> None:
    """Rows made from the whole history equal those made when the history ended at the origin."""
    whole = network(40)
    origin = 24 * 33 + 5
    mask = np.zeros((whole.times.size, 3), dtype=bool)
    mask[origin] = True
    long = design(prepare(whole, "pm25"), lead, mask)
    short = design(prepare(cut(whole, origin + 1), "pm25"), lead, mask[: origin + 1])
    np.testing.assert_array_equal(long, short)


def test_weather_ahead_is_read_at_the_valid_hour() -> None:
    history = network(10)
    inputs = prepare(history, "pm25", history.weather)
    mask = np.zeros((history.times.size, 3), dtype=bool)
    mask[100, 1] = True
    row = design(inputs, 7, mask)[0, -8:]
    temperature, wind = history.weather["temperature"][:, 0], history.weather["wind_u"][:, 0]
    expected = []
    for series in (temperature, wind):
        expected += [series[107], series[84:108].mean(), series[101:108].mean(), series[107] - series[100]]
    np.testing.assert_allclose(row, expected, rtol=1e-5)


def test_same_hours_of_the_last_days() -> None:
    history = network(40)
    inputs = prepare(history, "pm25")
    mask = np.zeros((history.times.size, 3), dtype=bool)
    mask[800, 2] = True
    count = inputs.origin.values.shape[2]
    row = design(inputs, 30, mask)[0, count:]
    series = history.values["pm25"][:, 2]
    # Valid at 830: the same hour was last known at 782, a day before at 758, then 734.
    np.testing.assert_allclose(row[:3], [series[782], series[758], series[734]], rtol=1e-5)
    np.testing.assert_allclose(row[3], series[[782 - 24 * d for d in range(7)]].mean(), rtol=1e-5)
    assert (row[-2], row[-1]) == ((800 + 30) % 24, 30)


def test_mean_of_the_same_hour_leaves_gaps_out() -> None:
    values = np.arange(96.0)[:, None]
    values[24] = np.nan
    found = same_hour_mean(values, 3)[:, 0]
    assert found[72] == (72 + 48) / 2
    assert found[0] == 0
    assert np.isnan(same_hour_mean(np.full((30, 1), np.nan), 2)).all()


def test_a_silent_station_starts_from_the_area() -> None:
    history = network(20)
    silent = history.values["pm25"].copy()
    silent[400:, 0] = np.nan
    inputs = prepare(replace(history, values={**history.values, "pm25": silent}), "pm25")
    assert inputs.start[450, 0] == silent[450, 1:].mean()
    assert inputs.start[450, 1] == silent[450, 1]
    scale = inputs.scale(10.0, np.ones(inputs.start.shape, dtype=bool))
    assert np.isfinite(scale).all() and (scale > 0).all()


def test_lags_shift_back() -> None:
    np.testing.assert_array_equal(lagged(np.arange(3.0)[:, None], 1)[1:, 0], [0.0, 1.0])
