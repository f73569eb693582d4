"""The account under which the environment system acts by itself: it opens cases and drafts warnings."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.accounts import grant_role, program_account
from qipan.kernel.access.models import Account, Grant
from qipan.kernel.access.roles import RoleOffer
from qipan.kernel.base.clock import now
from qipan.kernel.orgs.models import Organisation

ROLE = RoleOffer(
    "environment.program", _("生态环境程序"), ("cases.case.add", "cases.case.view", "alerts.alert.add")
)
YEARS = timedelta(days=365 * 50)


def program() -> Account:
    """The program's account with its one role in the county; both are made at first use."""
    account = program_account("environment")
    if not Grant.objects.filter(account=account, role__code=ROLE.code, valid_to__gt=now()).exists():
        root = Organisation.objects.filter(parent=None).order_by("pk").first()
        if root is None:
            raise LookupError("no organisation yet: finish the first set-up")
        grant_role(
            account, ROLE.code, root, by=None, with_children=True, valid_to=now() + YEARS, source="program"
        )
    return account
