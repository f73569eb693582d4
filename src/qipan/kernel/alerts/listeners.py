"""What this block does when others tell it something: rules fired, messages confirmed, cases opened."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import override

from qipan.kernel.alerts import callouts, periodic, program
from qipan.kernel.alerts.catalogue import event_type, rules_for
from qipan.kernel.alerts.declarations import AlertRule
from qipan.kernel.alerts.events import AlertPublished
from qipan.kernel.alerts.models import Alert
from qipan.kernel.alerts.proposals import propose
from qipan.kernel.alerts.rules import township_of
from qipan.kernel.base.clock import now
from qipan.kernel.jobs import defer
from qipan.kernel.messages.events import DeliveryAcknowledged
from qipan.kernel.sensing.events import RuleChanged, RuleFired
from qipan.kernel.sensing.models import RuleEvent


def on_rule_fired(event: RuleFired) -> None:
    """Draft what the modules' alert rules say about this sensing rule."""
    _draft(RuleEvent.objects.select_related("rule", "version", "thing__division").get(pk=event.event_id))


def on_rule_changed(event: RuleChanged) -> None:
    """A graver severity may mean a graver colour."""
    _draft(RuleEvent.objects.select_related("rule", "version", "thing__division").get(pk=event.event_id))


def _draft(found: RuleEvent) -> list[Alert]:
    return [alert for rule in rules_for(found.rule.code) if (alert := _draft_by(rule, found)) is not None]


def _draft_by(rule: AlertRule, found: RuleEvent) -> Alert | None:
    """The draft of one alert rule; None when the severity has no colour or the thing has no division."""
    colour, areas = rule.colour_for(found.severity), areas_of(rule, found)
    if not colour or not areas:
        return None
    hours = rule.validity_h or event_type(rule.event).validity_h
    onset = max(found.started_at, now() - timedelta(hours=1)).replace(microsecond=0)
    with override(settings.LANGUAGE_CODE):
        headline = str(rule.text).format(thing=found.thing.name, message=found.message) if rule.text else ""
    return propose(
        rule.event, colour, areas, onset=onset, expires=onset + timedelta(hours=hours),
        drafted_by=program.account(), evidence=[found], headline=headline[:200],
        confidence=rule.confidence, rule=f"{found.rule.code} v{found.version.number}",
        case_type=rule.case_type,
    )  # fmt: skip


def areas_of(rule: AlertRule, found: RuleEvent) -> list[str]:
    """Division codes that a rule's warning is for; empty when the thing's place is unknown."""
    if callable(rule.area_from):
        return rule.area_from(found)
    if rule.area_from == "county":
        return [f"{settings.COUNTY_CODE}000000"]
    if found.thing.division is None:
        return []
    code = found.thing.division.code
    return [code] if rule.area_from == "village" else [township_of(code)]


def on_acknowledged(event: DeliveryAcknowledged) -> None:
    """Who confirmed the message is reached on the ladder too."""
    prefix, _colon, rest = event.message_key.partition(":")
    if prefix == "alerts.alert":
        callouts.reached(int(rest.split(":")[0]), event.account_id)


def on_published(event: AlertPublished) -> None:
    """Put down what may happen after the publication itself."""
    alert = Alert.objects.only("pk", "case_type", "status").get(pk=event.alert_id)
    defer(periodic.hand_over, alert=alert.pk)
    if alert.case_type and alert.status == "Actual":
        defer(periodic.open_cases, alert=alert.pk)


LISTENERS = (
    (RuleFired, on_rule_fired, True),
    (RuleChanged, on_rule_changed, True),
    (DeliveryAcknowledged, on_acknowledged, True),
    (AlertPublished, on_published, True),
)
