"""The model store keeps what is good; the outlook makes days of hours; verification counts."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from qipan.domains.governance.environment.forecast.daily import day_aqi
from qipan.domains.governance.environment.forecast.issue import issue
from qipan.domains.governance.environment.forecast.model import BARE, ForecastModel
from qipan.domains.governance.environment.forecast.outlook import day_outlook
from qipan.domains.governance.environment.forecast.store import KEEP, ModelStore
from qipan.domains.governance.environment.forecast.tests.samples import network
from qipan.domains.governance.environment.forecast.train import Settings, train
from qipan.domains.governance.environment.forecast.verify import by_lead, daily, grade

HISTORY = network(100, pollutants=("pm25",), weather=False)
TINY = Settings(rows=2000, holdout_rows=600, trees_share=0.1, threads=1, refit=False)


@pytest.fixture(scope="module")
def model() -> ForecastModel:
    return train(HISTORY, TINY)


def scored(model: ForecastModel, score: float, hour: str = "2015-04-10T23") -> ForecastModel:
    return replace(model, card=replace(model.card, score=score, last_hour=hour))


def test_a_worse_model_is_kept_but_not_promoted(model: Any, tmp_path: Any) -> None:
    store = ModelStore(tmp_path / "air")
    assert store.current() is None and store.cards() == []
    first = store.offer(scored(model, 0.80))
    assert (first.promoted, first.reason) == (True, "no usable model in force")
    worse = store.offer(scored(model, 0.82))
    assert (worse.promoted, worse.current_score, worse.reason) == (
        False,
        0.8,
        "worse than the model in force",
    )
    assert store.current_name() == first.name
    better = store.offer(scored(model, 0.79))
    assert better.promoted and store.load(better.name).card.score == 0.79
    assert {name for name, _, _ in store.cards()} == {first.name, worse.name, better.name}
    assert store.load(worse.name).card.score == 0.82


def test_another_network_takes_over_at_once(model: Any, tmp_path: Any) -> None:
    store = ModelStore(tmp_path)
    store.offer(scored(model, 0.5))
    moved = replace(model, card=replace(model.card, score=0.9, stations=("a", "b", "c")))
    assert store.offer(moved).promoted


def test_a_damaged_model_is_noticed_and_replaced(model: Any, tmp_path: Any) -> None:
    store = ModelStore(tmp_path)
    name = store.offer(scored(model, 0.5)).name
    path = tmp_path / f"{name}.zip"
    path.write_bytes(path.read_bytes()[:-10] + b"0123456789")
    with pytest.raises(ValueError, match="changed"):
        store.current()
    assert store.offer(scored(model, 0.9)).promoted
    with pytest.raises(LookupError):
        store.load("air-none")


def test_only_the_newest_models_and_the_one_in_force_stay(model: Any, tmp_path: Any) -> None:
    store = ModelStore(tmp_path)
    best = store.offer(scored(model, 0.1)).name
    for number in range(KEEP + 3):
        store.offer(scored(model, 0.5, f"2015-05-{number + 1:02d}T23"))
    names = {path.stem for path in tmp_path.glob("*.zip")}
    assert len(names) == KEEP + 1 and best in names and store.current_name() == best


def test_the_outlook_is_the_aqi_of_the_next_days(model: Any) -> None:
    origin = HISTORY.times[-80]
    said = issue(model, HISTORY, origin)
    found = day_outlook(model, said, date(2015, 1, 1))
    assert found["stations"].shape == (3, 3, 5) and found["county"].shape == (3, 1, 5)
    assert (np.diff(found["county"], axis=2) >= 0).all()
    hours = {"pm25": said.values["pm25"][:24, :, 2]}
    plain = day_aqi(hours, date(2015, 1, 1))
    expected = model.days[BARE][0].quantiles(plain, recentre=True)
    np.testing.assert_allclose(found["stations"][:1], expected)
    with pytest.raises(ValueError, match="whole days"):
        day_outlook(model, issue(model, HISTORY, origin, horizon=20), date(2015, 1, 1))


def test_grades_and_daily_scores() -> None:
    np.testing.assert_array_equal(
        grade([0, 50, 51, 100, 150, 200, 201, 300, 301, 500]), [1, 1, 2, 2, 3, 4, 5, 5, 6, 6]
    )
    observed = np.array([40.0, 120.0, 210.0, 250.0, np.nan] * 6)
    forecast = np.array([60.0, 130.0, 220.0, 180.0, 90.0] * 6)
    skill = daily(forecast, observed, observed - 5, observed + 5)
    assert skill.mae.value == pytest.approx((20 + 10 + 10 + 70) / 4)
    assert (skill.grade_accuracy.value, skill.grade_accuracy.n, skill.grade_accuracy.missing) == (0.5, 24, 6)
    assert skill.threat_score.value == 0.5
    assert skill.coverage is not None and skill.coverage.value == 1.0
    assert daily(forecast[:5], observed[:5]).grade_accuracy.value is None


def test_scores_by_lead_count_what_is_missing() -> None:
    rng = np.random.default_rng(1)
    observed = rng.gamma(2, 30, (40, 3, 2))
    observed[0, 0, 0] = np.nan
    start = observed[:, 0] + 4.0
    offsets = np.array([-3.0, -2.0, 1.0, 2.0, 3.0])
    skills = by_lead(observed[..., None] + offsets, start, observed)
    assert [s.lead for s in skills] == [1, 2, 3]
    assert skills[0].mae.value == pytest.approx(1.0)
    assert skills[0].bias.value == pytest.approx(1.0)
    assert (skills[0].mae.n, skills[0].mae.missing) == (79, 1)
    assert skills[0].persistence.value == pytest.approx(4.0)
    assert skills[1].coverage.value == 1.0
    with pytest.raises(ValueError, match="does not fit"):
        by_lead(observed[..., None] + offsets, start[:3], observed)
