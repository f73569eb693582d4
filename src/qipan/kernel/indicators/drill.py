"""From a number to the rows behind it: those the reader may see, and how many more there are."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from qipan.kernel.access.decide import decide, rows_for
from qipan.kernel.access.models import Actor
from qipan.kernel.indicators import catalogue
from qipan.kernel.indicators.declarations import (
    Duration,
    Formula,
    Indicator,
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
from qipan.kernel.indicators.formulas import narrowed, stream_of
from qipan.kernel.indicators.models import TypedValue
from qipan.kernel.indicators.values import narrow
from qipan.kernel.sensing.models import Datastream
from qipan.kernel.ui.declarations import Register
from qipan.kernel.ui.site import site


@dataclass(frozen=True)
class Part:
    """One set of rows behind a figure: all, and those that the actor may see."""

    code: str
    name: str
    every: QuerySet[Any] = field(repr=False)
    visible: QuerySet[Any] = field(repr=False)

    @property
    def model(self) -> type[Model]:
        """What the rows are."""
        return self.every.model

    @property
    def register(self) -> Register | None:
        """The register that shows such rows, None when no module offers one."""
        return site.register_for(self.model)

    @property
    def count(self) -> int:
        """How many rows there are."""
        return int(self.every.count())

    @property
    def hidden(self) -> int:
        """How many of them the actor may not see."""
        return self.count - int(self.visible.count())


@dataclass(frozen=True)
class Drill:
    """What stands behind a figure: sets of rows, or other indicators."""

    parts: tuple[Part, ...] = ()
    children: tuple[Indicator, ...] = ()

    def part(self, code: str) -> Part:
        """The part of a code, the first one for ""; LookupError when there is none."""
        for each in self.parts:
            if not code or each.code == code:
                return each
        raise LookupError(f"no part {code}")


def rows(key: str, actor: Actor, **by: Any) -> Drill:
    """The rows behind a figure (or one member of a dimension), as this actor may see them."""
    indicator = catalogue.get(key)
    dimension, member = next(iter(by.items()), ("", ""))
    condition = narrow(indicator, dimension, str(getattr(member, "pk", member)))
    sets = _sets(indicator, indicator.formula, condition)
    parts = tuple(Part(code, name, found, _visible(actor, found)) for code, name, found in sets)
    return Drill(parts, tuple(catalogue.get(child) for child in catalogue.children(indicator.formula)))


def _sets(
    indicator: Indicator, formula: Formula, condition: Q | None
) -> list[tuple[str, str, QuerySet[Any]]]:
    if isinstance(formula, Ratio):
        of = _counted(formula.of, condition)
        over = _counted(formula.over, condition)
        found = [("of", _("分子"), of), ("over", _("分母"), over)]
        if of.model is over.model:
            found.append(("rest", _("未计入分子"), over.exclude(pk__in=of.order_by().values("pk"))))
        return found
    if isinstance(formula, Typed):
        return [("rows", _("填报记录"), TypedValue.objects.filter(key=indicator.key))]
    if isinstance(formula, Latest | Window):
        stream = stream_of(formula)
        return [("rows", _("数据流"), Datastream.objects.filter(pk__in=[stream.pk] if stream else []))]
    if isinstance(formula, Rows | Sum | Mean | Percentile | Duration | Points):
        return [("rows", _("记录"), _counted(formula, condition))]
    return []


def _counted(formula: Formula, condition: Q | None) -> QuerySet[Any]:
    """The rows that count: for sums and means those that have the field."""
    if isinstance(formula, Rows):
        return narrowed(formula, condition)
    if isinstance(formula, Sum | Mean | Percentile):
        return narrowed(formula.of, condition).filter(**{f"{formula.field}__isnull": False})
    if isinstance(formula, Points):
        return narrowed(formula.of, condition)
    if isinstance(formula, Duration):
        both = {f"{formula.start}__isnull": False, f"{formula.end}__isnull": False}
        return narrowed(formula.of, condition).filter(**both)
    raise TypeError(f"{type(formula).__name__} is not over rows")


def _visible(actor: Actor, found: QuerySet[Any]) -> QuerySet[Any]:
    register = site.register_for(found.model)
    prefix = register.prefix if register else f"{found.model._meta.app_label}.{found.model._meta.model_name}"
    action = f"{prefix}.view"
    if not decide(actor, action).allowed:
        return found.none()
    return rows_for(actor, action, found)
