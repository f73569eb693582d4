"""Daily values at the end of the working day; the frozen values of a period when it is over."""

import logging
from datetime import date, timedelta

from qipan.kernel.base.clock import county_day, now
from qipan.kernel.indicators import catalogue, snapshots
from qipan.kernel.indicators.declarations import Indicator
from qipan.kernel.indicators.models import DailyValue, Snapshot
from qipan.kernel.indicators.values import Value, members, value
from qipan.kernel.jobs import job

log = logging.getLogger(__name__)


@job(name="indicators.keep_daily", cron="35 17 * * *")
def keep_daily() -> int:
    """Keep today's value of every figure and of every member; harmless to repeat. Gives how many."""
    today = county_day(now())
    return sum(_keep(indicator, today) for indicator in catalogue.every())


def _keep(indicator: Indicator, day: date) -> int:
    found: list[tuple[str, str, Value]] = [("", "", value(indicator.key))]
    for dimension in indicator.dimensions:
        listed = members(indicator.key, dimension.code)
        found += [(dimension.code, member.code, member.value) for member in listed if member.code]
    rows = [
        DailyValue(
            key=indicator.key, dimension=dimension, member=code, day=day, value=each.value,
            numerator=each.numerator, denominator=each.denominator, computed_at=each.as_of,
        )
        for dimension, code, each in found
        if not each.stale
    ]  # fmt: skip
    DailyValue.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["key", "dimension", "member", "day"],
        update_fields=["value", "numerator", "denominator", "computed_at"],
    )
    return len(rows)


def period_of(day: date, kind: str) -> str:
    """Name of the period that holds a day: 2023-10-31, 2023-10, 2023Q4, 2023."""
    names = {
        "day": day.isoformat(),
        "month": f"{day:%Y-%m}",
        "quarter": f"{day.year}Q{(day.month + 2) // 3}",
        "year": str(day.year),
    }
    return names[kind]


@job(name="indicators.freeze_periods", cron="45 23 * * *")
def freeze_periods() -> int:
    """On the last evening of a period freeze its figures; gives how many. One failure stops no other."""
    today = county_day(now())
    count = 0
    for indicator in catalogue.every():
        if indicator.period not in ("month", "quarter", "year"):
            continue
        period = period_of(today, indicator.period)
        if period == period_of(today + timedelta(days=1), indicator.period):
            continue
        if Snapshot.objects.filter(key=indicator.key, period=period).exists():
            continue
        try:
            snapshots.freeze(indicator.key, period, None)
        except Exception:
            log.exception("indicator %s: not frozen for %s", indicator.key, period)
        else:
            count += 1
    return count


JOBS = (keep_daily, freeze_periods)
