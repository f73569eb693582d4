"""The demo accounts of the environment bureau; names are made by the seed and mean nobody."""

import random

from django.contrib.auth.hashers import make_password

from qipan.kernel.access.demo import PASSWORD, demo_account, demo_grant, demo_name
from qipan.kernel.access.models import Account
from qipan.kernel.orgs.models import Organisation

ROLES = {
    "environment.clerk": ("environment.clerk", "cases.clerk", "cases.handler", "alerts.clerk"),
    "environment.chief": ("environment.chief", "cases.chief", "cases.clerk", "alerts.clerk"),
}


def build(seed: int, owner: Organisation) -> None:
    """A clerk and a chief of the bureau, with the kernel roles that their work needs."""
    rng = random.Random(seed + 20)
    root = owner.parent or owner
    password = make_password(PASSWORD)
    for username, roles in ROLES.items():
        account = demo_account(
            username, demo_name(rng), Account.Kind.STAFF, owner, password=password, listed=True
        )
        for role in roles:
            wide = role.split(".")[0] in ("cases", "alerts")
            demo_grant(account, role, root if wide else owner, with_children=True)
