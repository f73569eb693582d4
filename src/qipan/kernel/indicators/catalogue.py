"""The declared indicators, checked once at start."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models

from qipan.kernel.indicators.arithmetic import names_in
from qipan.kernel.indicators.declarations import (
    UNITS,
    Composite,
    Duration,
    Expression,
    Formula,
    Indicator,
    Mean,
    Percentile,
    Points,
    Ratio,
    Rows,
    Sum,
)


class Offer(Protocol):
    """What this block needs to know of a module."""

    @property
    def label(self) -> str: ...
    @property
    def indicators(self) -> tuple[Indicator, ...]: ...


_indicators: dict[str, Indicator] = {}


def install(modules: Iterable[Offer]) -> None:
    """Take the indicators of all modules; ImproperlyConfigured names what is wrong with which."""
    offers = list(modules)
    labels = {offer.label for offer in offers}
    found: dict[str, Indicator] = {}
    for indicator in (each for offer in offers for each in offer.indicators):
        if indicator.key in found:
            raise ImproperlyConfigured(f"indicator {indicator.key}: declared twice")
        if indicator.key.count(".") != 1 or indicator.label not in labels:
            raise ImproperlyConfigured(f"indicator {indicator.key}: must be <label of a module>.<name>")
        found[indicator.key] = indicator
    for indicator in found.values():
        problem = fault(indicator, found)
        if problem:
            raise ImproperlyConfigured(f"indicator {indicator.key}: {problem}")
    _check_cycles(found)
    _indicators.clear()
    _indicators.update(found)


def get(key: str) -> Indicator:
    """The indicator of a key; LookupError for an unknown one."""
    if key not in _indicators:
        raise LookupError(f"unknown indicator {key}")
    return _indicators[key]


def every() -> tuple[Indicator, ...]:
    """All indicators in the order of their keys."""
    return tuple(_indicators[key] for key in sorted(_indicators))


def fault(indicator: Indicator, known: dict[str, Indicator]) -> str:
    """What is wrong with a declaration, "" when nothing is."""
    if indicator.unit not in UNITS:
        return f"unit {indicator.unit!r} is not in the list of units"
    if indicator.direction not in ("up", "down", ""):
        return f"direction {indicator.direction!r}"
    if not str(indicator.name).strip():
        return "no name"
    return _formula_fault(indicator.formula, known) or _dimension_fault(indicator)


def _formula_fault(formula: Formula, known: dict[str, Indicator]) -> str:
    if isinstance(formula, Composite):
        weights = sum(weight for _key, weight in formula.children)
        if abs(weights - formula.total) > 1e-9:
            return f"weights sum to {weights:g}, not {formula.total:g}"
    if isinstance(formula, Expression):
        missing = names_in(formula.text) ^ set(formula.names)
        if missing:
            return f"names {sorted(missing)} stand only in the text or only in the list"
    unknown = [key for key in children(formula) if key not in known]
    if unknown:
        return f"unknown indicators {unknown}"
    for rows, fields in fields_of(formula):
        for path in fields:
            if not field_exists(rows.rows().model, path):
                return f"{rows.rows().model._meta.label} has no field {path}"
    return ""


def _dimension_fault(indicator: Indicator) -> str:
    for dimension in indicator.dimensions:
        for rows in row_sets(indicator.formula):
            if not field_exists(rows.rows().model, dimension.path):
                return f"{rows.rows().model._meta.label} has no field {dimension.path}"
        if not list(row_sets(indicator.formula)):
            return "only figures over rows can be split by a dimension"
    return ""


def children(formula: Formula) -> tuple[str, ...]:
    """Keys of the indicators that a formula reads."""
    if isinstance(formula, Composite):
        return tuple(key for key, _weight in formula.children)
    return tuple(formula.names.values()) if isinstance(formula, Expression) else ()


def row_sets(formula: Formula) -> Iterator[Rows]:
    """The sets of rows that a formula reads itself."""
    if isinstance(formula, Rows):
        yield formula
    elif isinstance(formula, Sum | Mean | Percentile | Duration | Points):
        yield formula.of
    elif isinstance(formula, Ratio):
        yield from row_sets(formula.of)
        yield from row_sets(formula.over)


def fields_of(formula: Formula) -> Iterator[tuple[Rows, tuple[str, ...]]]:
    """Each set of rows with the fields that the formula reads of it."""
    if isinstance(formula, Sum | Mean | Percentile | Points):
        yield formula.of, (formula.field,)
    elif isinstance(formula, Duration):
        yield formula.of, (formula.start, formula.end)
    elif isinstance(formula, Ratio):
        yield from fields_of(formula.of)
        yield from fields_of(formula.over)


def field_exists(model: type[models.Model], path: str) -> bool:
    """Whether a lookup path leads over relations to a field."""
    current: type[models.Model] | None = model
    for name in path.split("__"):
        if current is None:
            return False
        try:
            found = current._meta.pk if name == "pk" else current._meta.get_field(name)
        except FieldDoesNotExist:
            return False
        related = getattr(found, "related_model", None)
        current = related if isinstance(related, type) else None
    return True


def _check_cycles(known: dict[str, Indicator]) -> None:
    done: set[str] = set()

    def visit(key: str, way: tuple[str, ...]) -> None:
        if key in way:
            raise ImproperlyConfigured(f"indicator {key}: depends on itself: {' → '.join((*way, key))}")
        if key in done:
            return
        for child in children(known[key].formula):
            visit(child, (*way, key))
        done.add(key)

    for key in known:
        visit(key, ())
