"""From draft to signed: edit, send for signature, sign, send back, withdraw, discard."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import decide, require
from qipan.kernel.access.models import Account, AuditEntry
from qipan.kernel.alerts import documents
from qipan.kernel.alerts.events import AlertSigned
from qipan.kernel.alerts.models import OPEN, Alert, AlertArea, Signature, State
from qipan.kernel.alerts.proposals import fill
from qipan.kernel.base import events
from qipan.kernel.base.clock import local, now
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.orgs.models import Division
from qipan.protocols import cap

EDITABLE = (
    "headline", "description", "instruction", "audience", "onset", "expires", "status", "note", "certainty",
)  # fmt: skip
FAILED = "alerts.alert.sign-failed"
FAILURES, FAILURE_MINUTES = 5, 15


def locked(alert: Alert) -> Alert:
    """The row as it is now, held until the transaction ends."""
    rows = Alert.objects.select_for_update(of=("self",)).select_related("organisation", "replaces", "root")
    return rows.get(pk=alert.pk)


def expect(alert: Alert, *states: str) -> None:
    """Conflict unless the warning stands in one of the states."""
    if alert.state not in states:
        raise Conflict(_("预警现在是“%(state)s”,不能这样操作") % {"state": alert.get_state_display()})


@transaction.atomic
def edit(alert: Alert, by: Account, *, version: int, **changes: Any) -> Alert:
    """Change a draft: ``EDITABLE`` fields, ``colour`` and ``areas`` (division codes).

    Conflict when somebody else changed it since ``version``; InvalidInput for an unknown field.
    """
    alert = locked(alert)
    require(by, "alerts.alert.change", alert)
    expect(alert, State.DRAFT)
    areas, colour = changes.pop("areas", None), changes.pop("colour", None)
    for name in changes:
        if name not in EDITABLE:
            raise InvalidInput(name, _("不能修改这一项"))
    was = {name: [getattr(alert, name), value] for name, value in changes.items()}
    for name, value in changes.items():
        setattr(alert, name, value)
    if alert.expires <= alert.onset:
        raise InvalidInput("expires", _("有效期不能早于开始时间"))
    if areas is not None:
        set_areas(alert, areas)
    if colour and colour != alert.colour:
        was["colour"] = [alert.colour, colour]
        fill(alert, colour)
    alert.save_checked(version, edited_by=by)
    audit.record(by, "alerts.alert.change", alert, changes=was)
    return alert


def set_areas(alert: Alert, codes: Sequence[str]) -> None:
    """Replace the division areas of a draft; drawn shapes stay."""
    divisions = Division.objects.filter(code__in=codes)
    if not divisions:
        raise InvalidInput("areas", _("没有预警区域"))
    alert.areas.filter(kind=AlertArea.Kind.DIVISION).delete()
    AlertArea.objects.bulk_create(
        AlertArea(alert=alert, code=each.code, name=each.name, sender=alert.sender, event=alert.event)
        for each in divisions
    )


@transaction.atomic
def submit(alert: Alert, by: Account) -> Alert:
    """Send for signature: the message gets its identifier and time, and its text is fixed from here on."""
    alert = locked(alert)
    require(by, "alerts.alert.submit", alert)
    expect(alert, State.DRAFT)
    if alert.expires <= now():
        raise InvalidInput("expires", _("有效期已过"))
    stamp(alert)
    alert.submitted_by, alert.state, alert.sent_back_reason = by, State.PROPOSED, ""
    alert.save()
    alert.digest = cap.digest(documents.build(alert))
    alert.save(update_fields=["digest"])
    audit.record(
        by, "alerts.alert.submit", alert, changes={"identifier": alert.identifier, "digest": alert.digest}
    )
    return alert


def stamp(alert: Alert) -> None:
    """Give identifier and time: ``<sender>_<yyyymmddhhmmss>`` of the first free second."""
    at = now().replace(microsecond=0)
    identifier = f"{alert.sender}_{local(at):%Y%m%d%H%M%S}"
    while Alert.objects.filter(identifier=identifier).exclude(pk=alert.pk).exists():
        at += timedelta(seconds=1)
        identifier = f"{alert.sender}_{local(at):%Y%m%d%H%M%S}"
    alert.identifier, alert.sent_at = identifier, at


def may_sign(alert: Alert, by: Account) -> tuple[str, ...]:
    """Why this account may not sign this warning; empty when it may."""
    if by.pk in alert.authors:
        return (_("起草、修改或送签的人不能签发"),)
    if any(signature.account_id == by.pk for signature in valid_signatures(alert)):
        return (_("您已签发,还需另一位签发人"),)
    for area in alert.areas.all():
        decision = decide(by, "alerts.alert.sign", area)
        if not decision.allowed and not decide(by, f"alerts.{alert.event}.sign", area).allowed:
            return decision.reasons
    return ()


def valid_signatures(alert: Alert) -> list[Signature]:
    """Signatures that count for the present content, oldest first."""
    return [each for each in alert.signatures.select_related("account") if not each.void]


def check_person(by: Account, password: str) -> None:
    """The person at the screen proves again who they are; Refused (and audited) when not.

    Five failures within a quarter of an hour close the door for that time.
    """
    recent = AuditEntry.objects.filter(
        action=FAILED, actor_id=by.pk, at__gt=now() - timedelta(minutes=FAILURE_MINUTES)
    )
    if recent.count() >= FAILURES:
        raise Refused((_("密码多次错误,请%(minutes)d分钟后再试") % {"minutes": FAILURE_MINUTES},))
    if not by.check_password(password):
        audit.record(by, FAILED, by)
        raise Refused((_("密码不正确,未签发"),))


def sign(alert: Alert, by: Account, *, password: str, address: str = "") -> Alert:
    """One person signs the content as it stands; red needs two, and then the XML itself is signed.

    Refused for an author, a wrong password or a missing right; Conflict when it is not waiting for signature
    or its content no longer has the digest that it was sent with.
    """
    check_person(by, password)
    with transaction.atomic():
        alert = locked(alert)
        expect(alert, State.PROPOSED)
        reasons = may_sign(alert, by)
        if reasons:
            raise Refused(reasons)
        data = documents.build(alert)
        if cap.digest(data) != alert.digest:
            raise Conflict(_("内容与送签时不一致,请退回重新送签"))
        at = now()
        Signature.objects.create(alert=alert, account=by, signed_at=at, digest=alert.digest, address=address)
        audit.record(by, "alerts.alert.sign", alert, changes={"digest": alert.digest}, address=address)
        if len(valid_signatures(alert)) >= alert.signers_needed:
            alert.state, alert.document = State.SIGNED, documents.signed(data)
            alert.save()
            events.publish(AlertSigned(alert.pk))
    return alert


@transaction.atomic
def send_back(alert: Alert, by: Account, *, reason: str) -> Alert:
    """The signer refuses: back to draft with the reason, signatures given so far are void."""
    alert = locked(alert)
    expect(alert, State.PROPOSED)
    require(by, "alerts.alert.sign", alert)
    return _reopen(alert, by, reason, "alerts.alert.send-back")


@transaction.atomic
def withdraw(alert: Alert, by: Account, *, reason: str) -> Alert:
    """Take a signed warning back before it is published."""
    alert = locked(alert)
    expect(alert, State.SIGNED)
    require(by, "alerts.alert.sign", alert)
    _void(alert)
    return _close(alert, by, State.WITHDRAWN, reason)


@transaction.atomic
def discard(alert: Alert, by: Account, *, reason: str) -> Alert:
    """Throw a draft away: the duty officer judged that nobody is to be warned."""
    alert = locked(alert)
    expect(alert, *OPEN[:2])
    require(by, "alerts.alert.submit", alert)
    _void(alert)
    return _close(alert, by, State.DISCARDED, reason)


def _reopen(alert: Alert, by: Account, reason: str, action: str) -> Alert:
    _need(reason)
    _void(alert)
    alert.state, alert.sent_back_reason, alert.digest = State.DRAFT, reason, ""
    alert.save()
    audit.record(by, action, alert, reason=reason)
    return alert


def _close(alert: Alert, by: Account, state: State, reason: str) -> Alert:
    _need(reason)
    alert.state, alert.ended_at, alert.end_reason = state, now(), reason[:200]
    alert.save()
    audit.record(by, f"alerts.alert.{state}", alert, reason=reason)
    return alert


def _need(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput("reason", _("请说明理由"))


def _void(alert: Alert) -> None:
    Signature.objects.filter(alert=alert, void=False).update(void=True)
    alert.document = None
