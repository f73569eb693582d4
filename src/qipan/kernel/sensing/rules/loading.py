"""From the rules in force to watches: which rule looks at which thing, and where it stood."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from qipan.kernel.sensing.models import Datastream, RuleEvent, RuleState, RuleVersion, Thing
from qipan.kernel.sensing.rules.codec import load_rule
from qipan.kernel.sensing.rules.conditions import Target
from qipan.kernel.sensing.rules.machine import CompiledRule, Watch, compile_rule, watch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unit:
    """How a stream's values are written in messages."""

    unit: str
    decimals: int


def rules_in_force() -> list[CompiledRule]:
    """Every rule that is switched on; one that no longer compiles is logged and left out."""
    found = []
    rows = RuleVersion.objects.filter(state=RuleVersion.State.ACTIVE, rule__enabled=True)
    for version in rows.select_related("rule").order_by("rule__code"):
        try:
            found.append(compile_rule(load_rule(version.body), version.rule_id, version.pk))
        except ValueError:
            log.exception("rule %s v%s cannot run", version.rule.code, version.number)
    return found


def targets(target: Target) -> QuerySet[Thing]:
    """The active things that a rule's target names."""
    things = Thing.objects.filter(state=Thing.State.ACTIVE)
    if target.kinds:
        things = things.filter(kind__in=target.kinds)
    if target.things:
        things = things.filter(code__in=target.things)
    if target.organisations:
        things = things.filter(organisation__code__in=target.organisations)
    if target.divisions:
        inside = Q()
        for prefix in target.divisions:
            inside |= Q(division__code__startswith=prefix)
        things = things.filter(inside)
    return things


def watches_of(rule: CompiledRule, since: float) -> list[Watch]:
    """One watch for each target thing that has every stream the rule looks at."""
    things = {thing.pk: thing for thing in targets(rule.rule.target)}
    streams: dict[int, list[tuple[str, int, float]]] = {}
    rows = Datastream.objects.filter(thing_id__in=things, code__in=rule.codes)
    for thing_id, code, number, step_s in rows.values_list("thing_id", "code", "pk", "step_s"):
        streams.setdefault(thing_id, []).append((code, number, float(step_s)))
    return [
        watch(rule, thing_id, found, things[thing_id].properties, since)
        for thing_id, found in sorted(streams.items())
        if len(found) == len(rule.codes)
    ]


def restore(watches: Iterable[Watch]) -> None:
    """Let the watches go on where they stood: open events tell what fires, states tell the rest."""
    keyed = {(item.rule.rule_id, item.thing_id): item for item in watches}
    rules = {rule_id for rule_id, _thing in keyed}
    open_events = RuleEvent.objects.filter(rule_id__in=rules, ended_at=None)
    severities = {
        (rule, thing): severity
        for rule, thing, severity in open_events.values_list("rule_id", "thing_id", "severity")
    }
    rows = RuleState.objects.filter(rule_id__in=rules).values_list("rule_id", "thing_id", "memory")
    memories = {(rule, thing): memory for rule, thing, memory in rows}
    for key, item in keyed.items():
        item.restore(memories.get(key, {}), severities.get(key, ""))


def units(numbers: Iterable[int]) -> dict[int, Unit]:
    """How the values of these datastreams are written."""
    rows = Datastream.objects.filter(pk__in=list(numbers)).values_list("pk", "unit", "decimals")
    return {pk: Unit(unit, decimals) for pk, unit, decimals in rows}
