"""A formula in plain words, made from its objects."""

from functools import singledispatch

from django.utils.translation import gettext as _

from qipan.kernel.indicators import catalogue
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


def _plural(rows: Rows) -> str:
    return str(rows.rows().model._meta.verbose_name_plural)


def _field(rows: Rows, path: str) -> str:
    model = rows.rows().model
    field = None
    for name in path.split("__"):
        field = model._meta.get_field(name)
        model = field.related_model or model
    return str(getattr(field, "verbose_name", path))


@singledispatch
def words(formula: Formula) -> str:
    """What a formula computes, in one sentence."""
    return type(formula).__name__


@words.register
def _rows(formula: Rows) -> str:
    return _("符合条件的%(rows)s条数") % {"rows": _plural(formula)}


@words.register
def _sum(formula: Sum) -> str:
    return _("%(rows)s的%(field)s合计") % {
        "rows": _plural(formula.of),
        "field": _field(formula.of, formula.field),
    }


@words.register
def _mean(formula: Mean) -> str:
    return _("%(rows)s的%(field)s平均") % {
        "rows": _plural(formula.of),
        "field": _field(formula.of, formula.field),
    }


@words.register
def _percentile(formula: Percentile) -> str:
    return _("%(rows)s的%(field)s第%(q)g百分位") % {
        "rows": _plural(formula.of),
        "field": _field(formula.of, formula.field),
        "q": formula.q * 100,
    }


@words.register
def _points(formula: Points) -> str:
    return _("%(rows)s按%(field)s计分合计") % {
        "rows": _plural(formula.of),
        "field": _field(formula.of, formula.field),
    }


@words.register
def _duration(formula: Duration) -> str:
    kinds = {"median": _("中位数"), "mean": _("平均")}
    clocks = {"always": _("自然时间"), "office": _("机关工作时间"), "urban": _("城市管理作业时间")}
    return _("%(rows)s从%(start)s到%(end)s的用时%(kind)s(%(clock)s)") % {
        "rows": _plural(formula.of),
        "start": _field(formula.of, formula.start),
        "end": _field(formula.of, formula.end),
        "kind": kinds.get(formula.aggregate, formula.aggregate),
        "clock": clocks.get(formula.calendar, formula.calendar),
    }


@words.register
def _ratio(formula: Ratio) -> str:
    text = _("%(of)s ÷ %(over)s") % {"of": words(formula.of), "over": words(formula.over)}
    return text if formula.scale == 1 else f"{text} × {formula.scale:g}"


@words.register
def _latest(formula: Latest) -> str:
    return _("%(thing)s的%(stream)s最新值") % {"thing": formula.thing, "stream": formula.stream}


@words.register
def _window(formula: Window) -> str:
    kinds = {"mean": _("平均"), "min": _("最小"), "max": _("最大"), "sum": _("合计")}
    return _("%(thing)s的%(stream)s最近%(hours)g小时%(kind)s") % {
        "thing": formula.thing,
        "stream": formula.stream,
        "hours": formula.hours,
        "kind": kinds.get(formula.aggregate, formula.aggregate),
    }


@words.register
def _composite(formula: Composite) -> str:
    return " + ".join(f"{weight:g} × {catalogue.get(key).name}" for key, weight in formula.children)


@words.register
def _expression(formula: Expression) -> str:
    names = ",".join(f"{name} = {catalogue.get(key).name}" for name, key in formula.names.items())
    return f"{formula.text}({names})"


@words.register
def _typed(_formula: Typed) -> str:
    return _("人工填报,须附依据并经第二人复核")
