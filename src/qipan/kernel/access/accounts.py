"""Making accounts, passwords and tokens."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.models import Account, Actor, ApiToken, Grant, RoleRow
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.orgs.models import Grid, Organisation

MINIMUM_PASSWORD = 10
COMMON = frozenset({"1234567890", "0123456789", "password123", "qwertyuiop", "1qaz2wsx3edc", "admin12345"})
STAFF_MONTHS = 12


def check_password_rule(password: str, field: str = "password") -> None:
    """InvalidInput when a new password is too short or one of the usual ones."""
    if len(password) < MINIMUM_PASSWORD:
        raise InvalidInput(field, _("密码至少%(count)d位") % {"count": MINIMUM_PASSWORD})
    if password.lower() in COMMON or len(set(password)) < 4:
        raise InvalidInput(field, _("密码过于常见,请换一个"))


@transaction.atomic
def create_account(
    username: str, name: str, kind: str, *, by: Actor | None, password: str | None = None, **fields: Any
) -> Account:
    """A new account with its audit entry; InvalidInput for a name in use or a weak password."""
    if Account.objects.filter(username=username).exists():
        raise InvalidInput("username", _("账号已被使用"))
    account = Account(username=username, name=name, kind=kind, **fields)
    if password is None:
        account.set_unusable_password()
    else:
        check_password_rule(password)
        account.set_password(password)
    account.save()
    audit.record(by, "access.account.add", account, changes={"username": username, "kind": kind})
    return account


@transaction.atomic
def set_password(account: Account, password: str, *, by: Actor) -> None:
    """Change a password; ends no session by itself, is audited without its text."""
    check_password_rule(password)
    account.set_password(password)
    account.save(update_fields=["password"])
    audit.record(by, "access.account.password", account)


def program_account(code: str) -> Account:
    """The account under which a part of this program acts (gateway, worker, rule engine)."""
    account, _made = Account.objects.get_or_create(
        username=f"program.{code}", defaults={"name": code, "kind": Account.Kind.PROGRAM, "password": "!"}
    )
    return account


@transaction.atomic
def grant_role(
    account: Account,
    role: str,
    organisation: Organisation,
    *,
    by: Actor | None,
    with_children: bool = False,
    division_prefix: str = "",
    grid: Grid | None = None,
    valid_to: datetime | None = None,
    source: str = "request",
) -> Grant:
    """Give a role in an organisation and area from now to ``valid_to`` (default 12 months)."""
    start = now()
    grant = Grant.objects.create(
        account=account,
        role=RoleRow.objects.get(code=role),
        organisation=organisation,
        with_children=with_children,
        division_prefix=division_prefix,
        grid=grid,
        valid_from=start,
        valid_to=valid_to or start + timedelta(days=30 * STAFF_MONTHS),
        source=source,
    )
    audit.record(by, "access.grant.add", grant, changes={"account": account.pk, "role": role})
    return grant


@transaction.atomic
def issue_token(account: Account, name: str, *, by: Actor, days: int = 365) -> str:
    """A new bearer token of a program, shown once."""
    token = "qp_" + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        account=account, name=name, digest=_digest(token), valid_to=now() + timedelta(days=days)
    )
    audit.record(by, "access.token.add", row, changes={"account": account.pk, "name": name})
    return token


def account_for_token(token: str) -> Account | None:
    """The account behind a bearer token in force, or None; notes when it was last used."""
    row = ApiToken.objects.select_related("account").filter(digest=_digest(token), valid_to__gt=now()).first()
    if row is None or not row.account.may_sign_in:
        return None
    if row.last_used is None or now() - row.last_used > timedelta(minutes=1):
        ApiToken.objects.filter(pk=row.pk).update(last_used=now())
    return row.account


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
