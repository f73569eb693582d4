"""What a warning led to: cases opened for it, and whatever people link to it."""

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.alerts import program
from qipan.kernel.alerts.models import Alert, AlertArea, Outcome
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases.actions import Spot, open_case
from qipan.kernel.cases.models import Case
from qipan.kernel.orgs.models import Division


def link(alert: Alert, row: Model, relation: str, text: str = "") -> Outcome:
    """Link a row to a warning; twice the same is once."""
    outcome, _made = Outcome.objects.get_or_create(
        alert=alert,
        content_type=ContentType.objects.get_for_model(row),
        object_id=str(row.pk),
        defaults={"relation": relation, "text": (text or str(row))[:300], "at": now()},
    )
    return outcome


@transaction.atomic
def open_cases(alert: Alert) -> list[Case]:
    """Open a case in each division of a warning whose rule names a case type; harmless to repeat."""
    if not alert.case_type:
        return []
    by = program.account()
    found = []
    divisions = Division.objects.in_bulk(
        list(alert.areas.filter(kind=AlertArea.Kind.DIVISION).values_list("code", flat=True)),
        field_name="code",
    )
    for code, division in sorted(divisions.items()):
        case = open_case(
            alert.case_type, alert.headline, f"{alert.description}\n{alert.instruction}".strip(), by=by,
            place=Spot(address=division.full_name, division=division), cause=alert, source="device",
            client_key=f"alerts.alert:{alert.first.pk}:{code}", urgent=alert.colour in ("red", "orange"),
        )  # fmt: skip
        link(alert, case, Outcome.Relation.CAUSED, str(case))
        found.append(case)
    return found


@transaction.atomic
def link_case(alert: Alert, by: Account, *, number: str, text: str = "") -> Outcome:
    """A person links an existing case by its number."""
    require(by, "alerts.alert.submit", alert)
    case = Case.objects.filter(number=number.strip()).first()
    if case is None:
        raise InvalidInput("number", _("没有这个案件编号"))
    outcome = link(alert, case, Outcome.Relation.SUPPORTED, text or str(case))
    audit.record(by, "alerts.outcome.link", alert, changes={"case": case.number})
    return outcome


@transaction.atomic
def report_measures(alert: Alert, by: Account, text: str) -> Outcome:
    """A recipient tells what was done on the ground; shown beside the cases."""
    if not text.strip():
        raise InvalidInput("text", _("请填写采取的措施"))
    require(by, "alerts.alert.receive")
    entry = audit.record(by, "alerts.outcome.report", alert, reason=text)
    return Outcome.objects.create(
        alert=alert, content_type=ContentType.objects.get_for_model(entry), object_id=str(entry.pk),
        relation=Outcome.Relation.REPORTED, text=f"{by}:{text}"[:300], at=now(),
    )  # fmt: skip
