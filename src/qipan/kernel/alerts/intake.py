"""CAP and 12379 messages from other platforms: checked, kept, and held for a person."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require, who_may
from qipan.kernel.access.models import Account
from qipan.kernel.alerts.catalogue import OTHER, event_types
from qipan.kernel.alerts.documents import national_events
from qipan.kernel.alerts.intake_models import Received, Source
from qipan.kernel.alerts.keys import sender
from qipan.kernel.alerts.models import Alert, Status
from qipan.kernel.alerts.proposals import propose
from qipan.kernel.alerts.rules import SEVERITY
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput
from qipan.kernel.messages.outbox import send
from qipan.kernel.orgs.models import Division
from qipan.protocols import cap
from qipan.protocols.cap import cn12379

COLOUR_OF = {severity: colour for colour, severity in SEVERITY.items()}
FUTURE = timedelta(minutes=10)


@dataclass(frozen=True)
class Verdict:
    """What became of a message: the row kept, whether it was known already, the error code if refused."""

    row: Received
    known: bool = False
    error: str = ""


@transaction.atomic
def make_source(code: str, name: str, *, by: Account, **fields: object) -> tuple[Source, str]:
    """A new source and its key, which is shown this once."""
    require(by, "alerts.source.add")
    key = "cap_" + secrets.token_urlsafe(32)
    source = Source.objects.create(code=code, name=name, key_digest=key_digest(key), **fields)
    audit.record(by, "alerts.source.add", source, changes={"code": code, "name": name})
    return source, key


def key_digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def source_for(key: str) -> Source | None:
    """The source behind a key, None for an unknown one."""
    return Source.objects.filter(key_digest=key_digest(key)).first() if key else None


@transaction.atomic
def receive(source: Source, data: bytes) -> Verdict:
    """Take one message: valid ones are held for a person, others are kept as refused with the reason.

    The same (sender, identifier, sent) twice is one row. Nothing that comes in is ever published by itself.
    """
    Source.objects.filter(pk=source.pk).update(last_seen=now())
    try:
        message, form, flags = _read(data)
        _admit(source, message, data)
    except cap.CapError as error:
        return _refuse(source, data, error)
    flags += _look(message)
    values = {"digest": hashlib.sha256(data).hexdigest(), "data": data, "received_at": now(), "form": form}
    try:
        with transaction.atomic():
            row = Received.objects.create(
                source=source, sender=message.sender, identifier=message.identifier, sent_at=message.sent,
                headline=_headline(message), flags=flags, **values,
            )  # fmt: skip
    except IntegrityError:
        kept = Received.objects.exclude(state=Received.State.REFUSED).get(
            source=source, sender=message.sender, identifier=message.identifier, sent_at=message.sent
        )
        return Verdict(kept, known=True)
    audit.record(None, "alerts.received.add", row, changes={"source": source.code, "flags": flags})
    _tell(row)
    return Verdict(row)


def _read(data: bytes) -> tuple[cap.Alert, str, list[str]]:
    try:
        message = cap.parse(data)
        return message.alert, "cap", list(message.flags)
    except cap.CapError as error:
        if error.code != "wrong-namespace":
            raise
    alert = cn12379.to_cap(data, national_events(), _known)
    errors = cap.schema_errors(cap.build(alert))
    if errors:
        raise cap.CapError("schema", errors[0])
    return alert, "12379", []


def _known(identifier: str) -> cap.Alert | None:
    row = Received.objects.filter(identifier=identifier).exclude(state=Received.State.REFUSED).first()
    return None if row is None else _read(bytes(row.data))[0]


def _admit(source: Source, message: cap.Alert, data: bytes) -> None:
    """The source may speak for this sender, its signature holds, and it ends only its own warnings."""
    if source.trust == Source.Trust.REJECT:
        raise cap.CapError("source-rejected", source.code)
    if source.senders and message.sender not in source.senders:
        raise cap.CapError("sender-not-allowed", message.sender)
    if source.certificate:
        certificate = x509.load_pem_x509_certificate(source.certificate.encode())
        cap.verify(data, [certificate])
    problems = cap.problems(message)
    if problems:
        raise cap.CapError(problems[0].code, f"{problems[0].field} {problems[0].detail}".strip())
    if message.message_type in ("Cancel", "Update"):
        foreign = [
            who for who, _identifier, _sent in cap.references(message.references) if who != message.sender
        ]
        if foreign:
            raise cap.CapError("other-sender", f"{message.message_type} of {foreign[0]}")


def _look(message: cap.Alert) -> list[str]:
    """What a person should notice before using a message."""
    flags = []
    at = now()
    if message.sent > at + FUTURE:
        flags.append("sent-in-future")
    ends = [info.expires for info in message.infos if info.expires]
    if ends and max(ends) < at:
        flags.append("expired")
    if message.sender == sender():
        flags.append("own-sender")
    if message.message_type in ("Update", "Cancel"):
        wanted = [identifier for _sender, identifier, _sent in cap.references(message.references)]
        if not Received.objects.filter(identifier__in=wanted).exclude(state=Received.State.REFUSED).exists():
            flags.append("chain-gap")
    return flags


def _headline(message: cap.Alert) -> str:
    info = next(iter(message.infos), None)
    return (info.headline or info.event)[:300] if info else ""


def _refuse(source: Source, data: bytes, error: cap.CapError) -> Verdict:
    row = Received.objects.create(
        source=source, received_at=now(), data=data[: 64 * 1024], digest=hashlib.sha256(data).hexdigest(),
        state=Received.State.REFUSED, reason=str(error)[:2000],
    )  # fmt: skip
    audit.record(None, "alerts.received.refuse", row, changes={"source": source.code, "error": error.code})
    if error.code in ("bad-signature", "unsigned", "other-sender", "sender-not-allowed"):
        _tell(row)
    return Verdict(row, error=error.code)


def _tell(row: Received) -> None:
    people = who_may("alerts.received.decide")
    if not people:
        return
    text = row.headline or row.reason
    subject = _("收到%(source)s的预警报文") % {"source": row.source.name}
    if row.state == Received.State.REFUSED:
        subject = _("拒收%(source)s的预警报文") % {"source": row.source.name}
    send(people, subject, text, cause=f"alerts.received:{row.pk}", key=f"alerts.received:{row.pk}",
         link=f"/alerts/received/{row.pk}/")  # fmt: skip


@transaction.atomic
def adopt(row: Received, by: Account) -> Alert:
    """Draft an own warning from a held message; a person signs it like every other one."""
    row = Received.objects.select_for_update().get(pk=row.pk)
    require(by, "alerts.received.decide", row)
    if row.state != Received.State.HELD:
        raise Conflict(_("这条报文已处理"))
    message = _read(bytes(row.data))[0]
    if message.message_type not in ("Alert", "Update") or not message.infos:
        raise InvalidInput("message", _("只有预警和更新可以转为草稿"))
    info = message.infos[0]
    start = info.onset or info.effective or message.sent
    end = info.expires or start + timedelta(hours=24)
    alert = propose(
        _event(info), _colour(info), _areas(info), onset=_from_now(start, end), expires=end, drafted_by=by,
        evidence=[row], headline=info.headline[:200], description=info.description,
        instruction=info.instruction, audience=info.audience[:200],
        status=message.status if message.status in Status.values else Status.TEST,
    )  # fmt: skip
    row.state, row.alert = Received.State.DRAFTED, alert
    row.save()
    audit.record(by, "alerts.received.adopt", row, changes={"alert": alert.pk})
    return alert


def _from_now(start: datetime, end: datetime) -> datetime:
    if end <= now():
        raise InvalidInput("expires", _("报文已过期,不能转为草稿"))
    return start


def _event(info: cap.Info) -> str:
    codes = {each.value for each in info.event_codes}
    for kind in event_types():
        if kind.code in codes or (kind.cn_code and kind.cn_code in codes):
            return kind.code
    return OTHER.code


def _colour(info: cap.Info) -> str:
    said = (info.parameter(cn12379.COLOUR) or "").lower()
    return said if said in SEVERITY else COLOUR_OF.get(info.severity, "blue")


def _areas(info: cap.Info) -> list[str]:
    """Our divisions inside the message's geocodes; the county when it warns of a larger area."""
    codes = [code.value for area in info.areas for code in area.geocodes]
    known = set(Division.objects.filter(code__in=codes).values_list("code", flat=True))
    if not known:
        raise InvalidInput("areas", _("报文没有本县认识的区划代码,请手工起草"))
    smallest = max(known, key=lambda code: len(code.rstrip("0")))
    level = Division.objects.get(code=smallest).level
    same = Division.objects.filter(code__in=known, level=level)
    return list(same.values_list("code", flat=True))


