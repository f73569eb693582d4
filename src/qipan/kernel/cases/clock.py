"""Clocks of cases: when a limit is due, how much of it is used, when its levels are reached (no Django).

A clock belongs to one calendar. Its limit counts hours around the clock (`urgent_hour`), working hours,
working days (`elapsed`: so many times the daily hours; `next_day`: to the end of the n-th working day
after the start day) or calendar days. Pauses cost nothing. A clock is in time when no working time passed
after its due instant, so work done at night is never late.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qipan.kernel.base.clock import county_day
from qipan.kernel.orgs.worktime import WorkTime

HOUR = 3600
DAY = 24 * HOUR
LEVELS = (80, 100, 150)


class Unit(StrEnum):
    """What a limit counts."""

    URGENT_HOUR = "urgent_hour"
    WORK_HOUR = "work_hour"
    WORK_DAY = "work_day"
    CALENDAR_DAY = "calendar_day"


AROUND_THE_CLOCK = frozenset({Unit.URGENT_HOUR, Unit.CALENDAR_DAY})


@dataclass(frozen=True)
class Limit:
    """An amount of time; `day_rule` matters for working days only."""

    amount: float
    unit: Unit
    day_rule: str = "elapsed"

    @property
    def by_days(self) -> bool:
        """Whether the limit ends with a day's work instead of after so many seconds."""
        return self.unit == Unit.WORK_DAY and self.day_rule == "next_day"

    def calendar(self, named: str) -> str:
        """Code of the calendar that counts this limit when the type names one."""
        return "always" if self.unit in AROUND_THE_CLOCK else named

    def seconds(self, calendar: WorkTime, start: datetime) -> float:
        """Working seconds that the limit allows for a clock begun at `start`."""
        if self.by_days:
            return calendar.worked(start, calendar.add_days(start, round(self.amount), "next_day"))
        if self.unit == Unit.WORK_DAY:
            return self.amount * calendar.day_seconds(county_day(start))
        return self.amount * (DAY if self.unit == Unit.CALENDAR_DAY else HOUR)


@dataclass(frozen=True)
class Pause:
    """From when to when a clock stands; `end` None while it still does."""

    start: datetime
    end: datetime | None


def cut(pauses: Iterable[Pause], start: datetime, stop: datetime | None) -> list[Pause]:
    """Pauses in order inside [start, stop]; ValueError when two overlap."""
    ordered = sorted(pauses, key=lambda pause: pause.start)
    for index, pause in enumerate(ordered[:-1]):
        if pause.end is None or pause.end > ordered[index + 1].start:
            raise ValueError(f"pauses: two overlap at {ordered[index + 1].start.isoformat()}")
    inside = []
    for pause in ordered:
        begin = max(pause.start, start)
        end = pause.end if stop is None else min(pause.end or stop, stop)
        if end is None or end > begin:
            inside.append(Pause(begin, end))
    return inside


def consumed(calendar: WorkTime, start: datetime, at: datetime, pauses: Sequence[Pause] = ()) -> float:
    """Working seconds used between `start` and `at`, pauses taken out."""
    used = calendar.worked(start, at)
    for pause in cut(pauses, start, at):
        used -= calendar.worked(pause.start, pause.end or at)
    return used


def reach(
    calendar: WorkTime, start: datetime, seconds: float, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The earliest instant with so many seconds used; None when an open pause stands before it."""
    left, position = seconds, start
    for pause in cut(pauses, start, None):
        used = calendar.worked(position, pause.start)
        if used >= left:
            break
        if pause.end is None:
            return None
        left, position = left - used, pause.end
    return calendar.add(position, left)


def due(calendar: WorkTime, start: datetime, limit: Limit, pauses: Sequence[Pause] = ()) -> datetime | None:
    """When a limit is used up; None while a pause leaves it open.

    Under `next_day` a pause moves the end by the working days d with pause day ≤ d < day of resuming.
    """
    if not limit.by_days:
        return reach(calendar, start, limit.seconds(calendar, start), pauses)
    days = round(limit.amount)
    end = calendar.add_days(start, days, "next_day")
    for pause in cut(pauses, start, None):
        if pause.start >= end:
            break
        if pause.end is None:
            return None
        days += calendar.working_days(county_day(pause.start), county_day(pause.end))
        end = calendar.add_days(start, days, "next_day")
    return end


def in_time(calendar: WorkTime, due_at: datetime, stop: datetime) -> bool:
    """Whether no working time passed between the due instant and the stop."""
    return stop <= due_at or calendar.worked(due_at, stop) == 0


def level_at(
    calendar: WorkTime, start: datetime, limit: Limit, pauses: Sequence[Pause], level: int
) -> datetime | None:
    """When a level (per cent of the limit) fires; None while paused.

    The level of 100 fires at the first working second after the due instant, never at night.
    """
    if level == 100:
        end = due(calendar, start, limit, pauses)
        return None if end is None else calendar.add(end, 1)
    return reach(calendar, start, limit.seconds(calendar, start) * level / 100, pauses)


def next_level(
    calendar: WorkTime, start: datetime, limit: Limit, pauses: Sequence[Pause], fired: int
) -> tuple[int, datetime] | None:
    """The first level above the fired one and its instant; None when all fired or while paused."""
    for level in LEVELS:
        if level > fired:
            at = level_at(calendar, start, limit, pauses, level)
            return None if at is None else (level, at)
    return None


def rework_seconds(allowed: float, used: float, share: float) -> float:
    """Handling time after a failed check: what was left, at least `share` of the first limit."""
    return max(allowed - used, share * allowed)
