"""What the declared rules did, and what one of them would have drafted in the past."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from qipan.kernel.alerts.catalogue import event_type, every_rule
from qipan.kernel.alerts.declarations import AlertRule
from qipan.kernel.alerts.listeners import areas_of
from qipan.kernel.alerts.models import PUBLISHED, Alert
from qipan.kernel.alerts.rules import graver
from qipan.kernel.sensing.models import RuleEvent


@dataclass(frozen=True)
class Would:
    """One warning that a rule would have drafted: where, when, how grave, from how many rule events."""

    areas: tuple[str, ...]
    colour: str
    onset: datetime
    expires: datetime
    events: int


@dataclass(frozen=True)
class RuleRecord:
    """A rule beside what it led to."""

    rule: AlertRule
    event_name: str
    fired: int
    would: tuple[Would, ...]
    drafted: int
    published: int


def dry_run(rule: AlertRule, start: datetime, end: datetime) -> tuple[Would, ...]:
    """Run a rule over the events of its sensing rule between two instants; nothing is written.

    Events for the same areas within the validity of an earlier one belong to that warning and may raise its
    colour, as they do when drafting for real.
    """
    hours = timedelta(hours=rule.validity_h or event_type(rule.event).validity_h)
    found = RuleEvent.objects.filter(rule__code=rule.rule_code, started_at__gte=start, started_at__lt=end)
    open_now: dict[tuple[str, ...], Would] = {}
    done: list[Would] = []
    for event in found.select_related("thing__division").order_by("started_at"):
        colour, areas = rule.colour_for(event.severity), tuple(sorted(areas_of(rule, event)))
        if not colour or not areas:
            continue
        known = open_now.get(areas)
        if known is not None and event.started_at <= known.expires:
            worst = graver(known.colour, colour)
            open_now[areas] = Would(areas, worst, known.onset, known.expires, known.events + 1)
            continue
        if known is not None:
            done.append(known)
        open_now[areas] = Would(areas, colour, event.started_at, event.started_at + hours, 1)
    return tuple(sorted((*done, *open_now.values()), key=lambda each: each.onset))


def records(start: datetime, end: datetime) -> list[RuleRecord]:
    """Every declared rule with what it did between two instants."""
    listed = []
    for rule in every_rule():
        fired = RuleEvent.objects.filter(
            rule__code=rule.rule_code, started_at__gte=start, started_at__lt=end
        ).count()
        own = Alert.objects.filter(
            rule__startswith=f"{rule.rule_code} v",
            event=rule.event,
            created_at__gte=start,
            created_at__lt=end,
        )
        sent = own.filter(state__in=PUBLISHED).count()
        name = str(event_type(rule.event).name)
        listed.append(RuleRecord(rule, name, fired, dry_run(rule, start, end), own.count(), sent))
    return listed
