"""Clocks: limits of every unit, pauses, in-time test, levels."""

import json
import random
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.cases.clock import (
    Limit,
    Pause,
    Unit,
    consumed,
    cut,
    due,
    in_time,
    level_at,
    next_level,
    rework_seconds,
)
from qipan.kernel.orgs.worktime import Exceptional, Pattern, WorkTime, parse_week

ZONE = ZoneInfo("Asia/Shanghai")
HOLIDAYS = Path(__file__).resolve().parents[5] / "data/county/cn_holidays.json"
HOUR = 3600.0


@cache
def office() -> WorkTime:
    """Office hours with holidays."""
    rows = json.loads(HOLIDAYS.read_text(encoding="utf-8"))
    days = {date.fromisoformat(day): Exceptional.HOLIDAY for day in rows["holidays"]}
    days |= {date.fromisoformat(day): Exceptional.WORKDAY for day in rows["workdays"]}
    hours = [["08:30", "12:00"], ["13:30", "17:30"]]
    return WorkTime.from_rules([Pattern(date(2004, 1, 1), None, parse_week([hours] * 5 + [[], []]))], days)


def at(text: str) -> datetime:
    """An instant of the county's wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2025-09-26 16:00", Limit(4, Unit.WORK_HOUR), "2025-09-28 11:00"),
        ("2025-09-30 17:00", Limit(4, Unit.WORK_HOUR), "2025-10-09 12:00"),
        ("2025-09-30 10:00", Limit(1, Unit.WORK_DAY), "2025-10-09 10:00"),
        ("2025-09-30 10:00", Limit(1, Unit.WORK_DAY, "next_day"), "2025-10-09 17:30"),
        ("2026-02-11 09:00", Limit(5, Unit.WORK_DAY, "next_day"), "2026-02-25 17:30"),
    ],
)
def test_limits_on_office_time(start: str, limit: Limit, expected: str) -> None:
    assert due(office(), at(start), limit) == at(expected)


def test_urgent_hours_and_calendar_days_take_the_calendar_that_never_rests() -> None:
    always = WorkTime.from_rules([Pattern(date(2004, 1, 1), None, parse_week([[["00:00", "24:00"]]] * 7))])
    assert Limit(2, Unit.URGENT_HOUR).calendar("office") == "always"
    assert Limit(2, Unit.WORK_HOUR).calendar("urban") == "urban"
    assert due(always, at("2025-09-30 23:30"), Limit(2, Unit.URGENT_HOUR)) == at("2025-10-01 01:30")
    assert due(always, at("2025-09-30 23:30"), Limit(3, Unit.CALENDAR_DAY)) == at("2025-10-03 23:30")


def test_a_pause_moves_due_by_working_time_only() -> None:
    pause = Pause(at("2026-03-02 10:00"), at("2026-03-03 14:00"))
    limit = Limit(4, Unit.WORK_HOUR)
    assert due(office(), at("2026-03-02 09:00"), limit, [pause]) == at("2026-03-03 17:00")
    at_night = Pause(at("2026-03-02 20:00"), at("2026-03-03 06:00"))
    assert due(office(), at("2026-03-02 16:00"), limit, [at_night]) == at("2026-03-03 11:00")


def test_an_open_pause_has_no_due_unless_the_limit_ended_before_it() -> None:
    limit = Limit(4, Unit.WORK_HOUR)
    assert due(office(), at("2026-03-02 09:00"), limit, [Pause(at("2026-03-02 10:00"), None)]) is None
    late = [Pause(at("2026-03-02 15:00"), None)]
    assert due(office(), at("2026-03-02 09:00"), limit, late) == at("2026-03-02 14:30")


def test_a_pause_moves_a_next_day_limit_by_whole_days() -> None:
    limit = Limit(5, Unit.WORK_DAY, "next_day")
    start = at("2026-03-02 09:00")
    assert due(office(), start, limit) == at("2026-03-09 17:30")
    same_day = [Pause(at("2026-03-03 09:00"), at("2026-03-03 16:00"))]
    assert due(office(), start, limit, same_day) == at("2026-03-09 17:30")
    # Thursday to Monday: Thursday and Friday, the weekend costs nothing
    weekend = [Pause(at("2026-03-05 09:00"), at("2026-03-09 09:00"))]
    assert due(office(), start, limit, weekend) == at("2026-03-11 17:30")


def test_overlapping_pauses_are_refused_and_others_cut_to_the_clock() -> None:
    with pytest.raises(ValueError, match="overlap"):
        cut(
            [Pause(at("2026-03-02 09:00"), None), Pause(at("2026-03-02 10:00"), None)],
            at("2026-03-02 08:00"),
            None,
        )
    around = Pause(at("2026-03-02 07:00"), at("2026-03-02 19:00"))
    inside = cut([around], at("2026-03-02 09:00"), at("2026-03-02 10:00"))
    assert inside == [Pause(at("2026-03-02 09:00"), at("2026-03-02 10:00"))]
    assert cut([around], at("2026-03-03 09:00"), None) == []


def test_work_at_night_is_in_time_and_the_first_working_second_late() -> None:
    end = at("2025-10-09 12:00")
    assert in_time(office(), end, at("2025-10-09 13:10"))
    assert in_time(office(), end, at("2025-10-09 13:30"))
    assert not in_time(office(), end, at("2025-10-09 13:30:01"))
    assert in_time(office(), at("2026-03-06 17:30"), at("2026-03-08 23:00"))


def test_levels_fire_in_working_time() -> None:
    start, limit = at("2025-09-30 17:00"), Limit(4, Unit.WORK_HOUR)
    assert level_at(office(), start, limit, [], 80) == at("2025-10-09 11:12")
    assert level_at(office(), start, limit, [], 100) == at("2025-10-09 13:30:01")
    assert level_at(office(), start, limit, [], 150) == at("2025-10-09 15:30")
    assert next_level(office(), start, limit, [], 0) == (80, at("2025-10-09 11:12"))
    assert next_level(office(), start, limit, [], 100) == (150, at("2025-10-09 15:30"))
    assert next_level(office(), start, limit, [], 150) is None
    assert next_level(office(), start, limit, [Pause(at("2025-09-30 17:10"), None)], 0) is None


def test_rework_gets_what_was_left_but_at_least_half() -> None:
    assert rework_seconds(4 * HOUR, 1 * HOUR, 0.5) == 3 * HOUR
    assert rework_seconds(4 * HOUR, 3.5 * HOUR, 0.5) == 2 * HOUR
    assert rework_seconds(4 * HOUR, 9 * HOUR, 0.5) == 2 * HOUR


INSTANTS = st.datetimes(datetime(2024, 1, 2), datetime(2026, 12, 1)).map(lambda t: t.replace(tzinfo=ZONE))


@st.composite
def paused_clocks(draw: st.DrawFn) -> tuple[datetime, float, list[Pause]]:
    """A start, an amount of working hours and up to three closed pauses in order."""
    start = draw(INSTANTS)
    position, pauses = start, []
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 9000)), max_size=3)):
        begin = position + timedelta(minutes=gap)
        position = begin + timedelta(minutes=length)
        pauses.append(Pause(begin, position))
    return start, draw(st.integers(1, 60)), pauses


@given(paused_clocks())
def test_exactly_the_limit_is_consumed_at_due(clock: tuple[datetime, float, list[Pause]]) -> None:
    start, hours, pauses = clock
    end = due(office(), start, Limit(hours, Unit.WORK_HOUR), pauses)
    assert end is not None
    assert consumed(office(), start, end, pauses) == pytest.approx(hours * HOUR, abs=1e-6)
    assert consumed(office(), start, end - timedelta(seconds=1), pauses) < hours * HOUR


@given(paused_clocks(), st.integers(0, 40 * 1440))
def test_in_time_means_no_more_consumed_than_the_limit(
    clock: tuple[datetime, float, list[Pause]], minutes: int
) -> None:
    start, hours, pauses = clock
    stop = start + timedelta(minutes=minutes)
    kept = cut(pauses, start, stop)
    end = due(office(), start, Limit(hours, Unit.WORK_HOUR), kept)
    assert end is not None
    assert in_time(office(), end, stop) == (consumed(office(), start, stop, kept) <= hours * HOUR + 1e-6)


@given(paused_clocks())
def test_pauses_never_bring_due_forward(clock: tuple[datetime, float, list[Pause]]) -> None:
    start, hours, pauses = clock
    for limit in (Limit(hours, Unit.WORK_HOUR), Limit(hours, Unit.WORK_DAY, "next_day")):
        plain, paused = due(office(), start, limit), due(office(), start, limit, pauses)
        assert plain is not None and paused is not None and paused >= plain


def test_five_hundred_paused_clocks_against_the_walk() -> None:
    dice = random.Random(7)
    for _ in range(500):
        start = at("2025-01-01 00:00") + timedelta(minutes=dice.randrange(600 * 1440))
        amount = dice.randrange(1, 15 * 60)
        begin = start + timedelta(minutes=dice.randrange(2 * 1440))
        pause = Pause(begin, begin + timedelta(minutes=dice.randrange(1, 5 * 1440)))
        minute, left = start, amount
        while left:
            paused = pause.start <= minute < (pause.end or minute)
            left -= office().is_working(minute) and not paused
            minute += timedelta(minutes=1)
        assert due(office(), start, Limit(amount / 60, Unit.WORK_HOUR), [pause]) == minute
