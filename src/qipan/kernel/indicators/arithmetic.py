"""Arithmetic of figures (pure): aggregates, expressions, target paths, noise, explained differences."""

import ast
import math
import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

Number = float | int

AGGREGATES = ("count", "sum", "mean", "median", "percentile")
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {"min": min, "max": max, "abs": abs}
XMR = 2.66  # limits of individual values are the mean ± 2.66 mean moving ranges (Wheeler)
SIGMAS = 3


def aggregate(kind: str, numbers: Sequence[Number], q: float = 0.5) -> float | None:
    """One number of many; None for nothing except count and sum. ValueError for an unknown kind."""
    if kind == "count":
        return float(len(numbers))
    if kind == "sum":
        return math.fsum(numbers)
    if not numbers:
        return None
    if kind == "mean":
        return math.fsum(numbers) / len(numbers)
    if kind in ("median", "percentile"):
        return percentile(numbers, 0.5 if kind == "median" else q)
    raise ValueError(f"aggregate: {kind} is none of {', '.join(AGGREGATES)}")


def percentile(numbers: Sequence[Number], q: float) -> float:
    """Continuous percentile (linear between neighbours, as percentile_cont of SQL); ``q`` in 0…1."""
    ordered = sorted(numbers)
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def ratio(of: Number, over: Number, scale: Number) -> float | None:
    """of / over x scale; None when there is nothing to divide by."""
    return None if not over else of / over * scale


def names_in(text: str) -> set[str]:
    """Names that an expression reads; ValueError for anything but arithmetic."""
    found: set[str] = set()
    for node in ast.walk(_parsed(text)):
        if isinstance(node, ast.Name) and node.id not in _FUNCTIONS:
            found.add(node.id)
    return found


def evaluate(text: str, values: Mapping[str, float]) -> float | None:
    """Value of an arithmetic expression; None when it divides by zero."""
    try:
        return float(_value(_parsed(text).body, values))
    except ZeroDivisionError:
        return None


def _parsed(text: str) -> ast.Expression:
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError as error:
        raise ValueError(f"expression {text!r}: {error.msg}") from error
    allowed = (
        ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, ast.Constant, ast.Name, ast.Load, ast.Call,
        *_OPERATORS,
    )  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, allowed):
            raise ValueError(f"expression {text!r}: {type(node).__name__} is not allowed")
    return tree


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.UnaryOp):
        return -_value(node.operand, values)
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
        return _FUNCTIONS[node.func.id](*(_value(each, values) for each in node.args))
    raise ValueError(f"expression: {ast.dump(node)} is not arithmetic")


@dataclass(frozen=True)
class Path:
    """Where a figure should be on each day: from the baseline to the target, then level."""

    start: date
    first: float
    end: date
    last: float

    def at(self, day: date) -> float:
        """Expected value on a day: linear between the ends."""
        if day >= self.end or self.end <= self.start:
            return self.last
        if day <= self.start:
            return self.first
        return self.first + (self.last - self.first) * ((day - self.start) / (self.end - self.start))


def light(value: float | None, expected: float | None, direction: str, noise: float = 0.0) -> str:
    """green on the path, amber short of it by no more than the noise, red by more, grey without a value."""
    if value is None or expected is None or direction not in ("up", "down"):
        return "grey"
    short = expected - value if direction == "up" else value - expected
    if short <= 1e-9:
        return "green"
    return "amber" if short <= noise else "red"


def ratio_noise(value: float, denominator: float, scale: float) -> float:
    """Half width of the p-chart limits of a ratio with ``denominator`` cases (3 sigma)."""
    share = min(max(value / scale, 0.0), 1.0)
    # A share of 0 or 1 among few cases says little: the rule of three gives its upper limit.
    if share in (0.0, 1.0):
        return min(1.0, SIGMAS / denominator) * scale if denominator else scale
    return SIGMAS * math.sqrt(share * (1 - share) / denominator) * scale


def value_noise(history: Sequence[float]) -> float:
    """Half width of the XmR limits of a series of individual values; 0 below five values."""
    if len(history) < 5:
        return 0.0
    moves = [abs(after - before) for before, after in pairwise(history)]
    return XMR * statistics.fmean(moves)


def reached_on(history: Sequence[tuple[date, float]], target: float, horizon: date) -> date | None:
    """Day on which the trend (Theil-Sen on eight points or more) meets the target; None if it cannot be told.

    It cannot be told when the trend leads away, or when the middle half of the slopes does not agree that
    the target is met before ``horizon``.
    """
    if len(history) < 8:
        return None
    start = history[0][0]
    points = [((day - start).days, value) for day, value in history]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(points)
        for later in points[index + 1 :]
        if later[0] != earlier[0]
    ]
    if not slopes:
        return None
    days = []
    for q in (0.25, 0.5, 0.75):
        slope = percentile(slopes, q)
        level = statistics.median(value - slope * day for day, value in points)
        if not slope or (target - points[-1][1]) * slope < 0:
            return None
        days.append((target - level) / slope)
    if not all(0 <= each <= (horizon - start).days for each in days):
        return None
    return start + timedelta(days=round(days[1]))


@dataclass(frozen=True)
class Difference:
    """Why a figure moved: each part and its share; the shares add up to the whole exactly."""

    parts: tuple[tuple[str, Fraction], ...]

    @property
    def total(self) -> Fraction:
        """Sum of the parts."""
        return sum((share for _name, share in self.parts), Fraction(0))


Frozen = Mapping[str, tuple[str, float]]  # row key -> (digest of the row, its number)


def difference(before: Frozen, after: Frozen) -> Difference:
    """Parts of the change of a sum over rows: rows in, rows out, rows changed."""
    came = sum((Fraction(after[key][1]) for key in after.keys() - before.keys()), Fraction(0))
    went = sum((Fraction(before[key][1]) for key in before.keys() - after.keys()), Fraction(0))
    changed = sum(
        (Fraction(after[key][1]) - Fraction(before[key][1]) for key in before.keys() & after.keys()),
        Fraction(0),
    )
    return Difference((("in", came), ("out", -went), ("changed", changed)))


def ratio_difference(
    before: tuple[Number, Number], after: tuple[Number, Number], scale: Number
) -> Difference | None:
    """Parts of the change of a ratio: through its denominator, then its numerator; None if undefined."""
    if not before[1] or not after[1]:
        return None
    of, over, new_of, new_over = (Fraction(each) for each in (*before, *after))
    through_over = of / new_over - of / over
    through_of = new_of / new_over - of / new_over
    return Difference(
        (("denominator", through_over * Fraction(scale)), ("numerator", through_of * Fraction(scale)))
    )
