"""Rules as JSON and back: strict, so that a rule which cannot be understood is refused, not guessed."""

from dataclasses import fields, is_dataclass
from typing import Any

from qipan.kernel.sensing.declarations import SensingRule
from qipan.kernel.sensing.rules import conditions as c

_KINDS: dict[str, type] = {
    "threshold": c.Threshold,
    "outside": c.Outside,
    "absence": c.Absence,
    "rate": c.Rate,
    "flagged": c.Flagged,
    "aggregate": c.Aggregate,
    "repeating": c.Repeating,
    "expression": c.Expression,
    "all": c.All,
    "any": c.AnyOf,
    "not": c.Not,
    "attribute": c.Attribute,
    "stream": c.Stream,
    "target": c.Target,
    "level": c.Level,
    "schedule": c.Schedule,
    "test": c.RuleTest,
    "expect": c.Expect,
    "rule": SensingRule,
}
_NAMES = {cls: name for name, cls in _KINDS.items()}
_CONDITIONS = (
    c.Threshold,
    c.Outside,
    c.Absence,
    c.Rate,
    c.Flagged,
    c.Aggregate,
    c.Repeating,
    c.Expression,
    c.All,
    c.AnyOf,
    c.Not,
)
_OPERATORS = ("over", "at_least", "under", "at_most")
_FUNCTIONS = ("mean", "max", "min", "sum", "count", "percentile")
_NUMBERS = (
    "hysteresis",
    "steps",
    "per_hour",
    "window_s",
    "percentile",
    "for_s",
    "keep_for_s",
    "at_s",
    "step_s",
)
_LIMITS = ("limit", "low", "high")
_ONE_CONDITION = ("condition", "clear")


def dump(value: Any) -> Any:
    """A dataclass of a rule as JSON-able data; every object carries its ``kind``."""
    if is_dataclass(value) and not isinstance(value, type):
        body = {field.name: dump(getattr(value, field.name)) for field in fields(value)}
        return {"kind": _NAMES[type(value)], **body}
    if isinstance(value, tuple | list):
        return [dump(item) for item in value]
    return value


def load_rule(data: Any) -> SensingRule:
    """A rule from JSON-able data; ValueError names what is wrong."""
    rule = _load(data, "rule")
    if not isinstance(rule, SensingRule):
        raise ValueError(f"rule: kind {_NAMES[type(rule)]!r} is not a rule")
    return rule


def load_condition(data: Any) -> c.Condition:
    """A condition from JSON-able data; ValueError names what is wrong."""
    condition = _load(data, "condition")
    if not isinstance(condition, _CONDITIONS):
        raise ValueError(f"condition: kind {_NAMES[type(condition)]!r} is not a condition")
    return condition


def _load(data: Any, where: str) -> Any:
    if isinstance(data, list):
        return tuple(_load(item, f"{where}[{index}]") for index, item in enumerate(data))
    if not isinstance(data, dict) or "kind" not in data:
        return data
    cls = _KINDS.get(data["kind"])
    if cls is None:
        raise ValueError(f"{where}: unknown kind {data['kind']!r}")
    known = {field.name for field in fields(cls)}
    unknown = set(data) - known - {"kind"}
    if unknown:
        raise ValueError(f"{where}: unknown member {sorted(unknown)[0]!r}")
    members = {name: _load(value, f"{where}.{name}") for name, value in data.items() if name != "kind"}
    _check(members, where)
    try:
        return cls(**members)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from None


def _check(members: dict[str, Any], where: str) -> None:
    """Values that would fail only when the rule runs are refused here."""
    for name, value in members.items():
        problem = _problem(name, value)
        if problem:
            raise ValueError(f"{where}.{name}: {problem}")


def _problem(name: str, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in _NUMBERS and not (number and value >= 0):
        # a change per hour is the one figure that may be negative
        return "" if name == "per_hour" and number else "not a number of at least 0"
    if name in _LIMITS and not (number or isinstance(value, c.Attribute | c.Stream)):
        return "neither a number nor an attribute nor a stream"
    if name in _ONE_CONDITION and not (isinstance(value, _CONDITIONS) or (value is None and name == "clear")):
        return "not a condition"
    if name == "conditions" and not (value and all(isinstance(item, _CONDITIONS) for item in value)):
        return "not a list of conditions"
    if name == "op" and value not in _OPERATORS:
        return f"none of {', '.join(_OPERATORS)}"
    if name == "function" and value not in _FUNCTIONS:
        return f"none of {', '.join(_FUNCTIONS)}"
    if name == "severity" and value not in ("", *c.SEVERITIES):
        return f"none of {', '.join(c.SEVERITIES)}"
    return ""
