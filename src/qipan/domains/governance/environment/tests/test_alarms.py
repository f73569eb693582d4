"""High-value alarms: decision, merging, sources upwind, wind roses."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from qipan.domains.governance.environment.alarms import (
    Alarm,
    Judgement,
    Source,
    has_fallen_back,
    is_alarm,
    judge,
    likely_causes,
    merge,
    nearest,
    suspects,
)
from qipan.domains.governance.environment.places import Point, bearing, distance_m, turn
from qipan.domains.governance.environment.series import Floats
from qipan.domains.governance.environment.standards import table_on
from qipan.domains.governance.environment.wind_roses import conditional_probability, polar_plot

TABLE = table_on("high_value_alarm", date(2026, 1, 1))
NOON = datetime(2026, 1, 10, 12)
SITE = Point("m1", 115.44, 36.48)
NEIGHBOURS = ("town", "m2", "m3", "m4")


def reading(value: float, *around: float, time: datetime = NOON, site: str = "m1") -> Judgement:
    readings = {site: value, **dict(zip(NEIGHBOURS, around, strict=False))}
    return judge(site, time, "PM25", readings, neighbours=NEIGHBOURS, table=TABLE)


def metres_away(code: str, east: float, north: float) -> Point:
    return Point(code, SITE.lon + east / 89500, SITE.lat + north / 110960)


def test_distances_and_directions() -> None:
    # WGS84 at 36.48°: a minute of latitude is 1849.5 m, a minute of longitude 1493.6 m
    assert distance_m(SITE, Point("n", 115.44, 36.48 + 1 / 60)) == pytest.approx(1849.5, abs=0.2)
    assert distance_m(SITE, Point("e", 115.44 + 1 / 60, 36.48)) == pytest.approx(1493.6, abs=0.2)
    assert bearing(SITE, Point("w", 115.40, 36.48)) == pytest.approx(270, abs=0.1)
    assert turn(350, 20) == 30


def test_high_needs_ratio_and_excess() -> None:
    assert reading(75, 45, 40, 50, 45).high is True  # 45: ×1.67, +30
    assert reading(74, 45, 40, 50, 45).high is False  # +29
    assert reading(130, 90, 90, 90, 90).high is False  # ×1.44
    assert reading(135, 90, 90, 90, 90).high is True
    judged = reading(75, 45, 40, 50, 45)
    assert (judged.median, judged.excess, judged.compared) == (45, 30, NEIGHBOURS)
    assert str(judged.reason) == "75 对周边中位数 45(判据:不低于 1.5 倍且高出不少于 30)"


def test_too_few_neighbours_give_no_judgement() -> None:
    judged = reading(300, 45, float("nan"), 50)
    assert (judged.high, judged.median, judged.compared) == (False, None, ("town", "m3"))
    with pytest.raises(KeyError):
        judge("m9", NOON, "PM25", {}, neighbours=NEIGHBOURS, table=TABLE)


def test_alarm_needs_two_of_three_and_the_newest() -> None:
    high, low = reading(200, 45, 45, 45, 45), reading(45, 45, 45, 45, 45)
    assert is_alarm([high, low, high], TABLE)
    assert is_alarm([high, high], TABLE)
    assert not is_alarm([low, low, high], TABLE)
    assert not is_alarm([high, high, low], TABLE)
    assert not is_alarm([high, low, low, high], TABLE)
    assert not is_alarm([], TABLE)


def test_fallen_back_needs_four_compared_quiet_intervals() -> None:
    low, alone = reading(45, 45, 45, 45, 45), reading(45)
    assert has_fallen_back([low] * 4, TABLE)
    assert not has_fallen_back([low] * 3, TABLE)
    assert not has_fallen_back([low, low, alone, low], TABLE)


def test_neighbours_are_the_five_nearest_within_five_kilometres() -> None:
    others = [SITE, *(metres_away(f"n{d}", d, 0) for d in (4900, 900, 5200, 300, 2000, 1500, 2500))]
    assert [p.code for p in nearest(SITE, others, TABLE)] == ["n300", "n900", "n1500", "n2000", "n2500"]


def test_high_values_nearby_and_soon_are_one_alarm() -> None:
    places = {"m1": SITE, "m2": metres_away("m2", 900, 0), "m5": metres_away("m5", 2500, 0)}
    alarms: list[Alarm] = []
    for site, minutes in (("m1", 0), ("m2", 100), ("m5", 105), ("m1", 200), ("m1", 330)):
        value = reading(200, 45, 45, 45, 45, time=NOON + timedelta(minutes=minutes), site=site)
        alarms = merge(alarms, value, places, TABLE)
    assert [[j.site for j in alarm.members] for alarm in alarms] == [["m1", "m2", "m1"], ["m5"], ["m1"]]
    assert alarms[0].first.time == NOON
    assert alarms[0].last.time == NOON + timedelta(minutes=200)


def test_suspects_lie_upwind_and_are_ranked() -> None:
    sources = [
        Source(metres_away("boiler", 0, 1000), "boiler", "firm", 100.0),
        Source(metres_away("kiln", 400, 2000), "kiln", "firm", 300.0),
        Source(metres_away("east", 1000, 0), "east", "firm", 900.0),
        Source(metres_away("far", 0, 3100), "far", "firm", 9000.0),
        Source(metres_away("yard", 0, 500), "yard", "dust", 10.0),
    ]
    found = suspects(SITE, 0, 2.0, sources, table=TABLE)
    assert [s.source.name for s in found] == ["kiln", "boiler", "yard"]
    assert sum(s.share for s in found) == pytest.approx(1)
    assert found[1].score == pytest.approx(0.1, rel=1e-3)
    again = suspects(SITE, 0, 2.0, sources, table=TABLE, confirmed={"yard": 9})
    assert [s.source.name for s in again] == ["yard", "kiln", "boiler"]
    calm = suspects(SITE, 0, 0.2, sources, table=TABLE)
    assert calm[0].source.name == "east"
    assert calm[0].off_wind is None


def test_causes_by_what_rises_together() -> None:
    assert likely_causes({"PM25": 30, "PM10": 200}, TABLE) == ["dust"]
    assert likely_causes({"PM25": 100, "PM10": 110, "SO2": 60, "CO": 0.1}, TABLE) == ["coal"]
    assert likely_causes({"PM25": 100, "PM10": 110, "SO2": 2, "CO": 2.0}, TABLE) == ["straw_burning"]
    assert likely_causes({"PM25": 40, "NO2": 60, "CO": 0.8}, TABLE) == ["traffic"]
    assert likely_causes({}, TABLE) == []


def wind(hours: int, seed: int = 5) -> tuple[Floats, Floats]:
    generator = np.random.default_rng(seed)
    return generator.uniform(0, 360, hours), generator.uniform(0, 5, hours)


def test_conditional_probability_finds_the_sector_of_the_source() -> None:
    direction, speed = wind(720)
    values = np.where(np.abs(direction - 90) < 20, 150.0, 40.0)
    values[10] = np.nan
    result = conditional_probability(values, direction, speed, TABLE)
    assert result.top_sector == 4  # east of 16
    assert result.share[4] == 1.0
    assert result.share[12] == 0.0
    assert int(result.hours.sum()) + result.calm_hours == 719
    with pytest.raises(ValueError, match="values"):
        conditional_probability(np.full(3, np.nan), direction[:3], speed[:3], TABLE)


def test_polar_plot_shows_where_the_concentration_comes_from() -> None:
    direction, speed = wind(4000)
    values = np.where((np.abs(direction - 90) < 25) & (speed > 2), 200.0, 50.0)
    plot = polar_plot(values, direction, speed)
    row, column = np.unravel_index(np.nanargmax(plot.mean), plot.mean.shape)
    assert plot.axis[column] > 2.5
    assert abs(plot.axis[row]) < 1
    assert np.isnan(plot.mean[0, 0])  # never blew that hard from the corner
    flat = polar_plot(np.full(4000, 70.0), direction, speed).mean
    assert np.nanmax(np.abs(flat - 70.0)) < 1e-9
