"""Outlets of firms: converted concentrations, valid hours against the permit, loads, electricity.

Concentrations in mg/m³ (gas) or mg/L (water), oxygen in % of dry gas, flow in m³/h, loads in kg.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Literal

from .standards import RuleTable
from .wording import Sentence
from .wording import sentence as _

State = Literal["valid", "invalid", "stopped"]

MINUTES = 60
_MG_TO_KG = 1e-6
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Minute:
    """One minute (or any equal interval) of an outlet; None where not measured. ``flag`` as in HJ 212."""

    value: float | None
    flag: str = "N"
    oxygen: float | None = None
    flow: float | None = None


@dataclass(frozen=True)
class OutletHour:
    """One factor of an outlet in one hour: measured and converted mean, load, or why there is none."""

    state: State
    mean: float | None
    converted: float | None
    load_kg: float | None
    valid_minutes: float
    running_minutes: float
    reason: Sentence | None = None


@dataclass(frozen=True)
class LimitJudgement:
    """An hour or day against the permit limit; ``over`` None: cannot be judged."""

    value: float | None
    limit: float | None
    over: bool | None
    multiple: float | None
    reason: Sentence | None = None


@dataclass(frozen=True)
class QuotaUse:
    """Yearly load against the permitted tonnes: used share, expected year, day the quota runs out."""

    used_t: float
    share: float
    expected_t: float
    runs_out: date | None


@dataclass(frozen=True)
class PowerFinding:
    """A period in which electricity contradicts the order: ``runs`` though stopped, or untreated."""

    kind: Literal["runs_though_stopped", "untreated"]
    start: datetime
    end: datetime
    mean_share: float


def convert(value: float, oxygen: float, reference: float, table: RuleTable) -> float | None:
    """Concentration at the reference oxygen, C·(21−O₂ref)/(21−O₂).

    None when the gas holds so much oxygen that the factor means nothing (the plant is idling).
    """
    if not 0 <= oxygen < float(table.limit("oxygen_usable_below")):
        return None
    air = float(table.limit("air_oxygen"))
    return value * (air - reference) / (air - oxygen)


def outlet_hour(
    minutes: Sequence[Minute], table: RuleTable, *, reference_oxygen: float | None = None
) -> OutletHour:
    """Hour mean of a factor from equal intervals that make up the hour (60 minutes, or 120 half ones).

    Minutes with an invalid flag or without value do not count; the hour is valid from 45 minutes of
    valid running on. Minutes of standstill are no fault: an hour wholly stopped is ``stopped``. The
    converted mean is that of the minutes' converted values.
    """
    if not minutes:
        raise ValueError("minutes: none given")
    weight = MINUTES / len(minutes)
    flags = {flag: kind for kind, names in table.cell("flags").items() for flag in names}
    stopped = sum(flags.get(m.flag) == "stopped" for m in minutes) * weight
    valid = [m for m in minutes if flags.get(m.flag) == "valid" and m.value is not None and isfinite(m.value)]
    running, count = MINUTES - stopped, len(valid) * weight
    if running == 0:
        return OutletHour("stopped", None, None, None, 0, 0, _("停运"))
    needed = float(table.limit("hour_minutes"))
    if count < min(needed, running):
        told = {"count": f"{count:g}", "needed": f"{min(needed, running):g}"}
        why = _("有效 %(count)s 分钟,少于 %(needed)s 分钟", **told)
        return OutletHour("invalid", None, None, None, count, running, why)
    mean = sum(m.value or 0.0 for m in valid) / len(valid)
    converted, reason = _converted(valid, table, reference_oxygen)
    return OutletHour("valid", mean, converted, _load(valid, mean, running), count, running, reason)


def _converted(
    valid: Sequence[Minute], table: RuleTable, reference: float | None
) -> tuple[float | None, Sentence | None]:
    if reference is None:
        return None, None
    values = [
        one
        for m in valid
        if m.oxygen is not None and (one := convert(m.value or 0.0, m.oxygen, reference, table)) is not None
    ]
    if 2 * len(values) < len(valid):
        return None, _("含氧量缺失或过高,不能折算")
    return sum(values) / len(values), None


def _load(valid: Sequence[Minute], mean: float, running: float) -> float | None:
    """Load of the running minutes: what was measured stands for the running minutes that were not."""
    flows = [m for m in valid if m.flow is not None]
    if not flows:
        return None
    hourly = sum((m.value or 0.0) * (m.flow or 0.0) for m in flows) / len(flows)
    return hourly * _MG_TO_KG * running / MINUTES


def judge_hour(hour: OutletHour, limit: float | None, *, needs_conversion: bool = False) -> LimitJudgement:
    """The hour against its permit limit: the converted mean where the permit demands it."""
    value = hour.converted if needs_conversion else hour.mean
    if value is None:
        return LimitJudgement(None, limit, None, None, hour.reason or _("无有效浓度"))
    return _judge(value, limit)


def _judge(value: float, limit: float | None) -> LimitJudgement:
    if limit is None:
        return LimitJudgement(value, None, None, None, _("许可证未登记限值"))
    over = value > limit
    return LimitJudgement(value, limit, over, value / limit - 1 if over and limit > 0 else None)


def judge_day(
    hours: Sequence[OutletHour], limit: float | None, table: RuleTable, *, needs_conversion: bool = False
) -> LimitJudgement:
    """The day against its limit: mean of the valid hours, at least 75 % of the hours it ran (HJ 75)."""
    ran = [hour for hour in hours if hour.state != "stopped"]
    values = [
        value for hour in ran if (value := hour.converted if needs_conversion else hour.mean) is not None
    ]
    needed = float(table.limit("day_running_share")) * len(ran)
    if not ran:
        return LimitJudgement(None, limit, None, None, _("停运"))
    if len(values) < needed:
        told = {"count": len(values), "ran": len(ran)}
        return LimitJudgement(
            None, limit, None, None, _("运行 %(ran)s 小时,有效 %(count)s 小时,少于 75%%", **told)
        )
    return _judge(sum(values) / len(values), limit)


def water_day_mean(hours: Sequence[tuple[float | None, float | None]]) -> float | None:
    """Day mean of a water outlet weighted by flow: pairs of concentration (mg/L) and flow (m³/h).

    None when no hour has both, or nothing flowed.
    """
    known = [(c, q) for c, q in hours if c is not None and q is not None]
    total = sum(q for _c, q in known)
    return sum(c * q for c, q in known) / total if total > 0 else None


def quota_use(loads_kg: Mapping[date, float], quota_t: float, today: date) -> QuotaUse:
    """Use of the yearly quota from day loads of this year; the pace is that of the days so far."""
    if quota_t <= 0:
        raise ValueError("quota_t: must be positive")
    first = date(today.year, 1, 1)
    used = sum(load for day, load in loads_kg.items() if first <= day <= today) / 1000
    elapsed = (today - first).days + 1
    length = (date(today.year + 1, 1, 1) - first).days
    pace = used / elapsed
    runs_out = None
    if pace > 0 and pace * length > quota_t:
        runs_out = first + timedelta(days=int(quota_t / pace))
    return QuotaUse(used, used / quota_t, pace * length, runs_out)


def power_findings(
    times: Sequence[datetime],
    production: Sequence[float | None],
    treatment: Sequence[float | None],
    *,
    rated: tuple[float, float],
    stopped: tuple[datetime, datetime] | None,
    table: RuleTable,
) -> list[PowerFinding]:
    """What the electricity of production and treatment (ST=44) says against a stop order.

    ``rated`` are the usual kW of both while running. Production above 15 % of its usual power within the
    order's period, or production without treatment at any time, for at least 30 minutes.
    """
    runs_at, idle_at = float(table.limit("power_running_share")), float(table.limit("power_stopped_share"))
    kinds: list[tuple[str, float] | None] = []
    for time, made, cleaned in zip(times, production, treatment, strict=True):
        share = None if made is None else made / rated[0]
        if share is None or share <= runs_at:
            kinds.append(None)
        elif stopped is not None and stopped[0] <= time < stopped[1]:
            kinds.append(("runs_though_stopped", share))
        elif cleaned is not None and cleaned / rated[1] <= idle_at:
            kinds.append(("untreated", share))
        else:
            kinds.append(None)
    return _periods(times, kinds, timedelta(minutes=int(table.limit("power_minutes"))))


def _periods(
    times: Sequence[datetime], kinds: Sequence[tuple[str, float] | None], least: timedelta
) -> list[PowerFinding]:
    found: list[PowerFinding] = []
    start = 0
    for place in range(1, len(times) + 1):
        here = kinds[start]
        if place < len(times) and _kind(kinds[place]) == _kind(here):
            continue
        end = times[place] if place < len(times) else times[-1]
        if here is not None and end - times[start] >= least:
            shares = [one[1] for one in kinds[start:place] if one is not None]
            kind: Literal["runs_though_stopped", "untreated"] = (
                "untreated" if here[0] == "untreated" else "runs_though_stopped"
            )
            found.append(PowerFinding(kind, times[start], end, sum(shares) / len(shares)))
        start = place
    return found


def _kind(one: tuple[str, float] | None) -> str | None:
    return one[0] if one else None
