"""Conditions compiled to closures over ``Inputs``: True, False, or None when nothing can be said."""

import operator
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatch
from statistics import fmean

from qipan.kernel.sensing.rules import conditions as c
from qipan.kernel.sensing.rules import expression
from qipan.kernel.sensing.rules.inputs import Inputs

Truth = Callable[[Inputs], bool | None]
LimitOf = Callable[[Inputs], float | None]

_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "over": operator.gt,
    "at_least": operator.ge,
    "under": operator.lt,
    "at_most": operator.le,
}


@dataclass
class Needs:
    """What the compiled conditions look at: windows per stream, and streams whose silence counts."""

    windows: dict[str, float] = field(default_factory=dict)
    absences: list[tuple[str, float]] = field(default_factory=list)

    def stream(self, code: str, window_s: float = 0.0) -> None:
        """Note that a stream is looked at, over this window."""
        self.windows[code] = max(window_s, self.windows.get(code, 0.0))


def compiled(condition: c.Condition, needs: Needs, path: str) -> Truth:
    """The closure of a condition; ``path`` names its place in the rule for what it remembers."""
    return _compile(condition, needs, path)


@singledispatch
def _compile(condition: object, needs: Needs, path: str) -> Truth:
    raise ValueError(f"{path}: {type(condition).__name__} is no condition")


@_compile.register
def _threshold(condition: c.Threshold, needs: Needs, path: str) -> Truth:
    needs.stream(condition.stream)
    limit_of = _limit(condition.limit, needs)
    compare = _OPERATORS[condition.op]
    code, flagged = condition.stream, condition.flagged
    # a condition that holds lets go only beyond the hysteresis
    slack = -condition.hysteresis if condition.op in ("over", "at_least") else condition.hysteresis

    def run(inputs: Inputs) -> bool | None:
        view = inputs.streams[code]
        value = view.raw if flagged else view.current(inputs.now)
        limit = limit_of(inputs)
        if value is None or limit is None:
            return None
        held = inputs.latches.get(path, False)
        holds = compare(value, limit + slack if held else limit)
        if holds is not held:
            inputs.latches[path] = holds
        return holds

    return run


@_compile.register
def _outside(condition: c.Outside, needs: Needs, path: str) -> Truth:
    below = c.Threshold(condition.stream, "under", condition.low, condition.hysteresis)
    above = c.Threshold(condition.stream, "over", condition.high, condition.hysteresis)
    return _any(c.AnyOf((below, above)), needs, path)


@_compile.register
def _absence(condition: c.Absence, needs: Needs, path: str) -> Truth:
    needs.stream(condition.stream)
    needs.absences.append((condition.stream, condition.steps))
    code, steps = condition.stream, condition.steps

    def run(inputs: Inputs) -> bool | None:
        view = inputs.streams[code]
        return inputs.now - max(view.heard, inputs.since) >= steps * view.step_s

    return run


@_compile.register
def _rate(condition: c.Rate, needs: Needs, path: str) -> Truth:
    needs.stream(condition.stream, condition.window_s)
    compare = _OPERATORS[condition.op]
    code, window_s, per_hour = condition.stream, condition.window_s, condition.per_hour

    def run(inputs: Inputs) -> bool | None:
        inside = inputs.streams[code].within(inputs.now, window_s)
        # two neighbours are noise: the readings must span half the window
        if len(inside) < 2 or inside[-1][0] - inside[0][0] < window_s / 2:
            return None
        change = inside[-1][1] - inside[0][1]
        return compare(change * 3600.0 / (inside[-1][0] - inside[0][0]), per_hour)

    return run


@_compile.register
def _flagged(condition: c.Flagged, needs: Needs, path: str) -> Truth:
    needs.stream(condition.stream)
    code, bits = condition.stream, condition.bits

    def run(inputs: Inputs) -> bool | None:
        view = inputs.streams[code]
        return bool(view.quality & bits) if view.seen > 0 else None

    return run


