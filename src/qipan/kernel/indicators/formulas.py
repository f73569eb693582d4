"""Evaluating formulas over live tables."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import singledispatch
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from qipan.kernel.base.clock import now
from qipan.kernel.indicators.arithmetic import aggregate, evaluate, ratio
from qipan.kernel.indicators.declarations import (
    Composite,
    Duration,
    Expression,
    Formula,
    Latest,
    Mean,
    Percentile,
    Points,
    Ratio,
    Rows,
    Sum,
    Typed,
    Window,
)
from qipan.kernel.indicators.models import TypedValue
from qipan.kernel.orgs.calendars import worktime
from qipan.kernel.sensing.models import Datastream
from qipan.kernel.sensing.read import history, latest

Child = Callable[[str], "Result"]


@dataclass(frozen=True)
class Result:
    """A figure as computed; ``note`` says why there is no value, ``at`` when it was observed."""

    value: float | None
    numerator: float | None = None
    denominator: float | None = None
    note: str = ""
    at: datetime | None = None


def narrowed(rows: Rows, narrow: Q | None) -> QuerySet[Any]:
    """The rows of one member of a dimension, or all."""
    found = rows.rows()
    return found if narrow is None else found.filter(narrow)


@singledispatch
def compute(formula: Formula, _key: str, _narrow: Q | None, _child: Child) -> Result:
    """Value of a formula; ``narrow`` keeps the rows of one member, ``child`` gives other indicators."""
    raise TypeError(f"no way to compute {type(formula).__name__}")


@compute.register
def _rows(formula: Rows, _key: str, narrow: Q | None, _child: Child) -> Result:
    count = narrowed(formula, narrow).count()
    return Result(float(count), count)


@compute.register(Sum)
@compute.register(Mean)
@compute.register(Percentile)
@compute.register(Duration)
@compute.register(Points)
def _numbers(formula: Any, _key: str, narrow: Q | None, _child: Child) -> Result:
    kind, q = recipe_of(formula)
    numbers = [number for _pk, number in numbers_of(formula, narrow)]
    value = aggregate(kind, numbers, q)
    return Result(value, value, len(numbers), "" if numbers else _("没有数据"))


def recipe_of(formula: Formula) -> tuple[str, float]:
    """How the numbers of rows become one: kind of aggregate and percentile."""
    if isinstance(formula, Rows):
        return "count", 0.0
    if isinstance(formula, Sum | Points):
        return "sum", 0.0
    if isinstance(formula, Mean):
        return "mean", 0.0
    if isinstance(formula, Percentile):
        return "percentile", formula.q
    if isinstance(formula, Duration):
        return formula.aggregate, 0.5
    raise TypeError(f"{type(formula).__name__} is not over rows")


def numbers_of(formula: Formula, narrow: Q | None) -> Iterator[tuple[Any, float]]:
    """(primary key, number that the row gives) of every row that counts."""
    if isinstance(formula, Rows):
        for pk in narrowed(formula, narrow).values_list("pk", flat=True).iterator():
            yield pk, 1.0
    elif isinstance(formula, Sum | Mean | Percentile):
        rows = narrowed(formula.of, narrow).filter(**{f"{formula.field}__isnull": False})
        for pk, number in rows.values_list("pk", formula.field).iterator():
            yield pk, float(number)
    elif isinstance(formula, Points):
        for pk, code in narrowed(formula.of, narrow).values_list("pk", formula.field).iterator():
            yield pk, formula.points.get(str(code), 0.0)
    elif isinstance(formula, Duration):
        yield from _spans(formula, narrow)
    else:
        raise TypeError(f"{type(formula).__name__} is not over rows")


def _spans(formula: Duration, narrow: Q | None) -> Iterator[tuple[Any, float]]:
    both = {f"{formula.start}__isnull": False, f"{formula.end}__isnull": False}
    rows = narrowed(formula.of, narrow).filter(**both).values_list("pk", formula.start, formula.end)
    calendar = None if formula.calendar == "always" else worktime(formula.calendar)
    for pk, start, end in rows.iterator():
        seconds = (end - start).total_seconds() if calendar is None else calendar.worked(start, end)
        yield pk, seconds / formula.divide_by


@compute.register
def _ratio(formula: Ratio, key: str, narrow: Q | None, child: Child) -> Result:
    of, over = (compute(part, key, narrow, child).value or 0.0 for part in (formula.of, formula.over))
    value = ratio(of, over, formula.scale)
    return Result(value, of, over, "" if value is not None else _("没有可计算的记录"))


@compute.register
def _latest(formula: Latest, _key: str, _narrow: Q | None, _child: Child) -> Result:
    stream = stream_of(formula)
    newest = latest([stream.pk]).get(stream.pk) if stream else None
    if newest is None or newest.value is None:
        return Result(None, note=_("没有数据"))
    return Result(newest.value, newest.value, 1, at=newest.ts)


def stream_of(formula: Latest | Window) -> Datastream | None:
    """The datastream that a formula reads, None before it exists."""
    return Datastream.objects.filter(thing__code=formula.thing, code=formula.stream).first()


@compute.register
def _window(formula: Window, _key: str, _narrow: Q | None, _child: Child) -> Result:
    stream = stream_of(formula)
    if stream is None:
        return Result(None, note=_("没有数据"))
    end = now()
    found = history([stream.pk], end - timedelta(hours=formula.hours), end, good_only=True)
    expected = formula.hours * 3600 / stream.step_s
    share = min(found.num_rows / expected, 1.0) if expected else 0.0
    if share < formula.completeness:
        return Result(
            None, found.num_rows, expected, _("数据完整率%(share)d%%,不足") % {"share": 100 * share}
        )
    return Result(_of_column(found, formula.aggregate), found.num_rows, expected, at=end)


def _of_column(table: pa.Table, kind: str) -> float | None:
    functions = {"mean": pc.mean, "min": pc.min, "max": pc.max, "sum": pc.sum}
    value = functions[kind](table["value"]).as_py()
    return None if value is None else float(value)


@compute.register
def _composite(formula: Composite, _key: str, _narrow: Q | None, child: Child) -> Result:
    values = [(child(key).value, weight) for key, weight in formula.children]
    known = [(value, weight) for value, weight in values if value is not None]
    if len(known) < len(values):
        words = {"known": len(known), "all": len(values)}
        return Result(None, len(known), len(values), _("%(all)d项中只有%(known)d项有值") % words)
    return Result(sum(value * weight for value, weight in known), len(known), len(values))


@compute.register
def _expression(formula: Expression, _key: str, _narrow: Q | None, child: Child) -> Result:
    values = {name: child(key).value for name, key in formula.names.items()}
    known = {name: value for name, value in values.items() if value is not None}
    if len(known) < len(values):
        return Result(None, note=_("所依据的指标还没有值"))
    value = evaluate(formula.text, known)
    return Result(value, note="" if value is not None else _("没有可计算的记录"))


@compute.register
def _typed(_formula: Typed, key: str, _narrow: Q | None, _child: Child) -> Result:
    newest = (
        TypedValue.objects.filter(key=key, confirmed_by__isnull=False).order_by("-day", "-typed_at").first()
    )
    if newest is None:
        return Result(None, note=_("还没有经复核的填报值"))
    return Result(newest.value, newest.value, at=newest.typed_at)
