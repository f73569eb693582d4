"""The value of an indicator now: kept for a while, and the last good one when a formula fails."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Count, Q
from django.db.models.signals import post_delete, post_save
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.indicators import catalogue
from qipan.kernel.indicators.declarations import Dimension, Indicator, Ratio, Rows
from qipan.kernel.indicators.formulas import Result, compute

log = logging.getLogger(__name__)
LIMIT_MS = 10_000
SHORTEST_S, LONGEST_S = 2.0, 300.0
# A value is kept twenty times as long as it took: refreshing costs at most a twentieth of one core.
PATIENCE = 20
MOST_KEPT = 50_000  # places in the memory of one process


@dataclass(frozen=True)
class Value:
    """A figure with its time; ``stale`` when the formula failed and this is the last good one."""

    key: str
    value: float | None
    numerator: float | None
    denominator: float | None
    as_of: datetime
    note: str = ""
    stale: bool = False
    error: str = ""

    @property
    def indicator(self) -> Indicator:
        """Its declaration."""
        return catalogue.get(self.key)

    @property
    def text(self) -> str:
        """The number as people read it, "—" without one."""
        if self.value is None:
            return "—"
        return number_format(
            round(self.value, self.indicator.decimals), self.indicator.decimals, use_l10n=True
        )


@dataclass
class _Kept:
    """A value and until when it may be shown again (monotonic seconds)."""

    value: Value
    until: float


_kept: dict[tuple[str, str, str], _Kept] = {}
_readers: dict[type[models.Model], set[str]] = {}
_lock = Lock()


def value(key: str, **by: Any) -> Value:
    """The figure now, or of one member: ``value("cases.open", division="371525104000")``.

    LookupError for an unknown key or dimension; InvalidInput for more than one dimension.
    """
    indicator = catalogue.get(key)
    if len(by) > 1:
        raise InvalidInput("by", _("只能按一个维度取值"))
    dimension, member = next(iter(by.items()), ("", ""))
    if dimension:
        indicator.dimension(dimension)
    place = (key, dimension, str(getattr(member, "pk", member)))
    condition = narrow(indicator, dimension, place[2])
    found = _kept.get(place)
    if found is not None and time.monotonic() < found.until:
        return found.value
    started = time.monotonic()
    fresh = _compute(indicator, condition, found)
    took = time.monotonic() - started
    with _lock:
        if len(_kept) > MOST_KEPT:
            _kept.clear()
        _kept[place] = _Kept(fresh, time.monotonic() + min(max(PATIENCE * took, SHORTEST_S), LONGEST_S))
    return fresh


def _compute(indicator: Indicator, condition: Q | None, before: _Kept | None) -> Value:
    try:
        with transaction.atomic():
            usual = _limit(str(LIMIT_MS))
            result = result_of(indicator, condition)
            _limit(usual)
    except (DatabaseError, ArithmeticError, LookupError, ValueError, TypeError) as error:
        log.exception("indicator %s failed", indicator.key)
        if before is not None:
            return replace(before.value, stale=True, error=str(error))
        return Value(indicator.key, None, None, None, now(), _("计算失败"), stale=True, error=str(error))
    return Value(
        indicator.key, result.value, result.numerator, result.denominator, result.at or now(), result.note
    )


def _limit(timeout: str) -> str:
    """Bound the statements of this transaction; gives the bound before (a rollback brings it back too)."""
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('statement_timeout')")
        before = str(cursor.fetchone()[0])
        cursor.execute("select set_config('statement_timeout', %s, true)", [timeout])
    return before


def result_of(indicator: Indicator, narrowed: Q | None = None) -> Result:
    """The figure computed now, without keeping it."""

    def child(key: str) -> Result:
        return result_of(catalogue.get(key))

    return compute(indicator.formula, indicator.key, narrowed, child)


def narrow(indicator: Indicator, dimension: str, member: str) -> Q | None:
    """The condition that keeps one member's rows, None for the whole; LookupError for an impossible one."""
    if not dimension:
        return None
    path = indicator.dimension(dimension).path
    condition = Q(**{f"{path}__isnull": True}) if member == "" else Q(**{path: member})
    try:
        for rows in catalogue.row_sets(indicator.formula):
            rows.rows().filter(condition)
    except (ValueError, ValidationError) as error:
        raise LookupError(f"{indicator.key}: {dimension} has no member {member!r}") from error
    return condition


