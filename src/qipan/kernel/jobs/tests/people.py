"""Accounts for tests: somebody without roles, somebody with the permissions asked for."""

from datetime import timedelta

from qipan.kernel.access.models import Account, Grant, RoleRow
from qipan.kernel.base.clock import now
from qipan.kernel.orgs.models import Organisation


def account(username: str, **fields: object) -> Account:
    """A staff account without any role."""
    row, _made = Account.objects.get_or_create(
        username=username, defaults={"name": username, "kind": Account.Kind.STAFF, **fields}
    )
    return row


def chief(*permissions: str) -> Account:
    """An account that holds the permissions in the whole county."""
    row = account("chief")
    county, _made = Organisation.objects.get_or_create(
        code="11371525MB0000000A", defaults={"name": "冠县人民政府", "kind": "government", "path": "1/"}
    )
    role, _made = RoleRow.objects.get_or_create(code="test.chief", defaults={"label": "测试"})
    role.permissions = list(permissions)
    role.save()
    Grant.objects.get_or_create(
        account=row,
        role=role,
        organisation=county,
        defaults={
            "with_children": True,
            "valid_from": now() - timedelta(days=1),
            "valid_to": now() + timedelta(days=1),
            "source": "test",
        },
    )
    return row
