"""Decisions of people at the environment's desks; each writes its audit entry with it."""

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.governance.environment import quality_watch
from qipan.domains.governance.environment.models import QualityFlag, Site
from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import local, now
from qipan.kernel.base.errors import Conflict
from qipan.kernel.cases.actions import open_case
from qipan.kernel.cases.models import Case

FAULT = "environment.instrument_fault"


@transaction.atomic
def decide_flag(flag: QualityFlag, by: Account, state: str, note: str = "") -> QualityFlag:
    """Confirm or reject a mark; Conflict when somebody decided it already."""
    require(by, "environment.qualityflag.handle", flag)
    row = QualityFlag.objects.select_for_update().get(pk=flag.pk)
    if row.state != QualityFlag.State.AUTO:
        raise Conflict(_("这条标记已经审核过"))
    row.state, row.decided_by, row.decided_at, row.note = state, by, now(), note
    row.save()
    audit.record(by, f"environment.qualityflag.{state}", row, changes={"state": ["auto", state]}, reason=note)
    return row


@transaction.atomic
def report_flag(flag: QualityFlag, by: Account) -> Case:
    """Open the maintainer's case for a confirmed mark; asked again, the same case is given back."""
    require(by, "environment.qualityflag.handle", flag)
    row = QualityFlag.objects.select_for_update(of=("self",)).select_related("site__thing").get(pk=flag.pk)
    if row.state != QualityFlag.State.CONFIRMED:
        raise Conflict(_("先确认标记,再报修"))
    text = _("%(check)s:%(quantity)s,%(first)s 至 %(last)s") % {
        "check": row.get_check_code_display(),
        "quantity": row.quantity,
        "first": f"{local(row.first):%Y-%m-%d %H:%M}",
        "last": f"{local(row.last):%Y-%m-%d %H:%M}",
    }
    row.case = _fault(row.site, text, by, f"environment.flag:{row.pk}", row)
    row.save()
    audit.record(by, "environment.qualityflag.report", row, changes={"case": str(row.case.pk)})
    return row.case


@transaction.atomic
def report_silence(site: Site, by: Account) -> Case:
    """Open the maintainer's case for a site that is silent now; Conflict when it is being heard."""
    require(by, "environment.qualityflag.handle", site)
    found = quality_watch.silent([site])
    if not found:
        raise Conflict(_("这个站正在报数"))
    heard = found[0].heard
    text = _("最后一次报数:%s") % (f"{local(heard):%Y-%m-%d %H:%M}" if heard else _("从未"))
    case = _fault(site, text, by, f"environment.silence:{site.pk}:{heard}", site)
    audit.record(by, "environment.site.report", site, changes={"case": str(case.pk)})
    return case


def _fault(site: Site, text: str, by: Account, key: str, cause: QualityFlag | Site) -> Case:
    return open_case(
        FAULT,
        _("%s 仪器故障") % site.name,
        text,
        by=by,
        place=site.thing,
        cause=cause,
        source="device",
        organisation=site.organisation,
        client_key=key,
        demo=site.thing.demo,
    )
