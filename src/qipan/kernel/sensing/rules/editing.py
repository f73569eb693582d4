"""How people change rules: draft a wording, test it, and have a second person switch it on."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.orgs.models import Organisation
from qipan.kernel.sensing.models import RuleEvent, RuleRow, RuleVersion
from qipan.kernel.sensing.rules import codec, testing
from qipan.kernel.sensing.rules.machine import compile_rule
from qipan.kernel.sensing.rules.recording import end_open


@transaction.atomic
def draft(body: dict[str, Any], by: Account, *, organisation: Organisation | None = None) -> RuleVersion:
    """A new wording of the rule that ``body`` names; its tests run at once and their result is kept.

    InvalidInput says what in the wording makes no sense.
    """
    try:
        rule = codec.load_rule(body)
        compile_rule(rule)
        outcomes = testing.run_tests(rule)
    except ValueError as error:
        raise InvalidInput("body", str(error)) from error
    row = RuleRow.objects.filter(code=rule.code).first()
    if row is None:
        require(by, "sensing.rulerow.add")
        row = RuleRow.objects.create(
            code=rule.code, name=str(rule.name), organisation=organisation or by.organisation
        )
    require(by, "sensing.rulerow.change", row)
    newest = row.versions.order_by("-number").first()
    state = RuleVersion.State.TESTED if testing.sufficient(rule, outcomes) else RuleVersion.State.DRAFT
    version = RuleVersion.objects.create(
        rule=row,
        number=(newest.number if newest else 0) + 1,
        body=codec.dump(rule),
        state=state,
        test_report=testing.report(outcomes),
        drafted_by=by,
        drafted_at=now(),
    )
    audit.record(by, "sensing.rulerow.draft", row, changes={"version": version.number, "state": state})
    return version


@transaction.atomic
def activate(version: RuleVersion, by: Account) -> RuleVersion:
    """Put a tested wording in force; the one before retires.

    Refused for the person who drafted it, and while its tests do not pass: they are run again here.
    """
    row = RuleRow.objects.select_for_update().get(pk=version.rule_id)
    require(by, "sensing.rulerow.activate", row)
    if version.drafted_by_id == by.pk:
        raise Refused((_("起草人不能启用自己起草的规则,请由另一人启用"),))
    rule = codec.load_rule(version.body)
    outcomes = testing.run_tests(rule)
    if not testing.sufficient(rule, outcomes):
        raise Refused((_("规则测试未全部通过,或没有同时包含触发与不触发的预期"),))
    row.versions.filter(state=RuleVersion.State.ACTIVE).update(state=RuleVersion.State.RETIRED)
    version.state, version.activated_by, version.activated_at = RuleVersion.State.ACTIVE, by, now()
    version.test_report = testing.report(outcomes)
    version.save()
    row.name, row.enabled = str(rule.name), True
    row.save()
    audit.record(by, "sensing.rulerow.activate", row, changes={"version": version.number})
    return version


@transaction.atomic
def switch(row: RuleRow, on: bool, by: Account, reason: str) -> RuleRow:
    """Switch a rule off, or on again with its wording in force; switching off ends its open events.

    InvalidInput without a reason; Refused when there is no wording in force.
    """
    locked = RuleRow.objects.select_for_update(of=("self",)).get(pk=row.pk)
    require(by, "sensing.rulerow.activate", locked)
    if not reason.strip():
        raise InvalidInput("reason", _("请说明理由"))
    if on and locked.active_version is None:
        raise Refused((_("该规则没有生效的版本"),))
    before, locked.enabled = locked.enabled, on
    locked.save()
    if not on:
        end_open(RuleEvent.objects.filter(rule=locked), now())
    audit.record(by, "sensing.rulerow.switch", locked, changes={"enabled": [before, on]}, reason=reason)
    return locked
