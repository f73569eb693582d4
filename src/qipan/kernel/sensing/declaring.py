"""What systems declare, written into the register: their quantities and the rules they ship."""

import logging
from collections.abc import Iterable

from django.db import transaction

from qipan.kernel.access import audit
from qipan.kernel.base.clock import now
from qipan.kernel.sensing.declarations import Quantity, SensingRule
from qipan.kernel.sensing.models import ObservedProperty, RuleRow, RuleVersion
from qipan.kernel.sensing.rules import codec, testing

log = logging.getLogger(__name__)


def declare(label: str, quantities: Iterable[Quantity], rules: Iterable[SensingRule]) -> None:
    """Bring one system's quantities and rules up to date; safe to repeat.

    A shipped rule was reviewed with its code, so it is switched on by itself when its tests pass; a rule
    that a person has switched off stays off. A rule that is no longer shipped is switched off.
    """
    for quantity in quantities:
        declare_quantity(quantity)
    shipped = list(rules)
    for rule in shipped:
        ship(label, rule)
    gone = RuleRow.objects.filter(source=label, enabled=True).exclude(
        code__in=[rule.code for rule in shipped]
    )
    for row in gone:
        row.enabled = False
        row.save()
        audit.record(
            None, "sensing.rule.switch", row, changes={"enabled": [True, False]}, reason="no longer shipped"
        )


def declare_quantity(quantity: Quantity) -> ObservedProperty:
    """Write one quantity into the county's vocabulary."""
    low, high = quantity.normal or (None, None)
    row, _made = ObservedProperty.objects.update_or_create(
        code=quantity.code,
        defaults={
            "name": str(quantity.name),
            "unit": quantity.unit,
            "family": quantity.family,
            "aliases": list(quantity.aliases),
            "low": low,
            "high": high,
            "decimals": quantity.decimals,
            "definition": quantity.definition,
        },
    )
    return row


@transaction.atomic
def ship(label: str, rule: SensingRule) -> RuleVersion | None:
    """A new version of a shipped rule when its wording changed; None when nothing did.

    When its tests do not pass, the version stays a draft, whatever was in force stays in force, and the log
    says so.
    """
    body = codec.dump(rule)
    codec.load_rule(body)
    row, made = RuleRow.objects.get_or_create(
        code=rule.code, defaults={"name": str(rule.name), "source": label, "enabled": False}
    )
    newest = row.versions.order_by("-number").first()
    if newest is not None and newest.body == body:
        return None
    outcomes = testing.run_tests(rule)
    passed = testing.sufficient(rule, outcomes)
    if passed:
        row.versions.filter(state=RuleVersion.State.ACTIVE).update(state=RuleVersion.State.RETIRED)
        if made or (newest is not None and newest.state == RuleVersion.State.DRAFT):
            row.enabled = True
    else:
        log.error("rule %s: shipped without passing tests: %s", rule.code, testing.report(outcomes))
    row.name = str(rule.name)
    row.save()
    version = RuleVersion.objects.create(
        rule=row,
        number=(newest.number if newest else 0) + 1,
        body=body,
        state=RuleVersion.State.ACTIVE if passed else RuleVersion.State.DRAFT,
        test_report=testing.report(outcomes),
        drafted_at=now(),
        activated_at=now() if passed else None,
    )
    audit.record(None, "sensing.rule.ship", row, changes={"version": version.number, "active": passed})
    return version
