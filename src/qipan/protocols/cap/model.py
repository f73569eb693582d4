"""A CAP 1.2 message as values (OASIS CAP-v1.2 §3.2); an empty string or tuple means the element is absent."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
CATEGORIES = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
    "Other",
)  # fmt: skip
RESPONSES = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")


class CapError(ValueError):
    """A message that cannot be read; ``code`` is stable, ``detail`` says what was found."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Named:
    """A ``valueName``/``value`` pair of a parameter, event code or geocode."""

    name: str
    value: str


@dataclass(frozen=True)
class Area:
    """Where: polygons ``lat,lon lat,lon …``, circles ``lat,lon radius-km`` (WGS84), geocodes."""

    description: str
    polygons: tuple[str, ...] = ()
    circles: tuple[str, ...] = ()
    geocodes: tuple[Named, ...] = ()
    altitude: Decimal | None = None
    ceiling: Decimal | None = None


@dataclass(frozen=True)
class Resource:
    """A file that belongs to the message; ``size`` in bytes."""

    description: str
    mime_type: str
    size: int | None = None
    uri: str = ""
    deref_uri: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Info:
    """What is expected, in one language."""

    event: str
    categories: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str
    language: str = ""
    responses: tuple[str, ...] = ()
    audience: str = ""
    event_codes: tuple[Named, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Named, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()

    def parameter(self, name: str) -> str | None:
        """Value of the first parameter of this name, None without one."""
        return next((each.value for each in self.parameters if each.name == name), None)


@dataclass(frozen=True)
class Alert:
    """One message: who says what about which earlier messages."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    message_type: str
    scope: str
    source: str = ""
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: str = ""
    incidents: str = ""
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> str:
        """The triple by which later messages refer to this one."""
        return f"{self.sender},{self.identifier},{instant_text(self.sent)}"


def instant(text: str) -> datetime:
    """An aware instant from CAP's own dateTime form (§3.3.2): offset compulsory, no ``Z``, no fraction."""
    # The schema's class [-,+] lets a comma through; the specification does not.
    if not _INSTANT.fullmatch(text):
        raise CapError("bad-instant", text)
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise CapError("bad-instant", text) from error


def instant_text(value: datetime) -> str:
    """CAP's dateTime form, to the second; UTC is written ``-00:00`` (§3.3.2)."""
    offset = value.utcoffset()
    if offset is None:
        raise CapError("bad-instant", f"{value.isoformat()} has no offset")
    if not offset:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")
    return value.replace(microsecond=0).isoformat()


def references(text: str) -> tuple[tuple[str, str, datetime], ...]:
    """The (sender, identifier, sent) triples of a ``references`` element; CapError for any other form."""
    triples = []
    for part in text.split():
        pieces = part.split(",")
        if len(pieces) != 3 or not all(pieces):
            raise CapError("bad-reference", part)
        triples.append((pieces[0], pieces[1], instant(pieces[2])))
    return tuple(triples)


def whole_seconds(value: datetime) -> datetime:
    """The instant without its fraction, as CAP can carry it."""
    return value - timedelta(microseconds=value.microsecond)
