"""What people do to things: adopt a stranger, confirm a unit, pause, retire, order.

Each action is one transaction with one audit entry; who may do it is decided by access.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput
from qipan.kernel.sensing.models import (
    Datastream,
    DeviceKey,
    ObservedProperty,
    Order,
    RuleEvent,
    Thing,
)
from qipan.kernel.sensing.quality import Quality
from qipan.kernel.sensing.rules.recording import end_open

ORDER_LIFE = timedelta(hours=1)
LONGEST_ORDER_LIFE = timedelta(days=7)
ADOPTED_FIELDS = (
    "name", "code", "kind", "maker", "organisation", "division", "grid", "address", "lon", "lat",
    "description",
)  # fmt: skip


@transaction.atomic
def adopt(thing: Thing, by: Account, **fields: Any) -> Thing:
    """Take a thing out of quarantine: a person says what it is (``ADOPTED_FIELDS``).

    Units are confirmed stream by stream. Refused without the right; Conflict when it is not in quarantine
    any more; InvalidInput for a code that is taken or a missing name, kind or organisation.
    """
    require(by, "sensing.thing.adopt", thing)
    locked = Thing.objects.select_for_update().get(pk=thing.pk)
    if locked.state != Thing.State.QUARANTINE:
        raise Conflict(_("该设备已被接入或停用"))
    for name, value in fields.items():
        if name not in ADOPTED_FIELDS:
            raise InvalidInput(name, _("接入时不能设置此项"))
        setattr(locked, name, value)
    for name in ("name", "kind", "organisation"):
        if not getattr(locked, name) or getattr(locked, name) == "unknown":
            raise InvalidInput(name, _("必须填写"))
    if Thing.objects.filter(code=locked.code).exclude(pk=locked.pk).exists():
        raise InvalidInput("code", _("编号已被使用"))
    locked.state = Thing.State.ACTIVE
    locked.save()
    told = {name: str(value) for name, value in fields.items()}
    audit.record(by, "sensing.thing.adopt", locked, changes=told)
    return locked


@transaction.atomic
def adopt_into(stranger: Thing, target: Thing, by: Account, reason: str) -> Thing:
    """A stranger is a known thing with a new key: key, streams and readings move to the known thing.

    Where both have a reading of one stream at one instant, the known thing's stands. Errors as in ``adopt``.
    """
    require(by, "sensing.thing.adopt", stranger)
    require(by, "sensing.thing.change", target)
    locked = Thing.objects.select_for_update().get(pk=stranger.pk)
    if locked.state != Thing.State.QUARANTINE:
        raise Conflict(_("该设备已被接入或停用"))
    if not reason.strip():
        raise InvalidInput("reason", _("请说明理由"))
    keys = [str(key) for key in locked.keys.all()]
    locked.keys.update(thing=target)
    known = dict(target.datastreams.values_list("code", "pk"))
    for stream in locked.datastreams.all():
        if stream.code in known:
            _move_readings(stream.pk, known[stream.code])
            stream.delete()
        else:
            stream.thing = target
            stream.save(update_fields=["thing"])
    changes = {"keys": keys, "from": locked.code}
    locked.delete()
    audit.record(by, "sensing.thing.adopt", target, changes=changes, reason=reason)
    return target


def _move_readings(old: int, new: int) -> None:
    with connection.cursor() as cursor:
        for table in ("sensing_observation", "sensing_text"):
            cursor.execute(
                f"DELETE FROM {table} o USING {table} n WHERE o.datastream_id = %s"
                " AND n.datastream_id = %s AND n.ts = o.ts",
                [old, new],
            )
            cursor.execute(f"UPDATE {table} SET datastream_id = %s WHERE datastream_id = %s", [new, old])


@transaction.atomic
def confirm_unit(
    stream: Datastream,
    by: Account,
    *,
    unit: str,
    scale: float = 1.0,
    property: ObservedProperty | None = None,
) -> Datastream:
    """Say in which unit a stream is kept and by which factor the device's values become it.

    The values that were stored unconfirmed are converted and lose their mark. InvalidInput for a factor that
    is not positive.
    """
    require(by, "sensing.datastream.change", stream)
    if not scale > 0 or scale == float("inf"):
        raise InvalidInput("scale", _("换算系数必须大于0"))
    locked = Datastream.objects.select_for_update(of=("self",)).get(pk=stream.pk)
    changes = {"unit": [locked.unit, unit], "scale": [locked.scale, scale]}
    factor = scale / locked.scale
    mark = int(Quality.UNIT)
    with connection.cursor() as cursor:
        for table in ("sensing_observation", "sensing_latest"):
            cursor.execute(
                f"UPDATE {table} SET value = value * %s, quality = quality & ~%s"
                " WHERE datastream_id = %s AND quality & %s <> 0",
                [factor, mark, locked.pk, mark],
            )
    locked.unit, locked.scale, locked.confirmed = unit, scale, True
    locked.property = property or locked.property
    locked.save()
    audit.record(by, "sensing.datastream.confirm", locked, changes=changes)
    return locked


def pause(thing: Thing, by: Account, reason: str = "") -> Thing:
    """Mark a thing as in maintenance: its readings are kept and flagged, its rules rest."""
    return _move(thing, by, Thing.State.PAUSED, (Thing.State.ACTIVE,), reason)


def resume(thing: Thing, by: Account, reason: str = "") -> Thing:
    """Take a paused thing back into use."""
    return _move(thing, by, Thing.State.ACTIVE, (Thing.State.PAUSED,), reason)


def retire(thing: Thing, by: Account, reason: str = "") -> Thing:
    """End a thing's life: its keys end too, so that whoever calls by them again is a stranger."""
    alive = (Thing.State.ACTIVE, Thing.State.PAUSED, Thing.State.QUARANTINE)
    return _move(thing, by, Thing.State.RETIRED, alive, reason)


