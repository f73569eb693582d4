"""Who gets a case: the simple rules a type may name. Each answer says why."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.access.models import Account, Grant
from qipan.kernel.base.clock import now
from qipan.kernel.cases.models import Case
from qipan.kernel.orgs.models import Division, Level, Organisation

GRID_WORKER = "grid.worker"


@dataclass(frozen=True)
class Assignee:
    """An organisation, perhaps a person in it, and the reason for choosing them."""

    organisation: Organisation
    person: Account | None
    why: str


def assignee(case: Case) -> Assignee | None:
    """Whom the rule of the case's type chooses; None when it finds nobody or a person must decide."""
    rule = case.type.dispatch
    if rule == "grid_worker":
        return grid_worker(case) or division_org(case)
    if rule == "division_org":
        return division_org(case)
    if rule == "owner":
        return Assignee(case.desk, None, _("由主管单位办理"))
    if rule.startswith("org:"):
        found = Organisation.objects.filter(code=rule.removeprefix("org:"), active=True).first()
        return Assignee(found, None, _("该类型固定由其承办")) if found else None
    return None


def grid_worker(case: Case) -> Assignee | None:
    """The worker of the case's grid, else of its village: whoever holds that role now, the longest first."""
    at = now()
    grants = Grant.objects.filter(
        role__code=GRID_WORKER, valid_from__lte=at, valid_to__gt=at, account__is_active=True
    ).select_related("account", "organisation")
    if case.grid is not None:
        grant = grants.filter(grid=case.grid).order_by("valid_from", "pk").first()
        if grant is not None:
            why = _("%(grid)s的网格员") % {"grid": case.grid}
            return Assignee(grant.organisation, grant.account, why)
    village = _at_level(case.division, Level.VILLAGE)
    if village is None:
        return None
    grant = grants.filter(grid=None, division_prefix=village.code).order_by("valid_from", "pk").first()
    if grant is None:
        return None
    return Assignee(grant.organisation, grant.account, _("%(village)s的网格员") % {"village": village})


def division_org(case: Case, level: int = Level.TOWNSHIP) -> Assignee | None:
    """The township's (or village's) own organisation for the case's place."""
    division = _at_level(case.division, level)
    if division is None:
        return None
    kind = Organisation.Kind.TOWNSHIP if level == Level.TOWNSHIP else Organisation.Kind.VILLAGE
    found = Organisation.objects.filter(division=division, kind=kind, active=True).order_by("path").first()
    return Assignee(found, None, _("%(area)s属地办理") % {"area": division}) if found else None


def _at_level(division: Division | None, level: int) -> Division | None:
    while division is not None and division.level > level:
        division = division.parent
    return division if division is not None and division.level == level else None


def as_data(chosen: Assignee, rule: str) -> dict[str, Any]:
    """What an assignment keeps about how it came to be."""
    return {"rule": rule, "why": chosen.why}
