"""Figures typed in by people: with evidence, and confirmed by a second person."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.indicators import catalogue
from qipan.kernel.indicators.declarations import Typed
from qipan.kernel.indicators.models import TypedValue
from qipan.kernel.indicators.values import forget


@transaction.atomic
def type_in(key: str, by: Account, *, day: date, value: float, evidence: str) -> TypedValue:
    """Type a value in; it counts once somebody else has confirmed it."""
    require(by, "indicators.typed.add")
    if not isinstance(catalogue.get(key).formula, Typed):
        raise InvalidInput("key", _("这个指标由系统计算,不能填报"))
    if not evidence.strip():
        raise InvalidInput("evidence", _("没有依据不能填报"))
    if day > county_day(now()):
        raise InvalidInput("day", _("不能填报将来的值"))
    row = TypedValue.objects.create(
        key=key, day=day, value=value, evidence=evidence, typed_by=by, typed_at=now()
    )
    audit.record(by, "indicators.typed.add", row, changes={"key": key, "value": value, "day": day})
    return row


@transaction.atomic
def confirm(row: TypedValue, by: Account) -> TypedValue:
    """The second person looked at the evidence."""
    require(by, "indicators.typed.confirm")
    row = TypedValue.objects.select_for_update().get(pk=row.pk)
    if row.confirmed_by_id is not None:
        raise Conflict(_("已复核"))
    if row.typed_by_id == by.pk:
        raise Refused((_("填报人不能复核自己填的值"),))
    row.confirmed_by, row.confirmed_at = by, now()
    row.save()
    audit.record(by, "indicators.typed.confirm", row)
    transaction.on_commit(lambda: forget({row.key}))
    return row
