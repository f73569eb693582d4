"""The generated API: the same rows, masks, forms and refusals as the pages."""

import json
from typing import Any

import pytest
from django.test import Client

from qipan.kernel.access.accounts import issue_token
from qipan.kernel.access.models import AuditEntry
from qipan.kernel.ui.tests.notes import Note

URL = "/api/ui/notes"


@pytest.fixture
def api(notebook: Any, settings: Any) -> Any:
    """A client of the test site with its API."""
    settings.ROOT_URLCONF = "qipan.kernel.api.tests.urls"

    def call(method: Any, url: Any, body: Any = None, token: Any = "", **headers: Any) -> Any:
        given = {"Authorization": f"Bearer {token}"} if token else {}
        return Client().generic(
            method,
            url,
            json.dumps(body) if body is not None else b"",
            content_type="application/json",
            headers=given | headers,
        )

    return call


@pytest.fixture
def token(clerk: Any) -> Any:
    """A token of the clerk."""
    return issue_token(clerk, "test", by=clerk)


def test_list_with_filter_and_next_page(api: Any, token: Any, notes: Any) -> None:
    found = api("GET", URL + "?page_size=2", token=token).json()
    assert [(row["code"], row["level"], row["phone"], row["organisation"]) for row in found["results"]] == [
        ("W-1", 1.5, "138****5678", notes["W-1"].organisation_id),
        ("W-2", 2.5, "139****5678", notes["W-1"].organisation_id),
    ]
    assert (found["count"], found["capped"], found["next"]) == (3, False, "?page_size=2&page=2")
    last = api("GET", URL + found["next"], token=token).json()
    assert ([row["code"] for row in last["results"]], last["next"]) == (["W-3"], None)
    assert api("GET", URL + "?state=done", token=token).json()["results"][0]["state"] == "done"


def test_new_row(api: Any, token: Any, notes: Any) -> None:
    body = {"code": "W-9", "title": "新的", "organisation": "WATER", "lon": 115.5, "lat": None}
    answer = api("POST", URL, body, token=token)
    row = Note._default_manager.get(code="W-9")
    assert (answer.status_code, answer["Location"], answer["ETag"]) == (201, f"{URL}/{row.pk}", '"1"')
    assert (row.title, row.lon, row.lat, row.organisation.code) == ("新的", 115.5, None, "WATER")
    assert AuditEntry.objects.get(action="ui.note.add").target_key == str(row.pk)


def test_change_keeps_what_is_not_sent(api: Any, token: Any, notes: Any) -> None:
    row = notes["W-1"]
    answer = api("PATCH", f"{URL}/{row.pk}", {"level": 1.9}, token=token)
    assert (answer.status_code, answer.json()["level"], answer["ETag"]) == (200, 1.9, '"2"')
    row.refresh_from_db()
    assert (row.level, row.title, row.urgent, str(row.day), row.organisation.code) == (
        1.9,
        "河堤巡查",
        True,
        "2026-07-01",
        "WATER",
    )
    assert AuditEntry.objects.get(action="ui.note.change").changes == {"level": [1.5, 1.9]}


def test_two_writers(api: Any, token: Any, notes: Any) -> None:
    url = f"{URL}/{notes['W-1'].pk}"
    assert api("PATCH", url, {"level": 1}, token=token, **{"If-Match": '"1"'}).status_code == 200
    late = api("PATCH", url, {"level": 2}, token=token, **{"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert api("PATCH", url, {"level": 2, "row_version": 1}, token=token).status_code == 409


def test_action(api: Any, token: Any, notes: Any) -> None:
    url = f"{URL}/{notes['W-1'].pk}/actions/close"
    short = api("POST", url, {"remark": "好"}, token=token)
    assert (short.status_code, short.json()) == (
        400,
        {"code": "invalid", "message": "说明太短", "field": "remark"},
    )
    assert api("POST", url, {"remark": "已经修好"}, token=token).status_code == 200
    assert Note._default_manager.get(code="W-1").state == "done"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "没有编号"}, "code"),
        ({"code": "W-9", "title": "x", "organisation": "NOBODY"}, "organisation"),
        ({"code": "W-9", "title": "x", "lon": "east"}, "lon"),
        ({"code": "W-9", "title": {"a": 1}}, "title"),
        ({"code": "W-1", "title": "编号重复"}, "code"),
        ({"code": "W-9", "title": "x", "state": "done"}, "state"),
        ([1], "body"),
    ],
)
def test_faulty_field_is_named(api: Any, token: Any, notes: Any, body: Any, field: Any) -> None:
    answer = api("POST", URL, body, token=token)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "invalid", field)


def test_broken_json(api: Any, token: Any, notes: Any) -> None:
    answer = Client().post(
        URL, b"{", content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["field"]) == (400, "body")


@pytest.mark.parametrize(
    ("given", "status", "code"), [("", 401, "unauthenticated"), ("qp_guessed", 401, "unauthenticated")]
)
def test_without_a_token_in_force(api: Any, notes: Any, given: Any, status: Any, code: Any) -> None:
    answer = api("GET", URL, token=given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_out_of_reach_and_unknown(api: Any, token: Any, notes: Any) -> None:
    assert api("GET", f"{URL}/{notes['R-1'].pk}", token=token).status_code == 403
    assert api("PATCH", f"{URL}/{notes['R-1'].pk}", {"level": 1}, token=token).status_code == 403
    answer = api("POST", URL, {"code": "R-9", "title": "越权", "organisation": "ROADS"}, token=token)
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    for key in ("999999", "x", "9" * 40):
        answer = api("GET", f"{URL}/{key}", token=token)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_session_writes_only_with_its_csrf_token(api: Any, clerk: Any, notes: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(clerk)
    assert client.get(URL).status_code == 200
    body = json.dumps({"code": "W-9", "title": "新的"})
    answer = client.post(URL, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "refused")


def test_export_by_the_api(api: Any, token: Any, notes: Any) -> None:
    rows = json.loads(b"".join(api("GET", URL + "?format=json&state=open", token=token).streaming_content))
    assert [row["code"] for row in rows] == ["W-1", "W-3"]


def test_description_tells_types_and_required_fields(api: Any, notes: Any) -> None:
    found = api("GET", "/api/openapi.json").json()
    assert sorted(path for path in found["paths"] if path.startswith(URL)) == [
        URL,
        URL + "/{pk}",
        URL + "/{pk}/actions/{code}",
    ]
    post = found["paths"][URL]["post"]
    schema = post["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["code", "title"]
    assert schema["properties"]["lon"]["type"] == ["number", "null"]
    parameters = {parameter["name"] for parameter in found["paths"][URL]["get"]["parameters"]}
    assert {"search", "state", "level_min", "level_max", "day_after", "organisation"} <= parameters
    row = post["responses"]["201"]["content"]["application/json"]["schema"]
    assert row["properties"]["level"] == {"type": ["number", "null"], "title": "水位(m)"}


def test_docs_page_uses_local_files(api: Any, signed_in: Any, clerk: Any) -> None:
    text = signed_in(clerk).get("/api/docs").content.decode()
    assert 'data-openapi="/api/openapi.json"' in text
    assert "https://" not in text
