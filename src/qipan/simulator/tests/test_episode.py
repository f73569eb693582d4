"""The episode has the course it promises, everywhere and at every time the same."""

from datetime import UTC, datetime, timedelta

import pytest

from qipan.kernel.base.clock import now
from qipan.simulator.clock import Clock
from qipan.simulator.episode import CYCLE_H, Episode, Spot

START = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
EPISODE = Episode(START)
WEST = Spot("AIR-100", "township_air", 0, 0.0, 0.5)
EAST = Spot("AIR-120", "township_air", 17, 1.0, 0.5)


def pm25(spot: Spot, hour: float) -> float:
    value = EPISODE.mean(spot, "a34004", START + timedelta(hours=hour))
    assert value is not None
    return value


def test_pollution_builds_up_from_the_west_and_is_blown_away() -> None:
    assert 30 < pm25(WEST, 3) < 80
    assert pm25(WEST, 16) > 150 > pm25(EAST, 16)
    assert pm25(EAST, 24) > 150
    assert pm25(WEST, 30) > 200
    assert pm25(WEST, 50) < 50
    assert pm25(EAST, 50) < 50


def test_two_heavy_hours_in_the_west_within_the_lead_of_a_first_run() -> None:
    assert [hour for hour in range(1, 19) if pm25(WEST, hour) > 150][:2] == [16, 17]


def test_values_are_a_function_of_time_and_place() -> None:
    at = START + timedelta(hours=7.3)
    assert EPISODE.value(WEST, "a34004", at) == Episode(START).value(WEST, "a34004", at)
    assert EPISODE.value(WEST, "a34004", at) != EPISODE.value(EAST, "a34004", at)
    cycle = timedelta(hours=CYCLE_H)
    assert EPISODE.value(WEST, "w01001", at) is None
    assert EPISODE.hours(at + cycle) == pytest.approx(EPISODE.hours(at))


def test_one_micro_station_sees_a_fire_and_its_neighbours_do_not() -> None:
    at = START + timedelta(hours=10.5)
    seen = [EPISODE.value(Spot(f"MIC-{n:03d}", "micro", n, 0.5, 0.5), "a34004", at) for n in (6, 7, 8)]
    assert seen[1] is not None
    assert seen[0] is not None
    assert seen[2] is not None
    assert seen[1] > 250 > max(seen[0], seen[2]) * 2


def test_one_stack_is_over_its_limit_for_hours() -> None:
    stack = Spot("OUT-005", "outlet_air", 4, 0.5, 0.5)
    hourly = [EPISODE.mean(stack, "a21026", START + timedelta(hours=hour)) or 0.0 for hour in range(1, 18)]
    assert [hour for hour, value in enumerate(hourly, start=1) if value > 35] == [11, 12, 13]
    assert (
        EPISODE.mean(Spot("OUT-006", "outlet_air", 5, 0.5, 0.5), "a21026", START + timedelta(hours=12)) or 0
    ) < 35


def test_one_river_has_ammonia() -> None:
    at = START + timedelta(hours=16)
    spots = [Spot(f"WAT-0{n + 1}", "surface_water", n, 0.5, 0.5) for n in range(2)]
    clean, spoilt = (EPISODE.value(spot, "w21003", at) or 0.0 for spot in spots)
    assert clean < 1.0 < 2.0 < spoilt


@pytest.mark.parametrize("kind", ["township_air", "micro", "outlet_air", "surface_water"])
def test_values_stay_in_possible_ranges(kind: str) -> None:
    spot = Spot("X", kind, 7, 0.3, 0.9)
    codes = (
        "a34004 a34002 a21026 a21004 a21005 a05024 a01002 a01007 a34013 a21002 a19001 w01001 w01009 w21003"
    )
    for hour in range(0, 240):
        for code in codes.split():
            value = EPISODE.value(spot, code, START + timedelta(hours=hour / 4))
            assert value is None or 0 <= value < 700


def test_the_clock_catches_up_and_then_keeps_step() -> None:
    begin = now()
    assert abs(Clock(begin - timedelta(hours=1), 1e12).now() - now()) < timedelta(seconds=1)
    slow = Clock(begin - timedelta(hours=1), 10.0).now()
    assert timedelta(minutes=59) < begin - slow <= timedelta(hours=1)
