"""Surface water over time and along the river: means, trend, what a reach adds, black and smelly water."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log10, sqrt
from typing import Literal

from .standards import Number, RuleTable, exact
from .water import measured

Direction = Literal["rising", "falling", "none", "unknown"]
Blackness = Literal["none", "light", "severe"]

_NORMAL_95 = 1.645


@dataclass(frozen=True)
class Trend:
    """Spearman's rank coefficient against its critical value; ``unknown`` with fewer than five values."""

    coefficient: float | None
    critical: float | None
    direction: Direction


@dataclass(frozen=True)
class ReachShare:
    """What the reach between two sections adds: concentration, load (kg/d when flows are known), share."""

    added: Fraction
    load_kg_d: Fraction | None
    share: Fraction


def mean_sample(samples: Sequence[Mapping[str, Number | None]]) -> dict[str, Fraction]:
    """Mean of each item over the samples that have it; pH as mean of the hydrogen ions."""
    items = dict.fromkeys(item for sample in samples for item in sample)
    means: dict[str, Fraction] = {}
    for item in items:
        values = [measured(v) for sample in samples if (v := sample.get(item)) is not None]
        if not values:
            continue
        if item == "PH":
            ions = sum(10 ** -float(value) for value in values) / len(values)
            means[item] = exact(round(-log10(ions), 2))
        else:
            means[item] = sum(values, Fraction(0)) / len(values)
    return means


def trend(values: Sequence[Number], table: RuleTable) -> Trend:
    """Trend of successive values (oldest first) by Spearman's rank correlation, 95 % one-sided.

    Critical values come from the table; for a number of values between two rows the stricter one holds.
    """
    count = len(values)
    critical = {int(n): float(w) for n, w in table.cell("spearman_critical").items()}
    if count < min(critical):
        return Trend(None, None, "unknown")
    times = list(range(1, count + 1))
    coefficient = _correlation(times, _ranks([exact(value) for value in values]))
    if coefficient is None:
        return Trend(0.0, None, "none")
    if count > max(critical):
        limit = _NORMAL_95 / sqrt(count - 1)
    else:
        limit = critical[max(n for n in critical if n <= count)]
    if abs(coefficient) < limit:
        return Trend(coefficient, limit, "none")
    return Trend(coefficient, limit, "rising" if coefficient > 0 else "falling")


def _ranks(values: Sequence[Fraction]) -> list[float]:
    """Ranks from 1; equal values share the mean of their ranks."""
    return [sum(v < one for v in values) + (sum(v == one for v in values) + 1) / 2 for one in values]


def _correlation(xs: Sequence[float], ys: Sequence[float]) -> float | None:
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sqrt(sum((x - mean_x) ** 2 for x in xs) * sum((y - mean_y) ** 2 for y in ys))
    if spread == 0:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread


def reach_share(
    upstream: Number,
    downstream: Number,
    *,
    upstream_flow: Number | None = None,
    downstream_flow: Number | None = None,
) -> ReachShare:
    """What the reach between two sections adds to the concentration (mg/L) found downstream.

    With flows (m³/s) the share is one of loads, (CdQd − CuQu)/CdQd; without, one of concentrations.
    Negative: the reach cleans or dilutes. ValueError when nothing is found downstream.
    """
    up, down = measured(upstream), measured(downstream)
    if down == 0:
        raise ValueError("downstream: is zero, no share can be told")
    if upstream_flow is None or downstream_flow is None:
        return ReachShare(down - up, None, (down - up) / down)
    load_up, load_down = up * exact(upstream_flow), down * exact(downstream_flow)
    seconds_and_units = Fraction(86400, 1000)  # g/s to kg/d
    return ReachShare(down - up, (load_down - load_up) * seconds_and_units, (load_down - load_up) / load_down)


def black_smelly(points: Sequence[Mapping[str, Number | None]], table: RuleTable) -> Blackness:
    """Grade of a water body from its measuring points (TRANSPARENCY cm, DO and NH3N mg/L, ORP mV).

    A point is light when one item is, severe when one item is. The body is severe when an item is severe
    at 60 % of the points, or two items at 30 % each.
    """
    grades = [_point_grades(point, table) for point in points]
    if not any(grade > 0 for point in grades for grade in point.values()):
        return "none"
    items = {item for point in grades for item in point}
    shares = sorted(
        (exact(sum(point.get(item, 0) == 2 for point in grades)) / len(points) for item in items),
        reverse=True,
    )
    one = table.limit("severe", "one_item_share")
    two = table.limit("severe", "two_items_share")
    severe = shares[0] >= one or (len(shares) > 1 and shares[1] >= two)
    return "severe" if severe else "light"


def _point_grades(point: Mapping[str, Number | None], table: RuleTable) -> dict[str, int]:
    """0, 1 (light) or 2 (severe) of each measured item."""
    grades: dict[str, int] = {}
    for side, sign in (("below", 1), ("above", -1)):
        for item, (light, severe) in table.cell(side).items():
            value = point.get(item)
            if value is None:
                continue
            number = sign * exact(value)
            grades[item] = 2 if number < sign * exact(severe) else int(number < sign * exact(light))
    return grades
