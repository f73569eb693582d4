"""Arithmetic of working time: when is a limit used up, how much of it is used.

Let W(t) be the working time from the first day of the rules to t. W never falls and is piecewise linear, so
prefix sums per span of work answer every question by binary search. Whole microseconds are counted, hence
`add` and `worked` are exact inverses. The county keeps UTC+8 without summer time since 1991.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from itertools import pairwise
from typing import Literal, NamedTuple

MINUTE = 60_000_000
DAY = 24 * 60 * MINUTE
NOON = 12 * 60
COUNTY_OFFSET = timezone(timedelta(hours=8))
EPOCH = datetime(2000, 1, 1, tzinfo=COUNTY_OFFSET)
EPOCH_DAY = EPOCH.date().toordinal()
MICROSECOND = timedelta(microseconds=1)
SEARCH_DAYS = 366  # the table of spans grows by a year at a time
LONGEST_GAP_DAYS = 3660  # ten years without one working second: the rules are wrong

Span = tuple[int, int]  # minutes of the day, end excluded
DayRule = Literal["elapsed", "next_day"]


class Exceptional(StrEnum):
    """How a day departs from the weekly pattern."""

    HOLIDAY = "holiday"
    WORKDAY = "workday"
    HALF = "half"
    CLOSED = "closed"


@dataclass(frozen=True)
class Pattern:
    """Weekly hours from one day to another (`valid_to` excluded); seven tuples of spans, Monday first."""

    valid_from: date
    valid_to: date | None
    week: tuple[tuple[Span, ...], ...]

    @property
    def standard_day(self) -> tuple[Span, ...]:
        """Hours of the first weekday that has any; a make-up day is worked like it."""
        return next((spans for spans in self.week if spans), ())

    def holds(self, day: date) -> bool:
        """Whether the pattern is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Table(NamedTuple):
    """Spans of work in order, replaced as a whole when it grows, so that threads may share a calendar."""

    starts: list[int]
    ends: list[int]
    totals: list[int]  # W at the end of each span
    until: date  # first day that is not yet in the table


def parse_week(hours: Sequence[Sequence[Sequence[str]]]) -> tuple[tuple[Span, ...], ...]:
    """Seven lists of ["08:30", "12:00"] pairs as minutes; ValueError names the day that is wrong."""
    if len(hours) != 7:
        raise ValueError(f"hours: {len(hours)} days instead of 7")
    return tuple(_parse_day(number, spans) for number, spans in enumerate(hours, start=1))


def _parse_day(number: int, spans: Sequence[Sequence[str]]) -> tuple[Span, ...]:
    parsed = tuple((_minutes(start), _minutes(end)) for start, end in spans)
    edges = [minute for span in parsed for minute in span]
    if edges != sorted(set(edges)):
        raise ValueError(f"hours: spans of day {number} overlap, touch or run backwards")
    return parsed


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    value = int(hour) * 60 + int(minute)
    if not 0 <= value <= 24 * 60 or not 0 <= int(minute) < 60:
        raise ValueError(f"hours: {text} is no time of the day")
    return value


