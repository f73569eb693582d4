"""How a password becomes an account."""

from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.http import HttpRequest

from qipan.kernel.access.models import Account


class Argon2id(Argon2PasswordHasher):
    """Argon2id with OWASP's parameters: 19 MiB, two passes, one lane."""

    memory_cost = 19_456
    time_cost = 2
    parallelism = 1


class AccountBackend:
    """Checks a password; equal work for unknown and known names, so that neither shows."""

    def authenticate(
        self, request: HttpRequest | None, username: str = "", password: str = "", **_: Any
    ) -> Account | None:
        """The active account with this name and password, or None."""
        account = Account.objects.filter(username=username).first()
        if account is None:
            Account().set_password(password)
            return None
        good = account.check_password(password)
        return account if good and account.may_sign_in else None

    def get_user(self, user_id: int) -> Account | None:
        """The account of a session while it may sign in."""
        account = Account.objects.select_related("organisation").filter(pk=user_id).first()
        return account if account and account.may_sign_in else None
