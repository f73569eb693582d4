"""The account under which this block acts by itself: it drafts and opens cases, and can never sign."""

from datetime import timedelta

from qipan.kernel.access.accounts import grant_role, program_account
from qipan.kernel.access.models import Account, Grant, RoleRow
from qipan.kernel.base.clock import now
from qipan.kernel.cases.opening import county_organisation

ROLE = "alerts.program"
PERMISSIONS = ("cases.case.add", "alerts.alert.add")
_YEARS = 50


def account() -> Account:
    """The program's account with its role in the county; both are made at first use."""
    found = program_account("alerts")
    if not Grant.objects.filter(account=found, role__code=ROLE, valid_to__gt=now()).exists():
        RoleRow.objects.get_or_create(
            code=ROLE, defaults={"label": "预警程序", "permissions": list(PERMISSIONS)}
        )
        until = now() + timedelta(days=365 * _YEARS)
        grant_role(
            found, ROLE, county_organisation(), by=None, with_children=True, valid_to=until, source="program"
        )
    return found
