"""Signing in, being slowed down, signing out, and the profile page."""

from typing import Any

import pytest

from qipan.kernel.access.accounts import create_account
from qipan.kernel.access.models import Account, AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Any:
    return create_account("clerk1", "测试", Account.Kind.STAFF, by=None, password="a-good-password")


def test_sign_in_and_out(client: Any, account: Any) -> None:
    answer = client.post(
        "/sign-in/", {"username": "clerk1", "password": "a-good-password", "next": "/account/"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert client.get("/account/").status_code == 200
    assert AuditEntry.objects.filter(action="access.session.start", actor_id=account.pk).count() == 1
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/account/").status_code == 302


def test_next_never_leaves_the_site(client: Any, account: Any) -> None:
    answer = client.post(
        "/sign-in/", {"username": "clerk1", "password": "a-good-password", "next": "https://example.org/"}
    )
    assert answer["Location"] == "/"


def test_wrong_password_and_unknown_name_read_alike_and_slow_down(client: Any, account: Any) -> None:
    wrong = client.post("/sign-in/", {"username": "clerk1", "password": "no"})
    unknown = client.post("/sign-in/", {"username": "nobody", "password": "no"})
    assert wrong.status_code == unknown.status_code == 400
    assert (
        wrong.content.decode().count("账号或密码不正确")
        == unknown.content.decode().count("账号或密码不正确")
        == 1
    )
    for _ in range(4):
        client.post("/sign-in/", {"username": "clerk1", "password": "no"})
    blocked = client.post("/sign-in/", {"username": "clerk1", "password": "a-good-password"})
    assert "秒后再试" in blocked.content.decode()


def test_suspended_account_stays_out(client: Any, account: Any) -> None:
    Account.objects.filter(pk=account.pk).update(state=Account.State.SUSPENDED)
    assert client.post("/sign-in/", {"username": "clerk1", "password": "a-good-password"}).status_code == 400


def test_language_is_kept(client: Any, account: Any) -> None:
    client.force_login(account)
    client.post("/account/", {"locale": "en"})
    account.refresh_from_db()
    assert account.locale == "en"
