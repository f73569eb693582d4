"""Working time: hand examples, laws that must hold, and a slow reference that walks minute by minute."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.orgs.worktime import Exceptional, Pattern, WorkTime, parse_week

ZONE = ZoneInfo("Asia/Shanghai")
HOLIDAYS = Path(__file__).resolve().parents[5] / "data/county/cn_holidays.json"
OFFICE_DAY = [["08:30", "12:00"], ["13:30", "17:30"]]
HOUR = 3600


@cache
def office() -> WorkTime:
    """Office hours with the official holidays and make-up days, from 2004."""
    rows = json.loads(HOLIDAYS.read_text(encoding="utf-8"))
    days = {date.fromisoformat(day): Exceptional.HOLIDAY for day in rows["holidays"]}
    days |= {date.fromisoformat(day): Exceptional.WORKDAY for day in rows["workdays"]}
    week = parse_week([OFFICE_DAY] * 5 + [[], []])
    return WorkTime.from_rules([Pattern(date(2004, 1, 1), None, week)], days)


@cache
def always() -> WorkTime:
    """Day and night."""
    return WorkTime.from_rules([Pattern(date(2004, 1, 1), None, parse_week([[["00:00", "24:00"]]] * 7))])


def at(text: str) -> datetime:
    """An instant of the county's wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2025-09-26 16:00", 4, "2025-09-28 11:00"),
        ("2025-09-30 17:00", 4, "2025-10-09 12:00"),
        ("2025-10-04 03:00", 2, "2025-10-09 10:30"),
        ("2026-02-13 17:00", 1, "2026-02-14 09:00"),
        ("2026-02-14 17:00", 2, "2026-02-24 10:00"),
        ("2026-09-18 17:00", 2, "2026-09-20 10:00"),
    ],
)
def test_work_hours_by_hand(start: str, hours: int, due: str) -> None:
    assert office().add(at(start), hours * HOUR) == at(due)


def test_urgent_hours_run_through_the_night() -> None:
    assert always().add(at("2025-09-30 23:30"), 2 * HOUR) == at("2025-10-01 01:30")


@pytest.mark.parametrize(
    ("start", "days", "rule", "due"),
    [
        ("2025-09-30 10:00", 1, "elapsed", "2025-10-09 10:00"),
        ("2025-09-30 10:00", 1, "next_day", "2025-10-09 17:30"),
        ("2025-09-24 09:00", 5, "next_day", "2025-09-30 17:30"),
        ("2025-09-24 23:59", 5, "next_day", "2025-09-30 17:30"),
        ("2026-02-11 09:00", 5, "next_day", "2026-02-25 17:30"),
    ],
)
def test_work_days_by_hand(start: str, days: int, rule: str, due: str) -> None:
    assert office().add_days(at(start), days, rule) == at(due)  # type: ignore[arg-type]


def test_a_pause_costs_nothing() -> None:
    start, pause, resume = at("2026-03-02 09:00"), at("2026-03-02 10:00"), at("2026-03-03 14:00")
    used = office().worked(start, pause)
    assert used == HOUR
    assert office().add(resume, 4 * HOUR - used) == at("2026-03-03 17:00")


def test_work_done_at_night_after_due_is_in_time() -> None:
    # due 12:00, done 13:10: no working second has passed between
    start, due = at("2025-09-30 17:00"), at("2025-10-09 12:00")
    assert office().worked(start, due) == 4 * HOUR
    assert office().worked(start, at("2025-10-09 13:10")) == 4 * HOUR
    assert office().worked(start, at("2025-10-09 13:30:01")) == 4 * HOUR + 1


def test_the_end_of_a_span_no_longer_counts_as_work() -> None:
    assert office().is_working(at("2026-03-02 08:30"))
    assert office().is_working(at("2026-03-02 11:59:59"))
    assert not office().is_working(at("2026-03-02 12:00"))
    assert not office().is_working(at("2026-03-01 10:00"))
    assert office().is_working(at("2026-02-28 10:00"))


def test_dates_after_the_last_announcement_are_provisional() -> None:
    assert not office().provisional(at("2026-12-31 23:00"))
    assert office().provisional(at("2027-01-01 00:00"))
    assert not always().provisional(at("2040-01-01 00:00"))


def test_half_days_end_at_noon_and_closures_have_no_work() -> None:
    week = parse_week([[["09:00", "17:00"]]] * 7)
    days = {date(2026, 3, 2): Exceptional.HALF, date(2026, 3, 3): Exceptional.CLOSED}
    calendar = WorkTime.from_rules([Pattern(date(2026, 1, 1), None, week)], days)
    assert calendar.add(at("2026-03-02 11:00"), 2 * HOUR) == at("2026-03-04 10:00")
    assert calendar.working_days(date(2026, 3, 1), date(2026, 3, 5)) == 3


