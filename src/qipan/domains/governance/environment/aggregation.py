"""Means, percentiles and indices of air quality over days, months and years (HJ 663)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, isnan

from .standards import MissingLimitError, Number, RuleTable, exact
from .wording import Sentence
from .wording import sentence as _

HOURS_PER_DAY = 24
MINUTES_PER_HOUR = 60
EIGHT = 8


@dataclass(frozen=True)
class Statistic:
    """A mean or percentile: the exact value, or why it is not valid, and how many values it used."""

    value: Fraction | None
    used: int
    needed: int
    version: str
    provisional: bool
    reason: Sentence | None = None

    @property
    def valid(self) -> bool:
        """Whether the value may be used."""
        return self.value is not None


@dataclass(frozen=True)
class CompositeIndex:
    """Composite index with its terms w·C/S, or why it cannot be computed."""

    value: Fraction | None
    terms: Mapping[str, Fraction]
    version: str
    provisional: bool
    reason: Sentence | None = None


Values = Sequence[Number | None]


def present(values: Values) -> list[Fraction]:
    """The values that exist (None and NaN are gaps), exact."""
    return [exact(v) for v in values if v is not None and not (isinstance(v, float) and isnan(v))]


def _mean(values: Values, needed: int, table: RuleTable) -> Statistic:
    known = present(values)
    if len(known) < needed or not known:
        reason = _("有效数据 %(used)s 个,至少需要 %(needed)s 个", used=len(known), needed=needed)
        return Statistic(None, len(known), needed, table.version, table.provisional, reason)
    value = sum(known, Fraction(0)) / len(known)
    return Statistic(value, len(known), needed, table.version, table.provisional)


def hour_mean(minutes: Values, table: RuleTable) -> Statistic:
    """Mean of the 60 minutes of an hour, valid from 45 on (GB 3095 table 4)."""
    if len(minutes) != MINUTES_PER_HOUR:
        raise ValueError(f"minutes: {len(minutes)} given, an hour has {MINUTES_PER_HOUR}")
    return _mean(minutes, int(table.limit("validity", "hour_minutes")), table)


def day_mean(hours: Values, table: RuleTable) -> Statistic:
    """Mean of the 24 hours of a day, stamped at the end of the hour: 01:00 … 24:00 (HJ 663 table 2)."""
    if len(hours) != HOURS_PER_DAY:
        raise ValueError(f"hours: {len(hours)} given, a day has {HOURS_PER_DAY}")
    return _mean(hours, int(table.limit("validity", "day_hours")), table)


def eight_hour_mean(hours: Values, table: RuleTable) -> Statistic:
    """Mean of eight successive hours."""
    if len(hours) != EIGHT:
        raise ValueError(f"hours: {len(hours)} given, 8 needed")
    return _mean(hours, int(table.limit("validity", "eight_hour_hours")), table)


def mda8(hours: Values, table: RuleTable, *, limit: Number | None = None) -> Statistic:
    """Largest eight-hour mean of the 17 windows that end at 8:00 … 24:00 of the day (HJ 663 table 2).

    With fewer valid windows than needed the result still counts when it exceeds ``limit`` (the class
    limit of MDA8), because missing hours could only raise it.
    """
    if len(hours) != HOURS_PER_DAY:
        raise ValueError(f"hours: {len(hours)} given, a day has {HOURS_PER_DAY}")
    exact_hours = [next(iter(present([hour])), None) for hour in hours]
    ends = range(EIGHT, HOURS_PER_DAY + 1)
    means = [eight_hour_mean(exact_hours[end - EIGHT : end], table) for end in ends]
    known = [mean.value for mean in means if mean.value is not None]
    needed = int(table.limit("validity", "mda8_windows"))
    told = {"used": len(known), "needed": needed}
    if len(known) >= needed:
        return Statistic(max(known), len(known), needed, table.version, table.provisional)
    if known and limit is not None and max(known) > exact(limit):
        why = _("有效 8 小时均值 %(used)s 个,少于 %(needed)s 个,但已超过限值,结果有效", **told)
        return Statistic(max(known), len(known), needed, table.version, table.provisional, why)
    why = _("有效 8 小时均值 %(used)s 个,至少需要 %(needed)s 个", **told)
    return Statistic(None, len(known), needed, table.version, table.provisional, why)


def month_mean(days: Values, month: int, table: RuleTable) -> Statistic:
    """Mean of the day values of a month (1-12)."""
    name = "february_days" if month == 2 else "month_days"
    return _mean(days, int(table.limit("validity", name)), table)


def year_mean(days: Values, table: RuleTable) -> Statistic:
    """Mean of the day values of a year."""
    return _mean(days, int(table.limit("validity", "year_days")), table)


def percentile(values: Values, percent: Number) -> Fraction:
    """Percentile at place k = 1+(n−1)p, linear between neighbours (HJ 663 annex A).

    ``percent`` in 0-100. Raises ValueError when there is no value.
    """
    ordered = sorted(present(values))
    share = exact(percent) / 100
    if not ordered or not 0 <= share <= 1:
        raise ValueError("values: none given" if not ordered else f"percent: {percent} is not in 0-100")
    place = (len(ordered) - 1) * share
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def year_percentile(days: Values, pollutant: str, table: RuleTable) -> Statistic:
    """The yearly percentile of a pollutant (PM P95, SO2 and NO2 P98, CO P95, O3 MDA8 P90)."""
    mean = year_mean(days, table)
    if not mean.valid:
        return mean
    value = percentile(days, table.cell("year", pollutant, "percentile"))
    return Statistic(value, mean.used, mean.needed, table.version, table.provisional)


def composite_index(
    concentrations: Mapping[str, Number], limits: RuleTable, statistics: RuleTable
) -> CompositeIndex:
    """Σ w·C/S over six pollutants; C: year or month mean (CO: P95, O3: P90), S: class 2 limit.

    ``concentrations`` maps PM25 PM10 SO2 NO2 CO O3 to µg/m³ (CO mg/m³). A missing limit or
    concentration gives no index instead of a smaller sum.
    """
    provisional = limits.provisional or statistics.provisional
    terms: dict[str, Fraction] = {}
    version = f"{limits.version}; {statistics.version}"
    try:
        for name, weight in statistics.cell("composite_weights").items():
            period = {"CO": "day", "O3": "mda8"}.get(name, "year")
            standard = limits.limit("class_2", name, period)
            if name not in concentrations:
                raise MissingLimitError(version, f"concentration of {name}")
            terms[name] = exact(weight) * exact(concentrations[name]) / standard
    except MissingLimitError as missing:
        return CompositeIndex(None, terms, version, provisional, missing.sentence)
    return CompositeIndex(sum(terms.values(), Fraction(0)), terms, version, provisional)


def sliding_three_years(years: Mapping[int, Number | None], last: int) -> Fraction | None:
    """Mean of the values of three successive years ending with ``last``; None when one is missing."""
    values = [years.get(year) for year in (last - 2, last - 1, last)]
    known = present(values)
    return sum(known, Fraction(0)) / 3 if len(known) == 3 else None


def with_and_without(values: Values, exceptional: Sequence[bool]) -> tuple[list[Fraction], list[Fraction]]:
    """All values, and those outside exceptional events: both are shown (HJ 663)."""
    if len(values) != len(exceptional):
        raise ValueError("exceptional: must be as long as values")
    ordinary = [value for value, marked in zip(values, exceptional, strict=True) if not marked]
    return present(values), present(ordinary)
