"""What really happened, told by the modules, and how the warnings did against it."""

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from django.db.models import QuerySet

from qipan.kernel.alerts.models import Alert, AlertArea, MessageType, Occurrence, State
from qipan.kernel.alerts.rules import Contingency, Span, graver, verify

FAILED = (State.CANCELLED,)


def record(
    event: str,
    code: str,
    colour: str,
    *,
    starts: datetime,
    ends: datetime,
    source: str,
    peak: float | None = None,
) -> Occurrence:
    """Keep what a module found in its own records; the same beginning again only moves its end and grade."""
    row, _made = Occurrence.objects.update_or_create(
        event=event,
        code=code,
        starts=starts,
        defaults={"colour": colour, "ends": ends, "peak": peak, "source": source},
    )
    return row


@dataclass(frozen=True)
class Record:
    """How the warnings of one event did in a time."""

    event: str
    name: str
    table: Contingency
    leads: list[float] = field(repr=False)
    missed: list[Span] = field(repr=False)

    @property
    def lead_minutes(self) -> float | None:
        """Median lead time in minutes, None without hits."""
        return median(self.leads) / 60 if self.leads else None

    @property
    def missed_rows(self) -> list[tuple[str, str, datetime]]:
        """Each miss: division code, colour reached, when it began."""
        return [
            (span.code, span.colour, datetime.fromtimestamp(span.start).astimezone()) for span in self.missed
        ]


def records(start: datetime, end: datetime) -> list[Record]:
    """Verification of every event that was warned of or happened between two instants; exercises left out."""
    warned = Alert.objects.for_public().filter(published_at__gte=start, published_at__lt=end)
    happened = Occurrence.objects.filter(starts__gte=start, starts__lt=end)
    names = dict(warned.order_by().values_list("event", "event_name"))
    found = []
    for event in sorted({*names, *happened.order_by().values_list("event", flat=True).distinct()}):
        table, leads, missed = verify(
            _warnings(warned.filter(event=event)), _spans(happened.filter(event=event))
        )
        found.append(Record(event, names.get(event, event), table, leads, missed))
    return found


def _warnings(alerts: "QuerySet[Alert]") -> list[Span]:
    """One span per chain and area: from the first onset to the last end, in the gravest colour it had."""
    areas = AlertArea.objects.filter(alert__in=alerts, kind=AlertArea.Kind.DIVISION)
    areas = areas.exclude(alert__message_type=MessageType.CANCEL).exclude(alert__state__in=FAILED)
    spans: dict[tuple[int, str], Span] = {}
    for area in areas.select_related("alert").order_by("alert__published_at"):
        alert = area.alert
        assert alert.published_at is not None
        end = min(alert.ended_at or alert.expires, alert.expires)
        fresh = Span(
            area.code, alert.colour, alert.onset.timestamp(), end.timestamp(), alert.published_at.timestamp()
        )
        place = (alert.root_id or alert.pk, area.code)
        known = spans.get(place)
        spans[place] = fresh if known is None else _joined(known, fresh)
    return list(spans.values())


def _joined(one: Span, other: Span) -> Span:
    return Span(
        one.code,
        graver(one.colour, other.colour),
        min(one.start, other.start),
        max(one.end, other.end),
        min(one.at, other.at),
    )


def _spans(rows: "QuerySet[Occurrence]") -> list[Span]:
    return [Span(row.code, row.colour, row.starts.timestamp(), row.ends.timestamp()) for row in rows]
