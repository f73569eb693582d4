"""The first set-up: only once, all or nothing, then the imports for the administrator."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Account
from qipan.kernel.modules import first_set_up as subject
from qipan.kernel.modules import registry
from qipan.kernel.orgs.models import Division, Organisation

pytestmark = pytest.mark.django_db

GOOD = {
    "code": "371525000000",
    "name": "冠县",
    "organisation": "冠县人民政府",
    "credit_code": "91350100M000100Y43",
    "username": "first",
    "person": "管理员",
    "password": "a-long-password",
}


@pytest.fixture(autouse=True)
def fresh() -> Any:
    subject._done.clear()
    registry.sync_roles()
    yield
    subject._done.clear()


def test_home_leads_to_the_set_up_until_it_is_done(client: Any) -> None:
    assert client.get("/")["Location"] == "/set-up/"
    assert client.post("/set-up/", GOOD)["Location"] == "/set-up/imports/"
    account = Account.objects.get(username="first")
    assert decide(account, "orgs.organisation.change")
    assert client.get("/set-up/imports/").status_code == 200
    client.logout()
    assert client.get("/sign-in/").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [("code", "3715"), ("credit_code", "91350100M000100Y44"), ("password", "short"), ("name", "")],
)
def test_a_wrong_field_is_named_and_nothing_is_written(client: Any, field: Any, value: Any) -> None:
    answer = client.post("/set-up/", {**GOOD, field: value})
    assert answer.status_code == 400
    assert not Account.objects.filter(username="first").exists()
    assert not Organisation.objects.exists()
    assert not Division.objects.exists()


def test_nobody_else_can_set_up_again(client: Any) -> None:
    client.post("/set-up/", GOOD)
    client.logout()
    assert client.post("/set-up/", {**GOOD, "username": "second"}).status_code in (302, 403)
    assert not Account.objects.filter(username="second").exists()


def test_import_names_bad_lines(client: Any) -> None:
    client.post("/set-up/", GOOD)
    text = "code,name\n371525001000,清泉街道\n12,坏行\n"
    upload = SimpleUploadedFile("d.csv", text.encode())
    answer = client.post("/set-up/imports/", {"what": "divisions", "file": upload})
    assert answer.status_code == 200
    assert "第 3 行" in answer.content.decode()
    assert Division.objects.filter(code="371525001000").exists()