@_compile.register
def _aggregate(condition: c.Aggregate, needs: Needs, path: str) -> Truth:
    needs.stream(condition.stream, condition.window_s)
    limit_of = _limit(condition.limit, needs)
    compare = _OPERATORS[condition.op]
    slack = -condition.hysteresis if condition.op in ("over", "at_least") else condition.hysteresis
    figure = _figure(condition)
    code, window_s = condition.stream, condition.window_s

    def run(inputs: Inputs) -> bool | None:
        values = [value for _ts, value in inputs.streams[code].within(inputs.now, window_s)]
        limit = limit_of(inputs)
        if limit is None or not (values or condition.function == "count"):
            return None
        held = inputs.latches.get(path, False)
        inputs.latches[path] = compare(figure(values), limit + slack if held else limit)
        return inputs.latches[path]

    return run


def _figure(condition: c.Aggregate) -> Callable[[list[float]], float]:
    share = condition.percentile / 100.0

    def percentile(values: list[float]) -> float:
        ordered = sorted(values)
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    figures: dict[str, Callable[[list[float]], float]] = {
        "mean": fmean,
        "max": max,
        "min": min,
        "sum": sum,
        "count": lambda values: float(len(values)),
        "percentile": percentile,
    }
    return figures[condition.function]


@_compile.register
def _repeating(condition: c.Repeating, needs: Needs, path: str) -> Truth:
    mine = Needs()
    inner = _compile(condition.condition, mine, f"{path}.0")
    for code, window_s in mine.windows.items():
        needs.stream(code, window_s)
    needs.absences += mine.absences
    codes = tuple(mine.windows)

    def run(inputs: Inputs) -> bool | None:
        truth = inner(inputs)
        hits = inputs.hits.setdefault(path, deque())
        newest = max(inputs.streams[code].seen for code in codes)
        # one reading counts once, however often the rule is looked at
        if truth and (not hits or hits[-1] < newest):
            hits.append(newest)
        while hits and hits[0] <= inputs.now - condition.window_s:
            hits.popleft()
        return len(hits) >= condition.times

    return run


@_compile.register
def _expression(condition: c.Expression, needs: Needs, path: str) -> Truth:
    parsed = expression.parse(condition.text)
    for code in parsed.streams:
        needs.stream(code)
    return parsed.run


@_compile.register
def _all(condition: c.All, needs: Needs, path: str) -> Truth:
    parts = [_compile(part, needs, f"{path}.{index}") for index, part in enumerate(condition.conditions)]

    def run(inputs: Inputs) -> bool | None:
        # every part is asked, since parts have memories
        truths = [part(inputs) for part in parts]
        if False in truths:
            return False
        return None if None in truths else True

    return run


@_compile.register
def _any(condition: c.AnyOf, needs: Needs, path: str) -> Truth:
    parts = [_compile(part, needs, f"{path}.{index}") for index, part in enumerate(condition.conditions)]

    def run(inputs: Inputs) -> bool | None:
        truths = [part(inputs) for part in parts]
        if True in truths:
            return True
        return None if None in truths else False

    return run


@_compile.register
def _not(condition: c.Not, needs: Needs, path: str) -> Truth:
    inner = _compile(condition.condition, needs, f"{path}.0")

    def run(inputs: Inputs) -> bool | None:
        truth = inner(inputs)
        return None if truth is None else not truth

    return run


def _limit(limit: c.Limit, needs: Needs) -> LimitOf:
    if isinstance(limit, c.Attribute):
        return expression.property_value(limit.name)
    if isinstance(limit, c.Stream):
        needs.stream(limit.code)
        return _stream_limit(limit)
    number = float(limit)
    return lambda _inputs: number


def _stream_limit(limit: c.Stream) -> LimitOf:
    def run(inputs: Inputs) -> float | None:
        value = inputs.streams[limit.code].current(inputs.now)
        return None if value is None else value * limit.times + limit.plus

    return run