@transaction.atomic
def _move(thing: Thing, by: Account, to: str, allowed: tuple[str, ...], reason: str) -> Thing:
    require(by, "sensing.thing.change", thing)
    locked = Thing.objects.select_for_update().get(pk=thing.pk)
    if locked.state not in allowed:
        raise Conflict(_("设备当前状态为“%(state)s”,不能这样操作") % {"state": locked.get_state_display()})
    if not reason.strip():
        raise InvalidInput("reason", _("请说明理由"))
    before, locked.state = locked.state, to
    at = now()
    if to == Thing.State.RETIRED:
        locked.valid_to = at
        locked.keys.filter(valid_to=None).update(valid_to=at)
    locked.save()
    if to != Thing.State.ACTIVE:
        end_open(RuleEvent.objects.filter(thing=locked), at)
    audit.record(by, "sensing.thing.change", locked, changes={"state": [before, to]}, reason=reason)
    return locked


@transaction.atomic
def queue_order(
    key: DeviceKey,
    command: str,
    by: Account,
    *,
    purpose: str,
    parameters: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> Order:
    """Put an order down for a device; the gateway that holds its link sends it.

    InvalidInput without a purpose, or for an end in the past or more than a week ahead; Conflict for a key
    that has ended.
    """
    require(by, "sensing.order.add", key)
    at = now()
    expires_at = expires_at or at + ORDER_LIFE
    if not purpose.strip():
        raise InvalidInput("purpose", _("请说明用途"))
    if not at < expires_at <= at + LONGEST_ORDER_LIFE:
        raise InvalidInput("expires_at", _("有效期必须在现在与7天之间"))
    if key.valid_to is not None:
        raise Conflict(_("该接入标识已停用"))
    order = Order.objects.create(
        device_key=key,
        command=command,
        parameters=dict(parameters or {}),
        by=by,
        purpose=purpose,
        created_at=at,
        expires_at=expires_at,
    )
    changes = {"command": command, "parameters": dict(parameters or {})}
    audit.record(by, "sensing.order.add", order, changes=changes, purpose=purpose[:50])
    return order


@transaction.atomic
def acknowledge(event: RuleEvent, by: Account) -> RuleEvent:
    """Say that somebody has seen an event; the first one stands."""
    require(by, "sensing.ruleevent.acknowledge", event)
    locked = RuleEvent.objects.select_for_update(of=("self",)).get(pk=event.pk)
    if locked.acknowledged_at is None:
        locked.acknowledged_by, locked.acknowledged_at = by, now()
        locked.save(update_fields=["acknowledged_by", "acknowledged_at"])
        audit.record(by, "sensing.ruleevent.acknowledge", locked)
    return locked
