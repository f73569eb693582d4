"""Figures of evaluation after GB/T 30428.4 (no Django): counts, rates, percentiles, score rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

SMALLEST_DENOMINATOR = 5  # below it a rate is shown as "n of m" and not ranked
GOOD_GRADES = frozenset({5, 4, 3})  # 非常满意 满意 基本满意


@dataclass(frozen=True)
class Rate:
    """A share with what it was made of."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share, None when there is nothing to share."""
        return self.part / self.whole if self.whole else None

    @property
    def ranked(self) -> bool:
        """Whether the denominator is large enough for a ranking."""
        return self.whole >= SMALLEST_DENOMINATOR


@dataclass(frozen=True)
class Clocked:
    """One clock as evaluation sees it; `outcome` is "in_time", "late" or "" while it runs."""

    due_at: datetime
    stopped_at: datetime | None
    outcome: str
    suspended: bool = False


def due_clocks(
    clocks: Iterable[Clocked], start: datetime, end: datetime, *, count_early: bool = False
) -> list[Clocked]:
    """Clocks that were to end in [start, end), without those suspended at the end.

    `count_early` adds those stopped in the period before a later due instant: the standard can be read
    both ways, so the county chooses.
    """
    chosen = []
    for clock in clocks:
        falls_due = start <= clock.due_at < end
        early = clock.stopped_at is not None and start <= clock.stopped_at < end <= clock.due_at
        if not clock.suspended and (falls_due or (count_early and early)):
            chosen.append(clock)
    return chosen


def in_time_rate(
    clocks: Iterable[Clocked], start: datetime, end: datetime, *, count_early: bool = False
) -> Rate:
    """Ended in time among those due: 按期结案率 of total clocks, 按期处置率 of handle clocks."""
    chosen = due_clocks(clocks, start, end, count_early=count_early)
    good = [clock for clock in chosen if clock.outcome == "in_time"]
    return Rate(len(good), len(chosen))


def ended_rate(clocks: Iterable[Clocked], start: datetime, end: datetime) -> Rate:
    """Ended before the end of the period among those that were due: 结案率, 处置率."""
    chosen = due_clocks(clocks, start, end)
    ended = [clock for clock in chosen if clock.stopped_at is not None and clock.stopped_at < end]
    return Rate(len(ended), len(chosen))


def satisfaction(grades: Iterable[int]) -> Rate:
    """Ratings of the first three grades among all: 满意率."""
    rated = list(grades)
    return Rate(sum(grade in GOOD_GRADES for grade in rated), len(rated))


def dispatch_accuracy(sent: int, redirected: int) -> Rate:
    """Dispatches that were not returned and redirected: 派遣准确率."""
    if redirected > sent:
        raise ValueError(f"redirected: {redirected} of {sent} dispatches")
    return Rate(sent - redirected, sent)


def percentile(values: Sequence[float], share: float) -> float | None:
    """Value below which `share` of the values lie, linear between neighbours; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


@dataclass(frozen=True)
class ScoreRow:
    """One row of a score sheet: full points at the threshold, `slope` points off per point below it."""

    indicator: str
    full: float
    threshold: float
    slope: float
    floor: float = 0.0

    def points(self, value: float | None) -> float:
        """Points for a value in per cent; full when nothing was there to judge."""
        if value is None or value >= self.threshold:
            return self.full
        return max(self.floor, self.full - self.slope * (self.threshold - value))
