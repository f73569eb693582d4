"""A day, an hour or a year of a station under the rules of its date (HJ 633, HJ 663)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from .aggregation import (
    HOURS_PER_DAY,
    CompositeIndex,
    Statistic,
    Values,
    composite_index,
    day_mean,
    mda8,
    present,
    year_mean,
    year_percentile,
)
from .aqi import Aqi, aqi
from .standards import MissingLimitError, RuleTable, exact, round_half_even, table_on
from .wording import Sentence
from .wording import sentence as _

MEAN_POLLUTANTS = ("PM25", "PM10", "SO2", "NO2", "CO")
POLLUTANTS = (*MEAN_POLLUTANTS, "O3")


@dataclass(frozen=True)
class AirEvaluation:
    """AQI of a day or an hour with the statistics it was made from, by item (``PM25_24H`` …)."""

    statistics: Mapping[str, Statistic]
    reported: Mapping[str, Decimal | None]
    aqi: Aqi


@dataclass(frozen=True)
class PollutantYear:
    """Year of one pollutant against its limits; ``attained`` None: cannot be told, see ``reasons``."""

    pollutant: str
    mean: Decimal | None
    mean_limit: Fraction | None
    percentile: Decimal | None
    percent: int
    percentile_limit: Fraction | None
    valid_days: int
    exceeding_days: int | None
    attained: bool | None
    reasons: tuple[Sentence, ...]


@dataclass(frozen=True)
class YearEvaluation:
    """Year of a place: every pollutant, the composite index, whether all attain."""

    pollutants: Mapping[str, PollutantYear]
    composite: CompositeIndex
    attained: bool | None
    version: str
    provisional: bool


def day_evaluation(
    hours: Mapping[str, Values], day: date, *, edition: RuleTable | None = None
) -> AirEvaluation:
    """AQI of a day from 24 hour values per pollutant, stamped 01:00 … 24:00.

    ``hours`` maps PM25 PM10 SO2 NO2 CO O3 to µg/m³ (CO mg/m³) or None. Means that do not reach the
    number of hours take no part. Concentrations are rounded as they are printed before the index is made.
    """
    rules = table_on("air_statistics", day)
    statistics = {f"{name}_24H": day_mean(hours[name], rules) for name in MEAN_POLLUTANTS if name in hours}
    if "O3" in hours:
        limit = table_on("air_quality_limits", day).limit("class_2", "O3", "mda8")
        statistics["O3_8H"] = mda8(hours["O3"], rules, limit=limit)
        known = present(hours["O3"])
        statistics["O3_1H"] = _single(max(known) if known else None, rules)
    return _evaluate(statistics, day, "daily", edition)


def hour_evaluation(
    last_24: Mapping[str, Values], day: date, *, edition: RuleTable | None = None
) -> AirEvaluation:
    """Real-time AQI of the last of 24 successive hours per pollutant.

    The 2012 edition needs the sliding 24-hour means of PM, and of SO2 when its hour is above 800 µg/m³;
    the 2026 edition needs the hour alone. ``day`` is the date of the last hour.
    """
    rules = table_on("air_statistics", day)
    statistics: dict[str, Statistic] = {}
    for name, values in last_24.items():
        if len(values) != HOURS_PER_DAY:
            raise ValueError(f"{name}: {len(values)} hours given, {HOURS_PER_DAY} needed")
        now = present(values[-1:])
        statistics[f"{name}_1H"] = _single(now[0] if now else None, rules)
        if name != "O3":
            statistics[f"{name}_24H"] = day_mean(values, rules)
    return _evaluate(statistics, day, "hourly", edition)


def _single(value: Fraction | None, rules: RuleTable) -> Statistic:
    reason = None if value is not None else _("无有效浓度")
    return Statistic(value, int(value is not None), 1, rules.version, rules.provisional, reason)


def _evaluate(
    statistics: Mapping[str, Statistic], day: date, report: str, edition: RuleTable | None
) -> AirEvaluation:
    rules = table_on("air_statistics", day)
    reported = {item: _reported(item, one, rules, "report") for item, one in statistics.items()}
    used = {item: one.used for item, one in statistics.items()}
    return AirEvaluation(
        statistics, reported, aqi(reported, day, report=report, table=edition, hours_used=used)
    )


def _reported(item: str, statistic: Statistic, rules: RuleTable, form: str) -> Decimal | None:
    if statistic.value is None or statistic.value < 0:  # a raw series may dip below nothing
        return None
    return round_half_even(statistic.value, int(rules.limit("decimals", form, item.split("_")[0])))


def year_evaluation(
    days: Mapping[str, Values], day: date, *, limits: RuleTable | None = None
) -> YearEvaluation:
    """Year of a place from its day values per pollutant (O3: MDA8); ``day`` picks the rules (HJ 663).

    ``limits`` compares with another edition. Leave exceptional events out of ``days`` and call again
    for the second way of showing.
    """
    standard = limits or table_on("air_quality_limits", day)
    rules = table_on("air_statistics", day)
    years = {name: _pollutant_year(name, days[name], standard, rules) for name in POLLUTANTS if name in days}
    verdicts = [year.attained for year in years.values()]
    attained: bool | None = None
    if False in verdicts:
        attained = False
    elif len(years) == len(POLLUTANTS) and None not in verdicts:
        attained = True
    representative = {
        name: value
        for name, year in years.items()
        if (value := year.percentile if name in ("CO", "O3") else year.mean) is not None
    }
    composite = composite_index(representative, standard, rules)
    version = f"{standard.version}; {rules.version}"
    return YearEvaluation(years, composite, attained, version, standard.provisional or rules.provisional)


def _pollutant_year(name: str, days: Values, limits: RuleTable, rules: RuleTable) -> PollutantYear:
    period = "mda8" if name == "O3" else "day"
    has_mean = bool(rules.cell("year", name)["mean"])
    mean = _reported(name, year_mean(days, rules), rules, "statistic") if has_mean else None
    high = year_percentile(days, name, rules)
    percentile = _reported(name, high, rules, "statistic")
    reasons: list[Sentence] = [high.reason] if high.reason else []
    mean_limit = _limit(limits, (name, "year"), reasons) if has_mean else None
    percentile_limit = _limit(limits, (name, period), reasons)
    pairs = [(percentile, percentile_limit)] + ([(mean, mean_limit)] if has_mean else [])
    exceeding = None
    if percentile_limit is not None:
        exceeding = sum(value > percentile_limit for value in present(days))
    return PollutantYear(
        pollutant=name,
        mean=mean,
        mean_limit=mean_limit,
        percentile=percentile,
        percent=int(rules.limit("year", name, "percentile")),
        percentile_limit=percentile_limit,
        valid_days=high.used,
        exceeding_days=exceeding,
        attained=_attained(pairs),
        reasons=tuple(reasons),
    )


def _limit(limits: RuleTable, path: tuple[str, str], reasons: list[Sentence]) -> Fraction | None:
    try:
        return limits.limit("class_2", *path)
    except MissingLimitError as missing:
        reasons.append(missing.sentence)
        return None


def _attained(pairs: Sequence[tuple[Decimal | None, Fraction | None]]) -> bool | None:
    verdicts = [None if value is None or limit is None else exact(value) <= limit for value, limit in pairs]
    if False in verdicts:
        return False
    return None if None in verdicts else True
