"""What the engine found, written down: events with their inputs, and each watch's memory."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import override

from qipan.kernel.base import events
from qipan.kernel.base.clock import local
from qipan.kernel.sensing.events import RuleChanged, RuleCleared, RuleFired
from qipan.kernel.sensing.models import RuleEvent, RuleState, Severity, Thing
from qipan.kernel.sensing.rules.loading import Unit
from qipan.kernel.sensing.rules.machine import Change, Watch

CHANNEL = "sensing_rule"
_FIELD = re.compile(r"\{([^{}]+)\}")


def record(changes: Sequence[Change], units: Mapping[int, Unit], noticed: datetime) -> list[RuleEvent]:
    """Write the changes and publish them; inside the caller's transaction."""
    things = Thing.objects.in_bulk({change.watch.thing_id for change in changes})
    return [
        found
        for change in changes
        if (found := _record_one(change, things[change.watch.thing_id], units, noticed)) is not None
    ]


def _record_one(
    change: Change, thing: Thing, units: Mapping[int, Unit], noticed: datetime
) -> RuleEvent | None:
    rule = change.watch.rule
    at = datetime.fromtimestamp(change.at, UTC)
    found = RuleEvent.objects.filter(rule_id=rule.rule_id, thing=thing, ended_at=None).first()
    if change.kind == "cleared":
        if found is None:
            return None
        found.ended_at = max(at, found.started_at)
        found.save(update_fields=["ended_at"])
        events.publish(RuleCleared(found.pk))
    elif found is None:
        found = RuleEvent.objects.create(
            rule_id=rule.rule_id,
            version_id=rule.version_id,
            thing=thing,
            severity=change.severity,
            started_at=at,
            noticed_at=noticed,
            message=message(change, thing, units),
            inputs=_inputs(change, units),
            course=[[at.isoformat(), change.severity]],
        )
        events.publish(RuleFired(found.pk))
    elif found.severity != change.severity:
        found.severity = change.severity
        found.message = message(change, thing, units)
        found.inputs = _inputs(change, units)
        found.course = [*found.course, [at.isoformat(), change.severity]]
        found.save(update_fields=["severity", "message", "inputs", "course"])
        events.publish(RuleChanged(found.pk, change.severity))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(found.pk)])
    return found


def end_open(rows: QuerySet[RuleEvent], at: datetime) -> int:
    """End the open events among ``rows`` because their rule or thing is out of use; gives how many."""
    found = list(rows.filter(ended_at=None).select_for_update(of=("self",)))
    for event in found:
        event.ended_at = max(at, event.started_at)
        event.save(update_fields=["ended_at"])
        events.publish(RuleCleared(event.pk))
    return len(found)


def message(change: Change, thing: Thing, units: Mapping[int, Unit]) -> str:
    """The rule's message with its fields filled in; a field that nobody knows stays as it stands."""
    rule = change.watch.rule.rule
    with override(settings.LANGUAGE_CODE):
        severity = str(Severity(change.severity).label)
    fields = {
        "thing": thing.name,
        "severity": severity,
        "rule": rule.name,
        "time": f"{local(datetime.fromtimestamp(change.at, UTC)):%m-%d %H:%M}",
    }
    for code, (_seen, value) in change.values.items():
        fields[code] = _written(value, units.get(change.watch.inputs.streams[code].datastream))
    main = next(iter(change.watch.rule.needs.windows))
    unit = units.get(change.watch.inputs.streams[main].datastream)
    fields["value"], fields["unit"] = fields.get(main, "-"), unit.unit if unit else ""
    return _FIELD.sub(lambda match: fields.get(match[1], match[0]), rule.message)


def _written(value: float | None, unit: Unit | None) -> str:
    if value is None:
        return "-"
    if unit is None:
        return f"{value:g}"
    return f"{value:.{unit.decimals}f}"


def _inputs(change: Change, units: Mapping[int, Unit]) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for code, (seen, value) in change.values.items():
        number = change.watch.inputs.streams[code].datastream
        ts = datetime.fromtimestamp(seen, UTC).isoformat() if seen > 0 else None
        unit = units[number].unit if number in units else ""
        found[code] = {"datastream": number, "ts": ts, "value": value, "unit": unit}
    return found


def remember(watches: Iterable[Watch], at: datetime) -> None:
    """Save the memories of watches; they are clean afterwards."""
    items = list(watches)
    RuleState.objects.bulk_create(
        [
            RuleState(
                rule_id=item.rule.rule_id,
                thing_id=item.thing_id,
                severity=item.severity,
                memory=item.memory(),
                updated_at=at,
            )
            for item in items
        ],
        update_conflicts=True,
        unique_fields=["rule", "thing"],
        update_fields=["severity", "memory", "updated_at"],
        batch_size=1000,
    )
    for item in items:
        item.dirty = False