@dataclass(frozen=True)
class Member:
    """One member of a dimension with its value; ``code`` "" gathers rows without a member."""

    code: str
    name: str
    value: Value


def members(key: str, dimension: str, limit: int = 500) -> list[Member]:
    """The figure split by a dimension, members in the order of their names.

    Shares are computed for each member, never summed.
    """
    indicator = catalogue.get(key)
    found = indicator.dimension(dimension)
    sets = list(catalogue.row_sets(indicator.formula))
    codes: dict[str, None] = {}
    for rows in sets:
        path = found.path
        for code in rows.rows().order_by(path).values_list(path, flat=True).distinct()[:limit]:
            codes.setdefault("" if code is None else str(code))
    names = _names(sets[0].rows().model, found, list(codes)) if sets else {}
    split = _grouped(indicator, found)
    listed = [
        Member(code, names.get(code, code) or _("未填写"), _member_value(indicator, dimension, code, split))
        for code in codes
    ]
    return sorted(listed, key=lambda member: (member.code == "", member.name))


def _member_value(
    indicator: Indicator, dimension: str, code: str, split: Callable[[str], Result] | None
) -> Value:
    if split is None:
        return value(indicator.key, **{dimension: code})
    result = split(code)
    return Value(indicator.key, result.value, result.numerator, result.denominator, now(), result.note)


def _grouped(indicator: Indicator, dimension: Dimension) -> Callable[[str], Result] | None:
    """Counts of all members by one query per set of rows; None for formulas that are no counts."""
    formula = indicator.formula
    if isinstance(formula, Rows):
        counts = _counts(formula, dimension)
        return lambda code: Result(float(counts.get(code, 0)), counts.get(code, 0))
    if isinstance(formula, Ratio) and isinstance(formula.of, Rows) and isinstance(formula.over, Rows):
        of, over, scale = _counts(formula.of, dimension), _counts(formula.over, dimension), formula.scale

        def share(code: str) -> Result:
            part, whole = of.get(code, 0), over.get(code, 0)
            return Result(part / whole * scale if whole else None, part, whole)

        return share
    return None


def _counts(rows: Rows, dimension: Dimension) -> dict[str, int]:
    found = rows.rows().order_by().values(dimension.path).annotate(n=Count("pk", distinct=True))
    pairs = found.values_list(dimension.path, "n")
    return {"" if code is None else str(code): count for code, count in pairs}


def _names(model: type[models.Model], dimension: Dimension, codes: list[str]) -> dict[str, str]:
    """What members are called: related rows by their text, choices by their label."""
    current: Any = model
    field: Any = None
    for name in dimension.path.split("__"):
        field = current._meta.get_field(name)
        current = field.related_model or current
    if field.related_model is not None:
        rows = field.related_model._default_manager.filter(pk__in=[code for code in codes if code])
        return {str(row.pk): str(row) for row in rows}
    labels = {str(code): str(label) for code, label in (field.flatchoices or ())}
    if labels:
        return labels
    holder = field.model
    if {"code", "name"} <= {each.name for each in holder._meta.concrete_fields} and field.name == "code":
        return dict(holder._default_manager.filter(code__in=codes).values_list("code", "name"))
    return {}


def forget(keys: set[str]) -> None:
    """Compute these indicators anew at their next use in this process."""
    with _lock:
        for place in [place for place in _kept if place[0] in keys]:
            del _kept[place]


def watch() -> None:
    """Listen to the tables that the installed indicators read: a saved row makes kept values old at once.

    Other processes notice within the time that the value is kept.
    """
    _readers.clear()
    for indicator in catalogue.every():
        for model in _models(indicator):
            _readers.setdefault(model, set()).add(indicator.key)
    _kept.clear()
    post_save.connect(_changed, dispatch_uid="indicators.saved")
    post_delete.connect(_changed, dispatch_uid="indicators.deleted")


def _models(indicator: Indicator) -> set[type[models.Model]]:
    own = {rows.rows().model for rows in catalogue.row_sets(indicator.formula)}
    below = [_models(catalogue.get(key)) for key in catalogue.children(indicator.formula)]
    return own.union(indicator.reads, *below)


def _changed(sender: type[models.Model], **_more: Any) -> None:
    keys = _readers.get(sender)
    if keys:
        transaction.on_commit(lambda: forget(keys))
