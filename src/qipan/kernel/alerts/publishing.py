"""From signed to ended: publish, update, lift, cancel, expire."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.alerts import callouts, documents, recipients
from qipan.kernel.alerts.deliveries import send_messages
from qipan.kernel.alerts.events import AlertDrafted, AlertEnded, AlertPublished
from qipan.kernel.alerts.keys import identity
from qipan.kernel.alerts.models import Alert, AlertArea, Evidence, MessageType, Signature, State, Status
from qipan.kernel.alerts.proposals import content_of, fill
from qipan.kernel.alerts.signing import EDITABLE, check_person, expect, locked, set_areas, stamp
from qipan.kernel.base import events
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput
from qipan.protocols import cap

CHANNELS = ("inbox", "sms", "email", "webhook")


@transaction.atomic
def publish(alert: Alert, by: Account, *, channels: Sequence[str] = ("inbox",)) -> Alert:
    """Send a signed warning out by every channel; a second call changes nothing.

    Ends the warning that it updates. Conflict when another live warning of this sender and event holds in one
    of its areas, or when the text is no longer what was signed.
    """
    alert = locked(alert)
    if alert.is_published:
        return alert
    require(by, "alerts.alert.publish", alert)
    expect(alert, State.SIGNED)
    if alert.expires <= now():
        raise InvalidInput("expires", _("有效期已过,请退回修改"))
    _check_document(alert)
    if alert.replaces is not None:
        _end(locked(alert.replaces), State.UPDATED, str(alert.headline))
    _go_live(alert)
    _send_out(alert, by, channels)
    return alert


def _check_document(alert: Alert) -> None:
    """What goes out must be what was signed: the digest is computed again from the signed bytes."""
    if alert.document is None or cap.digest(bytes(alert.document)) != alert.digest:
        raise Conflict(_("签发的报文已被改动,不能发布"))
    cap.verify(bytes(alert.document), [identity().parsed])


def _go_live(alert: Alert) -> None:
    if alert.status != Status.ACTUAL:
        return
    codes = [area.code for area in alert.areas.all()]
    try:
        with transaction.atomic():
            AlertArea.objects.filter(alert=alert).update(live=True)
    except IntegrityError as error:
        others = AlertArea.objects.filter(event=alert.event, sender=alert.sender, code__in=codes, live=True)
        names = "、".join(f"{area.name}({area.alert})" for area in others.select_related("alert"))
        raise Conflict(_("这些区域已有同类生效预警:%s,请改为更新") % names) from error


def _send_out(alert: Alert, by: Account, channels: Sequence[str]) -> None:
    unknown = set(channels) - set(CHANNELS)
    if unknown:
        raise InvalidInput("channels", _("没有这种渠道:%s") % "、".join(sorted(unknown)))
    alert.channels = list(channels)
    alert.state = State.NOTICE if alert.message_type == MessageType.CANCEL else State.ACTIVE
    alert.published_at, alert.published_by = now(), by
    alert.save()
    accounts = recipients.write(alert)
    send_messages(alert, accounts)
    if alert.state == State.ACTIVE:
        callouts.start(alert)
    audit.record(
        by, "alerts.alert.publish", alert, changes={"channels": list(channels), "recipients": len(accounts)}
    )
    events.publish(AlertPublished(alert.pk))


def _end(alert: Alert, state: State, reason: str) -> None:
    expect(alert, State.ACTIVE)
    alert.state, alert.ended_at, alert.end_reason = state, now(), reason[:200]
    alert.save()
    AlertArea.objects.filter(alert=alert, live=True).update(live=False)
    events.publish(AlertEnded(alert.pk, state))


@transaction.atomic
def update(alert: Alert, by: Account, **changes: Any) -> Alert:
    """A draft that will replace a live warning: other colour, areas, time or text (upgrade, lower, extend).

    The live one stays in force until the update is signed and published.
    """
    alert = locked(alert)
    require(by, "alerts.alert.change", alert)
    expect(alert, State.ACTIVE)
    pending = alert.successors.filter(state__in=(State.DRAFT, State.PROPOSED, State.SIGNED)).first()
    if pending is not None:
        raise Conflict(_("已有一份更新正在办理:%s") % pending)
    draft = _next(alert, by, MessageType.UPDATE)
    areas, colour = changes.pop("areas", None), changes.pop("colour", None)
    for name, value in changes.items():
        if name not in EDITABLE:
            raise InvalidInput(name, _("不能修改这一项"))
        setattr(draft, name, value)
    if areas is not None:
        set_areas(draft, areas)
    if colour and colour != alert.colour:
        fill(draft, colour)
    draft.save()
    audit.record(by, "alerts.alert.update", draft, changes={"replaces": alert.pk, **changes})
    events.publish(AlertDrafted(draft.pk))
    return draft


def _next(alert: Alert, by: Account, kind: MessageType) -> Alert:
    """The next message of a chain, with the areas and evidence of the one before."""
    said = asdict(content_of(alert))
    said["onset"] = max(alert.onset, now().replace(microsecond=0))
    said["expires"] = max(alert.expires, said["onset"] + timedelta(hours=1))
    draft = Alert.objects.create(
        organisation=alert.organisation, sender=alert.sender, event=alert.event, event_name=alert.event_name,
        colour=alert.colour, message_type=kind, categories=alert.categories, urgency=alert.urgency,
        certainty=alert.certainty, language=alert.language, replaces=alert, root=alert.first, drafted_by=by,
        demo=alert.demo, **said,
    )  # fmt: skip
    AlertArea.objects.bulk_create(
        AlertArea(
            alert=draft, kind=area.kind, code=area.code, name=area.name, geometry=area.geometry,
            sender=area.sender, event=area.event,
        )
        for area in alert.areas.all()
    )  # fmt: skip
    Evidence.objects.bulk_create(
        Evidence(
            alert=draft, content_type=each.content_type, object_id=each.object_id, text=each.text,
            added_by=each.added_by, added_at=each.added_at,
        )
        for each in alert.evidence.all()
    )  # fmt: skip
    return draft


def lift(alert: Alert, by: Account, *, password: str, reason: str) -> Alert:
    """The danger is over: a signed Cancel message with the note "lifted" goes to everybody who was warned."""
    return _call_off(alert, by, password, reason, State.LIFTED)


def cancel(alert: Alert, by: Account, *, password: str, reason: str) -> Alert:
    """The warning was wrong: a signed Cancel message with the reason goes to everybody who was warned."""
    return _call_off(alert, by, password, reason, State.CANCELLED)


def _call_off(alert: Alert, by: Account, password: str, reason: str, state: State) -> Alert:
    if not reason.strip():
        raise InvalidInput("reason", _("请说明理由"))
    check_person(by, password)
    with transaction.atomic():
        alert = locked(alert)
        require(by, "alerts.alert.sign", alert)
        expect(alert, State.ACTIVE)
        notice = _next(alert, by, MessageType.CANCEL)
        lifted = state == State.LIFTED
        notice.note = "lifted" if lifted else f"error: {reason}"[:200]
        with override(settings.LANGUAGE_CODE):
            kind = _("解除") if lifted else _("撤销")
        notice.headline = f"{kind}{alert.headline}"[:200]
        notice.description, notice.instruction = reason, ""
        notice.submitted_by = by
        stamp(notice)
        notice.save()
        data = documents.build(notice)
        notice.digest, notice.document = cap.digest(data), documents.signed(data)
        notice.save()
        Signature.objects.create(alert=notice, account=by, signed_at=now(), digest=notice.digest)
        _end(alert, state, reason)
        _send_out(notice, by, alert.channels)
        audit.record(by, f"alerts.alert.{state}", alert, reason=reason)
    return notice


def expire_due() -> int:
    """End what is past its time, each in its own transaction; gives how many."""
    count = 0
    due = Alert.objects.filter(state=State.ACTIVE, expires__lte=now()).order_by("expires")
    for row in due:
        with transaction.atomic():
            alert = locked(row)
            if alert.state != State.ACTIVE or alert.expires > now():
                continue
            _end(alert, State.EXPIRED, _("到期自动结束"))
            audit.record(None, "alerts.alert.expired", alert)
            count += 1
    return count
