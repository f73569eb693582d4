"""A rule in sentences, for those who do not read JSON."""

from functools import singledispatch

from django.utils.translation import gettext as _

from qipan.kernel.sensing import quality
from qipan.kernel.sensing.declarations import SensingRule
from qipan.kernel.sensing.models import Severity
from qipan.kernel.sensing.rules import conditions as c
from qipan.kernel.sensing.rules.conditions import Level


def sentences(rule: SensingRule) -> list[str]:
    """What the rule watches, when it fires at which severity, when it clears."""
    found = [_target(rule.target)]
    for level in (Level(rule.severity, rule.condition, rule.for_s), *rule.levels):
        held = _(",持续%(time)s") % {"time": _time(level.for_s)} if level.for_s else ""
        severity = str(Severity(level.severity).label)
        text = _("%(condition)s%(held)s → %(severity)s")
        found.append(text % {"condition": words(level.condition), "held": held, "severity": severity})
    if rule.clear is not None:
        found.append(_("解除:%(condition)s") % {"condition": words(rule.clear)})
    if rule.keep_for_s:
        found.append(_("条件消失%(time)s后才解除") % {"time": _time(rule.keep_for_s)})
    if rule.schedule is not None:
        span = f"{rule.schedule.start}-{rule.schedule.end}"
        found.append(_("只在每天%(span)s触发") % {"span": span})
    return found


def _target(target: c.Target) -> str:
    parts = [*target.kinds, *target.things, *target.organisations, *target.divisions]
    if not parts:
        return _("对象:所有有这些数据流的设备")
    return _("对象:%(parts)s") % {"parts": "、".join(parts)}


def _time(seconds: float) -> str:
    if seconds >= 3600 and seconds % 3600 == 0:
        return _("%(count)g小时") % {"count": seconds / 3600}
    if seconds >= 60:
        return _("%(count)g分钟") % {"count": seconds / 60}
    return _("%(count)g秒") % {"count": seconds}


def _operator(op: c.Operator) -> str:
    names = {"over": _("高于"), "at_least": _("不低于"), "under": _("低于"), "at_most": _("不高于")}
    return names[op]


def _limit(limit: c.Limit) -> str:
    if isinstance(limit, c.Attribute):
        return _("设备属性 %(name)s") % {"name": limit.name}
    if isinstance(limit, c.Stream):
        return f"{limit.code} × {limit.times:g} + {limit.plus:g}"
    return f"{limit:g}"


def _slack(hysteresis: float) -> str:
    return _("(回差 %(value)g)") % {"value": hysteresis} if hysteresis else ""


@singledispatch
def words(condition: object) -> str:
    """A condition in words."""
    return str(condition)


@words.register
def _threshold(condition: c.Threshold) -> str:
    limit = _limit(condition.limit)
    return f"{condition.stream} {_operator(condition.op)} {limit}{_slack(condition.hysteresis)}"


@words.register
def _outside(condition: c.Outside) -> str:
    text = _("%(stream)s 超出 %(low)s-%(high)s")
    names = {"stream": condition.stream, "low": _limit(condition.low), "high": _limit(condition.high)}
    return text % names + _slack(condition.hysteresis)


@words.register
def _absence(condition: c.Absence) -> str:
    return _("%(stream)s 连续%(steps)g个间隔没有数据") % {
        "stream": condition.stream,
        "steps": condition.steps,
    }


@words.register
def _rate(condition: c.Rate) -> str:
    text = _("%(stream)s 在%(time)s内的变化每小时%(op)s %(rate)g")
    return text % {
        "stream": condition.stream,
        "time": _time(condition.window_s),
        "op": _operator(condition.op),
        "rate": condition.per_hour,
    }


@words.register
def _flagged(condition: c.Flagged) -> str:
    labels = "、".join(quality.labels(condition.bits))
    return _("%(stream)s 的质量标记含 %(labels)s") % {"stream": condition.stream, "labels": labels}


@words.register
def _aggregate(condition: c.Aggregate) -> str:
    functions = {
        "mean": _("平均值"),
        "max": _("最大值"),
        "min": _("最小值"),
        "sum": _("总和"),
        "count": _("数据个数"),
        "percentile": _("第%(share)g百分位数") % {"share": condition.percentile},
    }
    text = _("%(stream)s 在%(time)s内的%(function)s%(op)s %(limit)s")
    return text % {
        "stream": condition.stream,
        "time": _time(condition.window_s),
        "function": functions[condition.function],
        "op": _operator(condition.op),
        "limit": _limit(condition.limit),
    }


@words.register
def _repeating(condition: c.Repeating) -> str:
    text = _("%(time)s内至少%(times)d次:%(condition)s")
    inner = words(condition.condition)
    return text % {"time": _time(condition.window_s), "times": condition.times, "condition": inner}


@words.register
def _expression(condition: c.Expression) -> str:
    return condition.text


@words.register
def _all(condition: c.All) -> str:
    return _(" 并且 ").join(f"({words(part)})" for part in condition.conditions)


@words.register
def _any(condition: c.AnyOf) -> str:
    return _(" 或者 ").join(f"({words(part)})" for part in condition.conditions)


@words.register
def _not(condition: c.Not) -> str:
    return _("并非(%(condition)s)") % {"condition": words(condition.condition)}
