"""Targets: the one in force, the path towards it, the light, and the trend."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.indicators import catalogue
from qipan.kernel.indicators.arithmetic import Path, light, ratio_noise, reached_on, value_noise
from qipan.kernel.indicators.declarations import Indicator, Ratio
from qipan.kernel.indicators.models import DailyValue, TargetVersion
from qipan.kernel.indicators.values import Value


@dataclass(frozen=True)
class Goal:
    """The target in force: value, day, how it is meant, where it is written."""

    value: float
    day: date | None
    kind: str
    source: str
    baseline: tuple[date, float] | None = None
    default: bool = False


@dataclass(frozen=True)
class Standing:
    """How a figure stands to its goal."""

    light: str
    goal: Goal | None = None
    expected: float | None = None
    noise: float = 0.0
    trend: date | None = None


def goal_of(indicator: Indicator) -> Goal | None:
    """The newest decision, else what the module declared; None without a number."""
    return _goal(indicator, TargetVersion.objects.filter(key=indicator.key).order_by("-set_at").first())


def _goal(indicator: Indicator, decided: TargetVersion | None) -> Goal | None:
    declared = indicator.target
    if decided is not None:
        given = decided.baseline_day is not None and decided.baseline_value is not None
        baseline = (decided.baseline_day, decided.baseline_value) if given else None
        kind = declared.kind if declared else "reach"
        return Goal(decided.value, decided.by, kind, decided.document, baseline)  # type: ignore[arg-type]
    if declared is None or declared.value is None:
        return None
    start = declared.baseline
    baseline = (date.fromisoformat(start[0]), start[1]) if start else None
    source = _("默认目标") if declared.default else (indicator.clause or _("规划"))
    return Goal(declared.value, declared.day, declared.kind, source, baseline, declared.default)


def history_of(key: str, days: int = 400) -> list[tuple[date, float]]:
    """Daily values of the whole figure, oldest first."""
    return histories_of([key], days)[key]


def histories_of(keys: Sequence[str], days: int = 400) -> dict[str, list[tuple[date, float]]]:
    """Daily values of many figures, oldest first."""
    since = county_day(now()) - timedelta(days=days)
    rows = DailyValue.objects.filter(key__in=keys, dimension="", day__gte=since, value__isnull=False)
    found: dict[str, list[tuple[date, float]]] = {key: [] for key in keys}
    for key, day, value in rows.order_by("day").values_list("key", "day", "value"):
        if value is not None:
            found[key].append((day, float(value)))
    return found


def standing(value: Value) -> Standing:
    """Light, expected value, noise and trend of a figure now."""
    goal = goal_of(value.indicator)
    return _standing(value, goal, history_of(value.key)) if goal else Standing("grey")


def standings(values: Sequence[Value]) -> list[Standing]:
    """Standing of many figures with two queries."""
    keys = [value.key for value in values]
    decided: dict[str, TargetVersion] = {}
    for row in TargetVersion.objects.filter(key__in=keys).order_by("set_at"):
        decided[row.key] = row
    goals = [_goal(value.indicator, decided.get(value.key)) for value in values]
    pasts = histories_of([value.key for value, goal in zip(values, goals, strict=True) if goal is not None])
    return [
        _standing(value, goal, pasts[value.key]) if goal else Standing("grey")
        for value, goal in zip(values, goals, strict=True)
    ]


def _standing(value: Value, goal: Goal, past: list[tuple[date, float]]) -> Standing:
    indicator = value.indicator
    today = county_day(now())
    expected = path_of(goal, past).at(today)
    noise = _noise(indicator, value, past)
    end = goal.day or today + timedelta(days=730)
    trend = reached_on(past, goal.value, end + timedelta(days=1095))
    return Standing(light(value.value, expected, indicator.direction, noise), goal, expected, noise, trend)


def path_of(goal: Goal, history: list[tuple[date, float]]) -> Path:
    """The way to the goal: "hold" is level from the beginning, else it rises from the baseline."""
    start = goal.baseline or (history[0] if history else None)
    if goal.kind == "hold" or start is None or goal.day is None:
        level = goal.day or date.max
        return Path(level, goal.value, level, goal.value)
    return Path(start[0], start[1], goal.day, goal.value)


def _noise(indicator: Indicator, value: Value, history: list[tuple[date, float]]) -> float:
    if isinstance(indicator.formula, Ratio) and value.value is not None and value.denominator:
        return ratio_noise(value.value, value.denominator, indicator.formula.scale)
    return value_noise([number for _day, number in history[-60:]])


@transaction.atomic
def set_target(
    key: str,
    by: Account,
    *,
    value: float,
    day: date,
    document: str,
    baseline: tuple[date, float] | None = None,
) -> TargetVersion:
    """A new target by a decision document; the older ones stay."""
    require(by, "indicators.target.add")
    catalogue.get(key)
    if not document.strip():
        raise InvalidInput("document", _("请写明依据文件"))
    row = TargetVersion.objects.create(
        key=key, value=value, by=day, document=document, set_by=by, set_at=now(),
        baseline_day=baseline[0] if baseline else None, baseline_value=baseline[1] if baseline else None,
    )  # fmt: skip
    audit.record(by, "indicators.target.add", row, changes={"key": key, "value": value, "by": day})
    return row
