"""The demo county's accounts: the plain ones of the sign-in page, grid workers and residents.

Names are made by a seeded generator and mean nobody; every row is marked as demo.
"""

import random
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from qipan.kernel.access.models import Account, Grant, RoleRow
from qipan.kernel.base.clock import now
from qipan.kernel.orgs.models import Organisation

PASSWORD = "qipan-demo"
SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰春梅建国志文"
RESIDENTS = 200
YEARS = timedelta(days=3650)

Report = Callable[[str, int, int], None]


def demo_name(rng: random.Random) -> str:
    """A plainly made-up name."""
    return rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(("", rng.choice(GIVEN)))


@transaction.atomic
def build(seed: int, scale: float, report: Report) -> None:
    """Admin, auditor, signer, a grid worker for each village, residents; a second run changes nothing."""
    rng = random.Random(seed + 1)
    root = Organisation.objects.get(parent=None, demo=True)
    password = make_password(PASSWORD)
    for username, name, role in (
        ("admin", "系统管理员", "admin"),
        ("auditor", "审计员", "auditor"),
        ("signer", "预警签发人甲", "duty.signer"),
        ("signer2", "预警签发人乙", "duty.signer"),
    ):
        account = demo_account(username, name, Account.Kind.STAFF, root, password=password, listed=True)
        demo_grant(account, role, root, with_children=True)
    _grid_workers(rng, password, report)
    count = max(5, int(RESIDENTS * scale))
    demo_account("resident", demo_name(rng), Account.Kind.RESIDENT, None, password=password, listed=True)
    for number in range(count):
        demo_account(f"resident{number:04d}", demo_name(rng), Account.Kind.RESIDENT, None, password=password)
    report("accounts", count, count)


def _grid_workers(rng: random.Random, password: str, report: Report) -> None:
    villages = list(
        Organisation.objects.filter(kind="village", demo=True).select_related("parent", "division")
    )
    for done, village in enumerate(villages):
        assert village.division is not None and village.parent is not None
        username = "grid.worker" if done == 0 else f"grid.{village.division.code}"
        account = demo_account(
            username, demo_name(rng), Account.Kind.STAFF, village, password=password, listed=done == 0
        )
        demo_grant(account, "grid.worker", village.parent, division_prefix=village.division.code)
        report("grid workers", done + 1, len(villages))


def demo_account(
    username: str,
    name: str,
    kind: str,
    organisation: Organisation | None,
    *,
    password: str,
    listed: bool = False,
) -> Account:
    """A demo account; left alone when it stands already."""
    account, _made = Account.objects.get_or_create(
        username=username,
        defaults={
            "name": name,
            "kind": kind,
            "organisation": organisation,
            "password": password,
            "listed": listed,
            "demo": True,
            "trust": 3,
        },
    )
    return account


def demo_grant(
    account: Account,
    role: str,
    organisation: Organisation,
    *,
    with_children: bool = False,
    division_prefix: str = "",
) -> None:
    """A grant of a demo account for ten years; left alone when it stands already."""
    start = now()
    Grant.objects.get_or_create(
        account=account,
        role=RoleRow.objects.get(code=role),
        organisation=organisation,
        division_prefix=division_prefix,
        defaults={
            "with_children": with_children,
            "valid_from": start,
            "valid_to": start + YEARS,
            "source": "demo",
        },
    )
