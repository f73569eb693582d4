"""Training, issue and fall-backs on a small network."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qipan.domains.governance.environment.forecast.conformal import PERCENTILES
from qipan.domains.governance.environment.forecast.issue import WeatherAhead, issue
from qipan.domains.governance.environment.forecast.model import (
    BARE,
    FULL,
    PERSISTENCE,
    ForecastModel,
    group_of,
)
from qipan.domains.governance.environment.forecast.sample import held_out
from qipan.domains.governance.environment.forecast.tests.samples import network
from qipan.domains.governance.environment.forecast.train import Settings, train

TINY = Settings(rows=4000, holdout_rows=1000, trees_share=0.15, threads=1, refit=False)
HISTORY = network(130)
NOW = HISTORY.times[-100]


@pytest.fixture(scope="module")
def model() -> ForecastModel:
    return train(HISTORY.window(HISTORY.times[0], HISTORY.times[-200]), TINY)


def ahead(hours: int = 72) -> WeatherAhead:
    row = HISTORY.index(NOW)
    values = {name: array[row + 1 : row + 1 + hours] for name, array in HISTORY.weather.items()}
    return WeatherAhead(NOW, values)


def test_it_beats_persistence_on_weeks_it_has_not_seen(model: Any) -> None:
    assert model.card.kinds == (FULL, BARE)
    assert model.card.score < 0.9
    assert set(model.card.by_pollutant) == {"pm25", "o3"}
    assert model.card.last_hour == str(HISTORY.times[-200])


def test_the_held_out_weeks_are_fixed_in_the_calendar() -> None:
    times = np.datetime64("2015-01-01T00") + np.arange(24 * 420)
    mask = held_out(times)
    assert mask.sum() == 24 * 70
    np.testing.assert_array_equal(held_out(times[500:]), mask[500:])


def test_a_full_issue_has_rising_quantiles_for_every_hour(model: Any) -> None:
    said = issue(model, HISTORY, NOW, ahead())
    assert said.level == {"pm25": FULL, "o3": FULL} and said.reasons == ()
    values = said.values["pm25"]
    assert values.shape == (72, 3, 5) and np.isfinite(values).all()
    assert (np.diff(values, axis=2) >= 0).all() and (values >= 0).all()
    assert str(said.valid[0]) == str(NOW + 1) and str(said.valid[-1]) == str(NOW + 72)


def test_later_rows_are_not_looked_at(model: Any) -> None:
    short = issue(model, HISTORY.window(HISTORY.times[0], NOW), NOW, ahead())
    np.testing.assert_array_equal(short.values["o3"], issue(model, HISTORY, NOW, ahead()).values["o3"])


def test_each_fall_back_says_why(model: Any) -> None:
    bare = issue(model, HISTORY, NOW)
    assert bare.level["pm25"] == BARE and bare.reasons == ("no weather forecast",)
    stale = issue(model, HISTORY, NOW, WeatherAhead(NOW - np.timedelta64(13, "h"), ahead().values))
    assert stale.level["pm25"] == BARE and stale.reasons == ("weather forecast is 13 h old",)
    lacking = issue(model, HISTORY, NOW, WeatherAhead(NOW, {"temperature": ahead().values["temperature"]}))
    assert lacking.reasons == ("weather forecast lacks wind_u",)
    short = issue(model, HISTORY, NOW, ahead(24))
    assert short.level["pm25"] == BARE
    assert issue(model, HISTORY, NOW, ahead(24), horizon=24).level["pm25"] == FULL


def test_without_measurements_persistence_and_climatology_answer(model: Any) -> None:
    dark = {
        name: np.where(HISTORY.times[:, None] > NOW - 200, np.nan, v) for name, v in HISTORY.values.items()
    }
    said = issue(model, replace(HISTORY, values=dark), NOW)
    assert said.level == {"pm25": PERSISTENCE, "o3": PERSISTENCE}
    assert "pm25: no value of the last hours at any station" in said.reasons
    usual = model.pollutants["pm25"].climatology.at(said.valid[10:11])[0]
    np.testing.assert_allclose(said.values["pm25"][10, :, PERCENTILES.index(50)], usual)


def test_one_silent_station_lives_on_its_neighbours(model: Any) -> None:
    values = HISTORY.values["pm25"].copy()
    values[HISTORY.index(NOW) - 20 :, 0] = np.nan
    said = issue(model, replace(HISTORY, values={**HISTORY.values, "pm25": values}), NOW)
    assert said.level["pm25"] == BARE and np.isfinite(said.values["pm25"]).all()


def test_wrong_questions_are_refused(model: Any) -> None:
    with pytest.raises(ValueError, match="horizon"):
        issue(model, HISTORY, NOW, horizon=73)
    with pytest.raises(ValueError, match="origin"):
        issue(model, HISTORY, HISTORY.times[-1] + 1)
    with pytest.raises(ValueError, match="stations"):
        issue(model, replace(HISTORY, stations=("x", "y", "z")), NOW)
    with pytest.raises(ValueError, match="at least"):
        train(network(30), TINY)
    with pytest.raises(ValueError, match="lead"):
        group_of(0)


def test_bytes_hold_the_whole_model(model: Any) -> None:
    again = ForecastModel.from_bytes(model.to_bytes())
    assert again.card == model.card
    first, second = issue(model, HISTORY, NOW, ahead()), issue(again, HISTORY, NOW, ahead())
    for name in first.values:
        np.testing.assert_allclose(first.values[name], second.values[name], rtol=1e-12)
    assert set(again.days) == {FULL, BARE, PERSISTENCE}
    with pytest.raises(ValueError, match="model"):
        ForecastModel.from_bytes(b"not a model")


def test_the_same_data_give_the_same_model() -> None:
    short = replace(TINY, horizon=3, rows=1500, refit=True)
    history = network(90, pollutants=("pm25",), weather=False)
    first, second = train(history, short), train(history, short)
    one, two = (m.pollutants["pm25"].groups[BARE][1].booster.model_to_string() for m in (first, second))
    assert one == two and first.card == second.card
    assert first.card.kinds == (BARE,) and first.days == {}


def test_the_tree_library_waits_until_it_is_needed() -> None:
    code = (
        "import sys; import qipan.domains.governance.environment.forecast.issue,"
        " qipan.domains.governance.environment.forecast.store,"
        " qipan.domains.governance.environment.forecast.train; print('lightgbm' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