def test_summer_hours_change_the_length_of_a_day() -> None:
    winter = parse_week([[["09:00", "17:00"]]] * 7)
    summer = parse_week([[["08:00", "12:00"], ["15:00", "19:00"]]] * 7)
    calendar = WorkTime.from_rules(
        [Pattern(date(2026, 1, 1), date(2026, 6, 1), winter), Pattern(date(2026, 6, 1), None, summer)]
    )
    assert calendar.add(at("2026-05-31 16:00"), 6 * HOUR) == at("2026-06-01 16:00")


def test_rules_that_cannot_be_are_refused() -> None:
    week = parse_week([OFFICE_DAY] * 7)
    with pytest.raises(ValueError, match="none given"):
        WorkTime.from_rules([])
    with pytest.raises(ValueError, match="two hold on 2026-02-01"):
        WorkTime.from_rules([Pattern(date(2026, 1, 1), None, week), Pattern(date(2026, 2, 1), None, week)])
    with pytest.raises(ValueError, match="day 1 overlap"):
        parse_week([[["08:00", "12:00"], ["11:00", "13:00"]]] + [[]] * 6)
    with pytest.raises(ValueError, match="is no time"):
        parse_week([[["08:00", "24:30"]]] + [[]] * 6)
    idle = WorkTime.from_rules([Pattern(date(2026, 1, 1), None, parse_week([[]] * 7))])
    with pytest.raises(ValueError, match="no working time"):
        idle.add(at("2026-01-01 00:00"), 1)
    with pytest.raises(ValueError, match="before the calendar begins"):
        office().add(at("2003-12-31 23:59"), 1)


INSTANTS = st.datetimes(datetime(2004, 1, 2), datetime(2027, 12, 31)).map(lambda t: t.replace(tzinfo=UTC))
AMOUNTS = st.integers(0, 400 * HOUR)


@given(INSTANTS, st.integers(0, 60 * 86400))
def test_work_never_runs_backwards(start: datetime, later: int) -> None:
    assert 0 <= office().worked(start, start + timedelta(seconds=later)) <= later


@given(INSTANTS, AMOUNTS)
def test_adding_is_the_inverse_of_counting_and_earliest(start: datetime, seconds: int) -> None:
    due = office().add(start, seconds)
    assert office().worked(start, due) == seconds
    if seconds:
        assert office().worked(start, due - timedelta(microseconds=1)) < seconds


@given(INSTANTS, AMOUNTS, AMOUNTS)
def test_adding_twice_is_adding_the_sum(start: datetime, first: int, second: int) -> None:
    assert office().add(start, first + second) == office().add(office().add(start, first), second)


@cache
def minutes_worked() -> tuple[datetime, bytearray]:
    """One byte per minute of 2024 to 2026: the calendar spelled out without any of its arithmetic."""
    rows = json.loads(HOLIDAYS.read_text(encoding="utf-8"))
    begin = at("2024-01-01 00:00")
    calendar = bytearray()
    for number in range(366 + 365 + 365):
        day = begin.date() + timedelta(days=number)
        free = day.isoformat() in rows["holidays"]
        made_up = day.isoformat() in rows["workdays"]
        working = made_up or (day.weekday() < 5 and not free)
        for minute in range(1440):
            morning, afternoon = 510 <= minute < 720, 810 <= minute < 1050
            calendar.append(working and (morning or afternoon))
    return begin, calendar


def walk(start_minute: int, amount: int, pause: tuple[int, int] | None) -> int:
    """Count working minutes one by one, those of the pause excepted; the minute index when none is left."""
    calendar, minute = minutes_worked()[1], start_minute
    while amount:
        paused = pause is not None and pause[0] <= minute < pause[1]
        if calendar[minute] and not paused:
            amount -= 1
        minute += 1
    return minute


def test_a_thousand_cases_against_the_walk() -> None:
    begin, calendar = minutes_worked()
    dice = random.Random(20250926)
    for number in range(1000):
        start = dice.randrange(len(calendar) - 120 * 1440)
        amount = dice.randrange(1, 40 * 60)
        begun = begin + timedelta(minutes=start)
        plain = office().add(begun, amount * 60)
        if number % 2:
            assert plain == begin + timedelta(minutes=walk(start, amount, None))
            continue
        pause = start + dice.randrange(0, max(1, int((plain - begun).total_seconds() // 60)))
        resume = pause + dice.randrange(1, 20 * 1440)
        used = office().worked(begun, begin + timedelta(minutes=pause))
        due = office().add(begin + timedelta(minutes=resume), amount * 60 - used)
        assert due == begin + timedelta(minutes=walk(start, amount, (pause, resume)))


def test_next_day_limits_against_counting_days() -> None:
    begin, calendar = minutes_worked()
    dice = random.Random(20260211)
    for _ in range(300):
        start, days = dice.randrange(len(calendar) - 120 * 1440), dice.randrange(1, 25)
        number, left = start // 1440, days
        while left:
            number += 1
            left -= any(calendar[number * 1440 : (number + 1) * 1440])
        expected = begin + timedelta(days=number, minutes=1050)
        assert office().add_days(begin + timedelta(minutes=start), days, "next_day") == expected
