"""Drafting: a rule, an engine, a person or a received message proposes; nobody is warned by it yet."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Model
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.alerts.catalogue import event_type
from qipan.kernel.alerts.events import AlertDrafted
from qipan.kernel.alerts.keys import sender
from qipan.kernel.alerts.models import OPEN, Alert, AlertArea, Evidence, MessageType, State, Status
from qipan.kernel.alerts.rules import CERTAINTY, ROMAN, URGENCY, graver, rank, significant
from qipan.kernel.base import events
from qipan.kernel.base.clock import local, now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.orgs.models import Division


@dataclass(frozen=True)
class Content:
    """What a draft says; empty texts are filled from the event type's wording."""

    onset: datetime
    expires: datetime
    headline: str = ""
    description: str = ""
    instruction: str = ""
    audience: str = ""
    confidence: float | None = None
    rule: str = ""
    case_type: str = ""
    status: str = Status.ACTUAL


@transaction.atomic
def propose(
    event: str,
    colour: str,
    areas: Sequence[str],
    *,
    onset: datetime,
    expires: datetime,
    drafted_by: Account,
    evidence: Sequence[Model] = (),
    **content: str | float | None,
) -> Alert:
    """The draft for this event, these divisions and this time: a new one, or the one that is there already.

    ``areas``: 12-digit division codes. ``content``: fields of ``Content``. Idempotent: an open draft of the
    same event, areas and overlapping time gets the evidence (and the graver colour) instead of a twin; a
    warning in force, for these areas or a larger one around them, that is at least as grave gets the
    evidence; a graver proposal becomes an update of the one in force.
    InvalidInput for an unknown event, colour or division.
    """
    if drafted_by.kind != Account.Kind.PROGRAM:
        require(drafted_by, "alerts.alert.add")
    said = Content(onset=onset, expires=expires, **content)  # type: ignore[arg-type]
    divisions = _divisions(areas)
    _check(event, colour, said)
    _lock(event)
    codes = [division.code for division in divisions]
    known = (
        _open_twin(event, codes, said) or _live(event, codes, said) or _covering(event, codes, said, colour)
    )
    if known is not None and (known.state in OPEN or rank(known.colour) >= rank(colour)):
        _strengthen(known, colour, drafted_by)
        alert = known
    else:
        # An update ends the live warning everywhere, so it must cover what that one covered.
        divisions = _divisions(sorted({*codes, *(_division_codes(known) if known else ())}))
        alert = _draft(event, colour, divisions, said, drafted_by, replaces=known)
    for row in evidence:
        add_evidence(alert, row, drafted_by)
    return alert


def _check(event: str, colour: str, said: Content) -> None:
    try:
        kind = event_type(event)
    except LookupError as error:
        raise InvalidInput("event", _("没有这种事件类型:%s") % event) from error
    if colour not in kind.colours:
        raise InvalidInput(
            "colour", _("%(event)s没有%(colour)s等级") % {"event": kind.name, "colour": colour}
        )
    if said.expires <= said.onset:
        raise InvalidInput("expires", _("有效期不能早于开始时间"))
    if said.status not in Status.values:
        raise InvalidInput("status", _("没有这种性质:%s") % said.status)


def _divisions(codes: Sequence[str]) -> list[Division]:
    found = {division.code: division for division in Division.objects.filter(code__in=codes)}
    missing = [code for code in codes if code not in found]
    if missing or not codes:
        raise InvalidInput(
            "areas", _("没有这些区划:%s") % "、".join(missing) if missing else _("没有预警区域")
        )
    return [found[code] for code in sorted(found)]