@transaction.atomic
def ignore(row: Received, by: Account, *, reason: str) -> Received:
    """Put a held message aside with a reason."""
    row = Received.objects.select_for_update().get(pk=row.pk)
    require(by, "alerts.received.decide", row)
    if row.state != Received.State.HELD:
        raise Conflict(_("这条报文已处理"))
    if not reason.strip():
        raise InvalidInput("reason", _("请说明理由"))
    row.state, row.reason = Received.State.IGNORED, reason
    row.save()
    audit.record(by, "alerts.received.ignore", row, reason=reason)
    return row


def answer(verdict: Verdict) -> bytes:
    """The CAP ``Ack`` or ``Error`` message that answers what came in."""
    row = verdict.row
    at = now().replace(microsecond=0)
    known = row.sent_at is not None and row.identifier
    triple = f"{row.sender},{row.identifier},{cap.instant_text(row.sent_at)}" if known and row.sent_at else ""
    fallback = f"unknown,{row.digest[:32]},{cap.instant_text(at)}"
    return cap.build(
        cap.Alert(
            identifier=f"{sender()}_ack_{row.pk}",
            sender=sender(),
            sent=at,
            status="System",
            message_type="Error" if verdict.error else "Ack",
            scope="Private",
            addresses=row.sender or row.source.code,
            note=verdict.error or ("duplicate" if verdict.known else ""),
            references=triple or fallback,
        )
    )
