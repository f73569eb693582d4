"""Pre-evaluation: matrix against the plume, conservation, bounds by the local part, draws, learning."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from qipan.domains.governance.environment.dispersion import plume, sigmas
from qipan.domains.governance.environment.factor_learning import PastEffect, learned_factors
from qipan.domains.governance.environment.places import Point, metres
from qipan.domains.governance.environment.plume_rise import Stack
from qipan.domains.governance.environment.pre_evaluation import (
    Baseline,
    Cut,
    Matrices,
    background,
    estimate,
    matrices,
    unit_effects,
)
from qipan.domains.governance.environment.source_receptor import (
    EmissionPoint,
    Skies,
    Variation,
    source_receptor,
)
from qipan.domains.governance.environment.standards import table_on

DAY = date(2026, 1, 10)
TABLE = table_on("effect_estimate", DAY)
AIR = table_on("atmospheric_stability", DAY)
SOURCE = Point("kiln", 115.44, 36.48)
KILN = EmissionPoint("kiln", SOURCE)


def away(code: str, east: float, north: float) -> Point:
    return Point(code, SOURCE.lon + east / 89500, SOURCE.lat + north / 110960)


def skies(u: float, v: float, days: int = 1, stability: str = "D") -> Skies:
    hours = 24 * days
    return Skies(np.full(hours, u), np.full(hours, v), np.full(hours, 2.0), (stability,) * hours)


def test_one_kilogram_a_day_is_the_plume_of_its_grams() -> None:
    town = away("town", 3000, 100)
    found = source_receptor([KILN], [town], skies(2.0, 0.0), AIR)
    east, north = metres(SOURCE, town)
    unit = plume(np.array([east]), np.array([north]), 0.0, wind=2.0, height=10.0, spread=sigmas("D", AIR))
    # 1 kg/d = 1000/86400 g/s; 1e6 µg per g
    assert found.shape == (1, 1, 1)
    assert found[0, 0, 0] == pytest.approx(unit[0] * 1000 / 86400 * 1e6, rel=1e-9)


def test_upwind_gets_nothing_and_the_wind_can_be_turned() -> None:
    east, north = away("e", 3000, 0), away("n", 0, 3000)
    plain = source_receptor([KILN], [east, north], skies(2.0, 0.0), AIR)[0, 0]
    turned = source_receptor([KILN], [east, north], skies(2.0, 0.0), AIR, variation=Variation(turn=-90.0))[
        0, 0
    ]
    assert plain[1] == 0.0
    assert turned[1] == pytest.approx(plain[0], rel=2e-3)
    assert turned[0] == pytest.approx(0.0, abs=1e-12)
    faster = source_receptor([KILN], [east], skies(2.0, 0.0), AIR, variation=Variation(speed=2.0))
    assert faster[0, 0, 0] == pytest.approx(plain[0] / 2, rel=1e-9)


def test_hot_stack_spares_the_near_town() -> None:
    near = away("near", 1500, 0)
    hot = EmissionPoint("hot", SOURCE, Stack(60, 2, 140, 12))
    values = source_receptor([KILN, hot], [near], skies(3.0, 0.0), AIR)[0, :, 0]
    assert values[1] < 0.1 * values[0]


def test_calm_hours_are_puffs_and_stay_in_the_air() -> None:
    near = away("near", 400, 0)
    sky = skies(0.4, 0.0, stability="F")
    calm = source_receptor([KILN], [near], sky, AIR)[0, 0, 0]
    windy = source_receptor([KILN], [near], skies(4.0, 0.0, stability="F"), AIR)[0, 0, 0]
    assert calm > 2 * windy


def test_skies_must_be_whole_days_of_equal_length() -> None:
    with pytest.raises(ValueError, match="whole days"):
        Skies(np.zeros(5), np.zeros(5), np.zeros(5), ("D",) * 5)
    with pytest.raises(ValueError, match="length"):
        Skies(np.zeros(24), np.zeros(24), np.zeros(24), ("D",) * 23)


def test_background_is_a_low_percentile_of_what_lies_upwind() -> None:
    stations = np.array([[10.0, 20, 30, 40, 50], [10, 20, np.nan, 40, 50]])
    upwind = np.array([[True, True, True, True, True], [False, False, True, False, False]])
    assert background(stations, upwind, TABLE).tolist() == [18.0, pytest.approx(16.0)]


def baseline(level: float = 160.0, ground: float = 60.0) -> Baseline:
    days = (DAY, date(2026, 1, 11))
    middle = np.full(2, level)
    return Baseline(days, middle * 0.8, middle, middle * 1.25, np.full(2, ground))


MATRIX = Matrices(("kiln", "works"), np.full((3, 2, 2), 0.02))
CUTS = [
    Cut("kiln", {"PM": 500.0, "SO2": 4000.0}, KILN),
    Cut("road", {"PM": 100.0, "NOX": 10000.0}),
]


def test_effect_has_an_interval_around_the_sum_of_its_parts() -> None:
    effect = estimate(baseline(), CUTS, MATRIX, TABLE)
    assert effect.draws == 500
    # primary 0.6·600 kg·0.02 = 7.2; SO2 4 t·0.12 = 0.48; NOX 10 t·0.08 = 0.8
    assert effect.by_pollutant["PM"] == pytest.approx(7.2, rel=0.05)
    assert effect.by_pollutant["SO2"] == pytest.approx(0.48, rel=0.15)
    assert effect.by_pollutant["NOX"] == pytest.approx(0.8, rel=0.15)
    assert effect.mean_cut.p05 < 8.5 < effect.mean_cut.p95
    day = effect.days[0]
    assert day.without.p50 == pytest.approx(160, rel=0.03)
    assert day.with_measures.p50 < day.without.p50
    assert day.aqi_without.p50 == pytest.approx(210, abs=8)
    assert sum(day.grades_with.values()) == pytest.approx(1.0)
    assert day.grades_with.get("重度污染", 0) < day.grades_without["重度污染"]
    assert effect.provisional is True
    assert estimate(baseline(), CUTS, MATRIX, TABLE) == effect


def test_measures_cannot_take_more_than_the_local_part() -> None:
    effect = estimate(baseline(level=62, ground=60), [Cut("kiln", {"PM": 1e6}, KILN)], MATRIX, TABLE)
    for day in effect.days:
        assert day.with_measures.p05 > 40
        assert day.cut.p95 < 40


def test_no_measures_no_effect() -> None:
    effect = estimate(baseline(), [], MATRIX, TABLE)
    assert (effect.mean_cut.p05, effect.mean_cut.p95) == (0.0, 0.0)
    assert effect.days[0].grades_with == effect.days[0].grades_without


def test_wider_spread_of_the_weather_widens_the_interval() -> None:
    narrow = estimate(baseline(), CUTS, MATRIX, TABLE).mean_cut
    values = MATRIX.values * np.array([0.5, 1.0, 2.0])[:, None, None]
    wide = estimate(baseline(), CUTS, Matrices(MATRIX.codes, values), TABLE).mean_cut
    assert wide.p95 - wide.p05 > 1.5 * (narrow.p95 - narrow.p05)


def test_effects_of_single_lines_for_the_optimiser() -> None:
    effects = unit_effects(CUTS, MATRIX, TABLE)
    assert effects["kiln"] == pytest.approx(0.6 * 500 * 0.02 + 4 * 0.12)
    assert effects["road"] == pytest.approx(0.6 * 100 * 0.02 + 10 * 0.08)
    assert unit_effects(CUTS, MATRIX, TABLE, factors={"NOX": 0.0})["road"] == pytest.approx(1.2)


def test_matrices_under_varied_weather() -> None:
    few = replace(TABLE, rows={**TABLE.rows, "variants": 4})
    towns = [away("a", 3000, 0), away("b", 3000, 900)]
    found = matrices(
        [KILN, EmissionPoint("works", away("works", -2000, 0))], towns, skies(2.0, 0.0), few, air=AIR
    )
    assert found.values.shape == (4, 1, 2)
    assert found.codes == ("kiln", "works")
    plain = source_receptor([KILN], towns, skies(2.0, 0.0), AIR).mean(axis=2)
    assert found.values[0, :, 0] == pytest.approx(plain[:, 0])
    assert len(set(np.round(found.values[:, 0, 0], 12))) == 4
    assert np.array_equal(
        found.values,
        matrices(
            [KILN, EmissionPoint("works", away("works", -2000, 0))], towns, skies(2.0, 0.0), few, air=AIR
        ).values,
    )


def test_factors_without_episodes_are_the_prior() -> None:
    assert learned_factors([], TABLE) == pytest.approx({"SO2": 0.12, "NOX": 0.08, "VOC": 0.02})


def test_factors_move_towards_what_evaluations_found() -> None:
    past = [
        PastEffect({"SO2": 20.0}, 5.0, 5.0 + 20 * 0.3, 5.0),
        PastEffect({"SO2": 200.0}, 5.0, 5.0 + 200 * 0.3, 5.0),
    ]
    learned = learned_factors(past, TABLE)
    assert learned["SO2"] == pytest.approx(0.3, abs=0.01)
    assert learned["NOX"] == pytest.approx(0.08)
    worthless = learned_factors([PastEffect({"SO2": 500.0}, 20.0, 0.0, 5.0)], TABLE)
    assert 0.0 <= worthless["SO2"] < 0.01