class WorkTime:
    """One calendar: weekly patterns with exceptional days, and questions about it."""

    def __init__(
        self, patterns: tuple[Pattern, ...], exceptions: Mapping[date, Exceptional], known_to: date | None
    ) -> None:
        self._patterns = patterns
        self._exceptions = dict(exceptions)
        self._known_to = known_to
        self._first = patterns[0].valid_from
        self._table = Table([], [], [], self._first)

    @classmethod
    def from_rules(
        cls, patterns: Iterable[Pattern], exceptions: Mapping[date, Exceptional] | None = None
    ) -> "WorkTime":
        """A calendar from its rules; ValueError without patterns or when two hold on one day.

        Holidays are announced by years: the calendar is sure up to the last day of the last year that has
        a holiday, and always sure when it knows no holidays at all.
        """
        ordered = tuple(sorted(patterns, key=lambda pattern: pattern.valid_from))
        if not ordered:
            raise ValueError("patterns: none given")
        for earlier, later in pairwise(ordered):
            if earlier.valid_to is None or earlier.valid_to > later.valid_from:
                raise ValueError(f"patterns: two hold on {later.valid_from}")
        days = dict(exceptions or {})
        years = [day.year for day, kind in days.items() if kind == Exceptional.HOLIDAY]
        return cls(ordered, days, date(max(years), 12, 31) if years else None)

    def add(self, start: datetime, seconds: float) -> datetime:
        """The earliest instant (UTC) by which `seconds` of work have passed since `start`; 0 gives `start`.

        ValueError for negative seconds, or when ten years hold no such instant.
        """
        amount = round(seconds * 1_000_000)
        if amount < 0:
            raise ValueError(f"seconds: {seconds} is negative")
        if amount == 0:
            return start.astimezone(UTC)
        target = self._work_until(self._stamp(start)) + amount
        table = self._table
        while not table.totals or table.totals[-1] < target:
            table = self._grow_until_work(table)
        index = bisect_left(table.totals, target)
        return self._instant(table.ends[index] - (table.totals[index] - target))

    def worked(self, start: datetime, end: datetime) -> float:
        """Working seconds between two instants; ValueError when they run backwards."""
        if end < start:
            raise ValueError("end: lies before start")
        return (self._work_until(self._stamp(end)) - self._work_until(self._stamp(start))) / 1_000_000

    def add_days(self, start: datetime, days: int, rule: DayRule = "elapsed") -> datetime:
        """When a limit in working days ends.

        `elapsed`: that many times the daily hours in force at the start. `next_day`: the start day does not
        count and the limit ends with the work of the last day.
        """
        if rule == "elapsed":
            return self.add(start, days * self.day_seconds(self._day(start)))
        if days < 1:
            raise ValueError(f"days: {days}, at least one is needed for next_day")
        day = self._day(start)
        for _ in range(days):
            day = self.next_working_day(day)
        return self._instant(self._midnight(day) + self.spans(day)[-1][1] * MINUTE)

    def day_seconds(self, day: date) -> int:
        """Working seconds of a standard day under the pattern in force on a day."""
        pattern = self._pattern(day)
        return sum(end - start for start, end in pattern.standard_day) * 60 if pattern else 0

    def next_working_day(self, day: date) -> date:
        """The first day after `day` with any working time; ValueError when ten years have none."""
        for ahead in range(1, LONGEST_GAP_DAYS):
            candidate = day + timedelta(days=ahead)
            if self.spans(candidate):
                return candidate
        raise ValueError(f"calendar: no working day within ten years after {day}")

    def working_days(self, start: date, end: date) -> int:
        """How many working days d have start ≤ d < end; a pause moves a `next_day` limit by so many."""
        return sum(bool(self.spans(start + timedelta(days=n))) for n in range((end - start).days))

    def is_working(self, instant: datetime) -> bool:
        """Whether work is done at an instant (the end of a span no longer counts)."""
        minute = (self._stamp(instant) - self._midnight(self._day(instant))) / MINUTE
        return any(start <= minute < end for start, end in self.spans(self._day(instant)))

    def provisional(self, instant: datetime) -> bool:
        """Whether an instant lies beyond the last announced holidays, so that it may still move."""
        return self._known_to is not None and self._day(instant) > self._known_to

    def spans(self, day: date) -> tuple[Span, ...]:
        """Hours worked on a day, in minutes."""
        pattern = self._pattern(day)
        if pattern is None:
            return ()
        match self._exceptions.get(day):
            case Exceptional.HOLIDAY | Exceptional.CLOSED:
                return ()
            case Exceptional.WORKDAY:
                return pattern.week[day.weekday()] or pattern.standard_day
            case Exceptional.HALF:
                return _before_noon(pattern.week[day.weekday()] or pattern.standard_day)
        return pattern.week[day.weekday()]

    def _pattern(self, day: date) -> Pattern | None:
        return next((pattern for pattern in self._patterns if pattern.holds(day)), None)

    def _work_until(self, stamp: int) -> int:
        table = self._table
        while self._midnight(table.until) <= stamp:
            table = self._grow(table)
        index = bisect_right(table.starts, stamp) - 1
        if index < 0:
            return 0
        return table.totals[index] - max(0, table.ends[index] - stamp)

    def _grow_until_work(self, table: Table) -> Table:
        for _ in range(LONGEST_GAP_DAYS // SEARCH_DAYS):
            longer = self._grow(table)
            if len(longer.totals) > len(table.totals):
                return longer
            table = longer
        raise ValueError(f"calendar: no working time within ten years before {table.until}")

    def _grow(self, table: Table) -> Table:
        starts, ends, totals = table.starts.copy(), table.ends.copy(), table.totals.copy()
        total = totals[-1] if totals else 0
        for ahead in range(SEARCH_DAYS):
            day = table.until + timedelta(days=ahead)
            midnight = self._midnight(day)
            for start, end in self.spans(day):
                total += (end - start) * MINUTE
                starts.append(midnight + start * MINUTE)
                ends.append(midnight + end * MINUTE)
                totals.append(total)
        self._table = Table(starts, ends, totals, table.until + timedelta(days=SEARCH_DAYS))
        return self._table

    def _stamp(self, instant: datetime) -> int:
        stamp = (instant - EPOCH) // MICROSECOND
        if stamp < self._midnight(self._first):
            raise ValueError(f"instant: {instant.isoformat()} lies before the calendar begins, {self._first}")
        return stamp

    @staticmethod
    def _midnight(day: date) -> int:
        return (day.toordinal() - EPOCH_DAY) * DAY

    @staticmethod
    def _instant(stamp: int) -> datetime:
        return (EPOCH + timedelta(microseconds=stamp)).astimezone(UTC)

    @staticmethod
    def _day(instant: datetime) -> date:
        return instant.astimezone(COUNTY_OFFSET).date()


def _before_noon(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple((start, min(end, NOON)) for start, end in spans if start < NOON)
