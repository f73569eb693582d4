"""Rankings of townships over an hour, a day, a month or a year, beside last year's."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Avg, Count, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import situation
from qipan.domains.governance.environment.models import AirDay, Site
from qipan.domains.governance.environment.rules import Ranked, change_percent, place_means, rank, rank_without
from qipan.kernel.base.clock import county_day, now

PERIODS = {"hour": _("最新小时"), "day": _("日"), "month": _("月"), "year": _("年")}
GOOD = 100


@dataclass(frozen=True)
class RankingRow:
    """A township in a ranking: mean AQI, share of good days, and the change against last year in percent."""

    rank: int | None
    township: str
    value: float | None
    before: float | None
    change: float | None
    days: int
    good_days: int


def rows(period: str, day: date, *, without: str = "") -> list[RankingRow]:
    """The ranking of the period that holds ``day``, as if the station ``without`` (a code) did not count."""
    if period == "hour":
        return _of_hour(without)
    first, last = span(period, day)
    now_values, counts = _means(first, last)
    before, _counts = _means(_year_earlier(first), _year_earlier(last))
    earlier = place_means(before)
    found = []
    for one in _ranked(now_values, without):
        old, count = earlier.get(one.name), counts.get(one.name, (0, 0))
        change = change_percent(one.value, old)
        found.append(
            RankingRow(one.rank, one.name, _number(one.value), _number(old), _number(change), *count)
        )
    return found


def span(period: str, day: date) -> tuple[date, date]:
    """First and last day of the period that holds a day; it never reaches beyond today."""
    today = county_day(now())
    if period == "day":
        return day, day
    if period == "month":
        following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        return day.replace(day=1), min(today, following - timedelta(days=1))
    return day.replace(month=1, day=1), min(today, day.replace(month=12, day=31))


def _year_earlier(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _ranked(stations: dict[str, dict[str, Fraction | None]], without: str) -> list[Ranked]:
    known = any(without in readings for readings in stations.values())
    return rank_without(stations, without) if without and known else rank(place_means(stations))


def _of_hour(without: str) -> list[RankingRow]:
    stations: dict[str, dict[str, Fraction | None]] = defaultdict(dict)
    for one in situation.air_now(Site.objects.assessed()):
        value = Fraction(one.aqi) if one.aqi is not None else None
        stations[str(one.site.township or one.site.name)][one.site.code] = value
    return [
        RankingRow(one.rank, one.name, _number(one.value), None, None, 0, 0)
        for one in _ranked(stations, without)
    ]


def _means(
    first: date, last: date
) -> tuple[dict[str, dict[str, Fraction | None]], dict[str, tuple[int, int]]]:
    """Mean daily AQI of each station by township, with its valid and good days."""
    stations: dict[str, dict[str, Fraction | None]] = defaultdict(dict)
    counts: dict[str, tuple[int, int]] = {}
    days: QuerySet[AirDay] = AirDay.objects.filter(
        site__in=Site.objects.assessed(), day__gte=first, day__lte=last
    )
    grouped = days.filter(aqi__isnull=False).values("site__code", "site__name", "site__township__name")
    good = dict(
        days.filter(aqi__lte=GOOD).values("site__code").annotate(n=Count("pk")).values_list("site__code", "n")
    )
    for row in grouped.annotate(mean=Avg("aqi"), n=Count("pk")).order_by("site__code"):
        name = row["site__township__name"] or row["site__name"]
        stations[name][row["site__code"]] = round(Fraction(row["mean"]), 1)
        before = counts.get(name, (0, 0))
        counts[name] = (before[0] + row["n"], before[1] + good.get(row["site__code"], 0))
    return stations, counts


def _number(value: Fraction | None) -> float | None:
    return round(float(value), 1) if value is not None else None