def _lock(event: str) -> None:
    """Two engines that propose the same event at once wait for each other."""
    number = int.from_bytes(hashlib.sha256(f"alerts {event}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [number])


def _open_twin(event: str, codes: list[str], said: Content) -> Alert | None:
    rows = Alert.objects.filter(
        event=event, sender=sender(), status=said.status, state__in=OPEN,
        onset__lte=said.expires, expires__gte=said.onset,
    )  # fmt: skip
    same = (alert for alert in rows.prefetch_related("areas") if _codes(alert) == codes)
    return next(same, None)


def _live(event: str, codes: list[str], said: Content) -> Alert | None:
    if said.status != Status.ACTUAL:
        return None
    rows = Alert.objects.live().filter(
        event=event, sender=sender(), areas__code__in=codes, areas__live=True,
        onset__lte=said.expires, expires__gte=said.onset,
    )  # fmt: skip
    return rows.distinct().order_by("-published_at").first()


def _covering(event: str, codes: list[str], said: Content, colour: str) -> Alert | None:
    """A warning open or in force for a larger area around all of these, at least as grave."""
    rows = Alert.objects.filter(
        event=event, sender=sender(), status=said.status, state__in=(*OPEN, State.ACTIVE),
        onset__lte=said.expires, expires__gte=said.onset,
    )  # fmt: skip
    for alert in rows.prefetch_related("areas").order_by("-created_at"):
        around = tuple(significant(code) for code in _codes(alert))
        if rank(alert.colour) >= rank(colour) and all(code.startswith(around) for code in codes):
            return alert
    return None


def _codes(alert: Alert) -> list[str]:
    return sorted(area.code for area in alert.areas.all())


def _division_codes(alert: Alert) -> list[str]:
    return [area.code for area in alert.areas.all() if area.kind == AlertArea.Kind.DIVISION]


def _strengthen(alert: Alert, colour: str, by: Account) -> None:
    """A draft takes the graver colour with its wording; what somebody was asked to sign stays as it is."""
    worst = graver(alert.colour, colour)
    if alert.state != State.DRAFT or worst == alert.colour:
        return
    old = alert.colour
    fill(alert, worst)
    alert.save()
    audit.record(by, "alerts.alert.strengthen", alert, changes={"colour": [old, worst]})


def _draft(
    event: str, colour: str, divisions: list[Division], said: Content, by: Account, *, replaces: Alert | None
) -> Alert:
    kind = event_type(event)
    with override(settings.LANGUAGE_CODE):
        name = str(kind.name)
    alert = Alert(
        organisation=by.organisation, sender=sender(), event=event, event_name=name, status=said.status,
        message_type=MessageType.UPDATE if replaces else MessageType.ALERT, categories=kind.category,
        headline=said.headline, description=said.description, instruction=said.instruction,
        audience=said.audience, onset=said.onset, expires=said.expires, replaces=replaces,
        root=replaces.first if replaces else None, rule=said.rule, case_type=said.case_type,
        confidence=said.confidence, drafted_by=by,
    )  # fmt: skip
    fill(alert, colour, areas="、".join(division.name for division in divisions))
    alert.save()
    AlertArea.objects.bulk_create(
        AlertArea(alert=alert, code=each.code, name=each.name, sender=alert.sender, event=event)
        for each in divisions
    )
    audit.record(by, "alerts.alert.draft", alert, changes={"event": event, "colour": colour})
    events.publish(AlertDrafted(alert.pk))
    return alert


def fill(alert: Alert, colour: str, *, areas: str = "") -> None:
    """Set the colour with what follows from it, and fill texts that are empty or were filled before."""
    kind = event_type(alert.event)
    before = wording(alert, areas)
    alert.colour = colour
    alert.urgency, alert.certainty = URGENCY[colour], CERTAINTY[colour]
    after = wording(alert, areas)
    for name in ("headline", "description", "instruction"):
        if not getattr(alert, name) or getattr(alert, name) == before.get(name):
            setattr(alert, name, after[name])
    if not alert.description:
        raise InvalidInput("description", _("%s没有预警内容") % kind.name)


def wording(alert: Alert, areas: str = "") -> dict[str, str]:
    """Texts from the event type's wording at the warning's present colour; empty before it has one."""
    if not alert.colour:
        return {}
    # A warning speaks the county's language, whoever's screen it was drafted on.
    with override(settings.LANGUAGE_CODE):
        return _wording(alert, areas)


def _wording(alert: Alert, areas: str) -> dict[str, str]:
    kind = event_type(alert.event)
    places = areas or alert.area_text
    words = {
        "areas": places,
        "event": str(kind.name),
        "colour": alert.get_colour_display(),
        "onset": f"{local(alert.onset):%m-%d %H:%M}",
        "expires": f"{local(alert.expires):%m-%d %H:%M}",
        "county": str(alert.organisation or ""),
    }
    headline = _("%(event)s%(colour)s预警[%(level)s]") % {**words, "level": ROMAN[alert.colour]}
    usual = _("预计%(onset)s至%(expires)s,%(areas)s将出现%(event)s,请注意防范。") % words
    template = kind.text(alert.colour)
    return {
        "headline": headline,
        "description": template.format_map(_Gaps(words)) if template else usual,
        "instruction": kind.advice(alert.colour),
    }


class _Gaps(dict[str, str]):
    """Leaves a placeholder that nobody fills in as it stands."""

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__(words)

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def add_evidence(alert: Alert, row: Model, by: Account) -> None:
    """Attach a row that the warning rests on; twice the same is once."""
    _row, made = Evidence.objects.get_or_create(
        alert=alert,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        defaults={"text": str(row)[:300], "added_by": by, "added_at": now()},
    )
    if made:
        audit.record(by, "alerts.alert.evidence", alert, changes={"row": str(row)})


def content_of(alert: Alert) -> Content:
    """What a warning says, to draft the next one of its chain from it."""
    return replace(
        Content(onset=alert.onset, expires=alert.expires),
        headline=alert.headline, description=alert.description, instruction=alert.instruction,
        audience=alert.audience, confidence=alert.confidence, rule=alert.rule, case_type=alert.case_type,
        status=alert.status,
    )  # fmt: skip
