"""Opening a case: from a program, from staff, from a resident."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.base import events
from qipan.kernel.base.clock import county_day
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases import evidence, notices, numbers, steps_desk, timing
from qipan.kernel.cases.events import CaseOpened
from qipan.kernel.cases.evidence import PhotoInput
from qipan.kernel.cases.models import Case, CaseTypeRow, CauseLink
from qipan.kernel.cases.places import Spot
from qipan.kernel.cases.present import now
from qipan.kernel.cases.states import State
from qipan.kernel.cases.turns import Turn
from qipan.kernel.cases.type_sets import current_type
from qipan.kernel.cases.wording import PhotoKind, Source
from qipan.kernel.maps.county import COUNTY
from qipan.kernel.maps.models import Area
from qipan.kernel.orgs.models import Organisation

COUNTER = """
INSERT INTO cases_casecounter (day, last) VALUES (%s, 1)
ON CONFLICT (day) DO UPDATE SET last = cases_casecounter.last + 1 RETURNING last
"""


@dataclass(frozen=True)
class Contact:
    """Who reported, as far as they said."""

    name: str = ""
    phone: str = ""
    protected: bool = False


def open_case(
    type_code: str,
    title: str,
    text: str,
    *,
    by: Actor,
    place: Any = None,
    cause: models.Model | None = None,
    source: str = "device",
    organisation: Organisation | None = None,
    severity: int | None = None,
    urgent: bool = False,
    photos: Sequence[PhotoInput] = (),
    **extra: Any,
) -> Case:
    """Open a case for a program or a member of staff, and run it as far as its flow goes by itself.

    ``place``: a Spot, a (lon, lat) pair or any row with a place. ``organisation`` owns the case (the
    type's owner, else the county, when None). ``extra``: attributes, object_id, captured_at, client_key,
    contact, demo. Same ``client_key``: the same case is given back.
    """
    require(by, "cases.case.add")
    case_type = current_type(type_code)
    return _open(
        case_type,
        title,
        text,
        by=by,
        place=Spot.of(place),
        source=source,
        organisation=organisation,
        severity=severity,
        urgent=urgent,
        photos=photos,
        causes=[cause] if cause is not None else [],
        trusted=True,
        **extra,
    )


def report(
    type_code: str,
    title: str,
    text: str,
    *,
    by: Actor,
    place: Any = None,
    photos: Sequence[PhotoInput] = (),
    contact: Contact | None = None,
    **extra: Any,
) -> Case:
    """A resident's report of a public type; it waits at the desk. The receipt is ``Case.receipt``."""
    require(by, "cases.public.view")
    case_type = current_type(type_code)
    if not case_type.public:
        raise InvalidInput("type_code", _("这类事项不接受网上上报"))
    return _open(
        case_type,
        title,
        text,
        by=by,
        place=Spot.of(place),
        source=extra.pop("source", Source.WEB),
        photos=photos,
        contact=contact,
        trusted=False,
        **extra,
    )


@transaction.atomic
def _open(
    case_type: CaseTypeRow,
    title: str,
    text: str,
    *,
    by: Actor,
    place: Spot,
    source: str,
    trusted: bool,
    organisation: Organisation | None = None,
    severity: int | None = None,
    photos: Sequence[PhotoInput] = (),
    causes: Sequence[models.Model] = (),
    contact: Contact | None = None,
    client_key: str | None = None,
    **fields: Any,
) -> Case:
    if client_key and (known := _known(client_key)):
        return known
    _must_say_what_and_where(case_type, title, place)
    case = _new_case(case_type, by, organisation, contact or Contact())
    case.client_key, case.source = client_key or None, source
    case.title, case.text = title.strip()[:200], text
    case.severity = severity or case_type.severity
    for name, value in fields.items():
        setattr(case, name, value)
    _place(case, place)
    case.save()
    turn = Turn(case, by, case.received_at, {"place": place if place.known else None})
    _begin(turn, photos, causes, trusted)
    return case


def _known(client_key: str) -> Case | None:
    """The case already made under a key; the same key sent twice at once waits for the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"cases.client_key:{client_key}"])
    return Case.objects.filter(client_key=client_key).first()


def _new_case(case_type: CaseTypeRow, by: Actor, organisation: Organisation | None, contact: Contact) -> Case:
    at = now()
    desk = organisation or case_type.owner or county_organisation()
    account = by if isinstance(by, Account) else None
    return Case(
        number=next_number(at),
        receipt=numbers.receipt_code(),
        type=case_type,
        state=State.REPORTED,
        desk=desk,
        holder=desk,
        reporter=account if account and account.kind != Account.Kind.PROGRAM else None,
        reporter_name=contact.name[:50],
        reporter_phone=contact.phone[:20],
        protected_reporter=contact.protected,
        received_at=at,
    )


def _begin(turn: Turn, photos: Sequence[PhotoInput], causes: Sequence[models.Model], trusted: bool) -> None:
    case = turn.case
    for row in causes:
        kind = ContentType.objects.get_for_model(row)
        CauseLink.objects.create(case=case, content_type=kind, object_id=str(row.pk))
    timing.start(case, "total", turn.at)
    timing.start(case, "accept", turn.at)
    facts = {
        "type": case.type.code,
        "title": case.title,
        "source": case.source,
        "desk": case.desk_id,
        "severity": case.severity,
        "urgent": case.urgent,
    }
    event = turn.move("report", State.REPORTED, data=facts)
    evidence.attach(turn, photos, PhotoKind.REPORT, event=event)
    if trusted and State.REPORTED in case.type.profile.auto:
        steps_desk.take_in(turn, "accept", {}, verify=False, automatic=True)
    else:
        notices.desk_told(case, event, case.text)
    turn.finish("add")
    events.publish(CaseOpened(case.pk, case.type.code))


def _must_say_what_and_where(case_type: CaseTypeRow, title: str, place: Spot) -> None:
    if not title.strip():
        raise InvalidInput("title", _("请填写标题"))
    if case_type.needs_place and not (place.known or place.address or place.division):
        raise InvalidInput("place", _("请在地图上标出位置或填写地址"))


def _place(case: Case, place: Spot) -> None:
    case.lon, case.lat, case.accuracy_m = place.lon, place.lat, place.accuracy_m
    case.address, case.division, case.grid = place.address[:200], place.division, place.grid
    if place.known and case.division is None:
        case.locate()
        if case.division is None and Area.objects.of(COUNTY).exists():
            raise InvalidInput("place", _("位置不在本县范围内,请向当地反映"))


def county_organisation() -> Organisation:
    """The county's own organisation, which owns what nobody else does."""
    found = Organisation.objects.filter(parent__isnull=True, active=True).order_by("path", "pk").first()
    if found is None:
        raise InvalidInput("organisation", _("还没有录入任何单位"))
    return found


def next_number(at: datetime) -> str:
    """The next case number of the county's day; numbers of one day have no gaps."""
    day = county_day(at)
    with connection.cursor() as cursor:
        cursor.execute(COUNTER, [day])
        (serial,) = cursor.fetchone()
    return numbers.case_number(settings.COUNTY_CODE, day, serial)
