"""A register's list: scope, filters, search, sorting, paging, masks, partial answers."""

import re
from typing import Any

import pytest
from django.db import connection
from django.db.models.expressions import RawSQL
from django.test.utils import CaptureQueriesContext

from qipan.kernel.access.accounts import create_account, grant_role
from qipan.kernel.access.models import Account, AuditEntry, Purpose, RoleRow
from qipan.kernel.ui.register import export, listing, size
from qipan.kernel.ui.tests.notes import Note

URL = "/ui/notes/"


def codes(response: Any) -> Any:
    """Codes of the rows in the order shown."""
    return re.findall(r'<th scope="row"><a href="[^"]+">([A-Z]-\d+)</a>', response.content.decode())


def test_rows_of_the_own_office_in_their_order(signed_in: Any, clerk: Any, notes: Any) -> None:
    response = signed_in(clerk).get(URL)
    assert response.status_code == 200
    assert codes(response) == ["W-1", "W-2", "W-3"]


def test_visitors_are_sent_to_sign_in(client: Any, notes: Any) -> None:
    response = client.get(URL + "?state=open")
    assert (response.status_code, response["Location"]) == (302, "/sign-in/?next=/ui/notes/%3Fstate%3Dopen")


def test_no_role_is_told_why(signed_in: Any, county: Any) -> None:
    stranger = create_account("stranger", "赵路人", Account.Kind.STAFF, by=None)
    response = signed_in(stranger).get(URL)
    assert response.status_code == 403
    assert "没有包含“ui.note.view”的角色" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=open", ["R-1", "W-1", "W-3"]),
        ("urgent=True", ["R-1", "W-1"]),
        ("level_min=2", ["W-2"]),
        ("level_max=2", ["W-1"]),
        ("day_after=2026-07-02&day_before=2026-07-03", ["R-1", "W-2"]),
        ("organisation=ROADS", ["R-1"]),
        ("organisation=县交通局", ["R-1"]),
        ("search=巡查", ["W-1"]),
        ("search=w-3", ["W-3"]),
        ("search=138", []),
        ("state=open&ordering=-code", ["W-3", "W-1", "R-1"]),
        ("ordering=-level&state=done", ["W-2"]),
        ("page_size=3", ["R-1", "W-1", "W-2"]),
        ("page_size=3&page=2", ["W-3"]),
    ],
)
def test_filter_search_sort_page(signed_in: Any, reader: Any, notes: Any, query: Any, expected: Any) -> None:
    assert codes(signed_in(reader).get(f"{URL}?{query}")) == expected


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("level_min=tall", 200, "筛选条件有误"),
        ("organisation=NOBODY", 200, "没有“NOBODY”"),
        ("ordering=phone", 400, "不能按“phone”排序"),
        ("ordering=password", 400, "不能按“password”排序"),
        ("page=x", 400, "“x”不是整数"),
        ("page=0", 400, "应在 1 与 500 之间"),
        ("page_size=100000", 400, "应在 1 与 1000 之间"),
        ("format=exe", 400, "不支持导出为“exe”"),
    ],
)
def test_what_cannot_be_read_is_named(
    signed_in: Any, reader: Any, notes: Any, query: Any, status: Any, words: Any
) -> None:
    response = signed_in(reader).get(f"{URL}?{query}")
    assert response.status_code == status
    assert words in response.content.decode()


def test_only_the_rows_when_htmx_asks(signed_in: Any, clerk: Any, notes: Any) -> None:
    response = signed_in(clerk).get(URL, headers={"HX-Request": "true", "HX-Target": "register-rows"})
    text = response.content.decode().strip()
    assert text.startswith('<div id="register-rows"')
    assert "<html" not in text
    assert codes(response) == ["W-1", "W-2", "W-3"]


def test_phone_is_masked_and_cannot_be_searched(signed_in: Any, reader: Any, notes: Any) -> None:
    client = signed_in(reader)
    assert "138****5678" in client.get(URL).content.decode()
    assert "13812345678" not in client.get(URL + "?format=csv").getvalue().decode()
    assert codes(client.get(URL + "?search=13812345678")) == []


def test_purpose_opens_masked_fields_and_is_audited(signed_in: Any, county: Any, notes: Any) -> None:
    RoleRow.objects.create(code="ui.inspector", label="核查", permissions=["ui.note.view", "ui.note.unmask"])
    inspector = create_account("inspector", "钱核查", Account.Kind.STAFF, by=None)
    grant_role(inspector, "ui.inspector", county["root"], by=None, with_children=True)
    Purpose.objects.create(code="visit", label="回访", clause="个人信息保护法第十三条")
    client = signed_in(inspector)
    assert "13812345678" not in client.get(URL).content.decode()
    assert "13812345678" in client.get(URL + "?purpose=visit").content.decode()
    entry = AuditEntry.objects.get(action="ui.note.unmask")
    assert (entry.actor_name, entry.purpose) == ("钱核查", "visit")


def test_purpose_without_the_permission_is_refused(signed_in: Any, reader: Any, notes: Any) -> None:
    Purpose.objects.create(code="visit", label="回访", clause="个人信息保护法第十三条")
    assert signed_in(reader).get(URL + "?purpose=visit").status_code == 403


def test_one_query_per_list_whatever_its_length(signed_in: Any, reader: Any, notes: Any) -> None:
    client = signed_in(reader)
    client.get(URL)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(URL)
    Note._default_manager.bulk_create(
        Note(code=f"X-{n}", title=f"便笺{n}", organisation=notes["W-1"].organisation) for n in range(15)
    )
    with CaptureQueriesContext(connection) as many:
        client.get(URL)
    assert len(many) == len(few)


def test_counting_stops_at_the_cap(signed_in: Any, reader: Any, notes: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "COUNT_CAP", 3)
    text = signed_in(reader).get(URL + "?page_size=2").content.decode()
    assert "超过 3+ 条" in text


def test_large_tables_sort_only_along_an_index(
    signed_in: Any, reader: Any, notes: Any, monkeypatch: Any
) -> None:
    client = signed_in(reader)
    assert "ordering=level" in client.get(URL).content.decode()
    monkeypatch.setattr(size, "estimated_rows", lambda model: 5_000_000)
    text = client.get(URL).content.decode()
    assert "ordering=level" not in text
    assert "ordering=-code" in text
    assert client.get(URL + "?ordering=level").status_code == 400


def test_large_tables_search_indexed_texts_from_their_beginning(
    signed_in: Any, reader: Any, notes: Any, monkeypatch: Any
) -> None:
    client = signed_in(reader)
    assert codes(client.get(URL + "?search=-1")) == ["R-1", "W-1"]
    monkeypatch.setattr(listing, "estimated_rows", lambda model: 5_000_000)
    assert codes(client.get(URL + "?search=-1")) == []
    assert codes(client.get(URL + "?search=R-")) == ["R-1"]
    assert codes(client.get(URL + "?search=巡查")) == ["W-1"]
    assert "编号按开头匹配" in client.get(URL).content.decode()


def test_a_query_without_end_is_stopped_and_explained(
    signed_in: Any, reader: Any, notes: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(size, "estimated_rows", lambda model: 5_000_000)
    monkeypatch.setattr(size, "TIMEOUT_S", 1)
    slow = RawSQL("select pg_sleep(3)::text", ())
    monkeypatch.setattr(
        listing.Listing, "_scoped", lambda self: Note._default_manager.annotate(slept=slow).exclude(slept="x")
    )
    response = signed_in(reader).get(URL)
    assert response.status_code == 503
    assert "查询范围过大" in response.content.decode()


def test_empty_states_say_what_to_do(signed_in: Any, clerk: Any, reader: Any, notes: Any) -> None:
    text = signed_in(clerk).get(URL + "?search=nothing-like-this").content.decode()
    assert "没有符合条件的记录" in text
    assert 'href="/ui/notes/">清除筛选条件' in text
    Note._default_manager.all().delete()
    assert 'href="/ui/notes/new/">新建' in signed_in(clerk).get(URL).content.decode()
    assert "数据产生后会自动出现在这里" in signed_in(reader).get(URL).content.decode()


def test_map_view_reads_the_same_filters(signed_in: Any, reader: Any, notes: Any) -> None:
    text = signed_in(reader).get(URL + "?view=map&state=open").content.decode()
    assert 'data-source="?state=open&amp;format=map"' in text
    assert codes(signed_in(reader).get(URL + "?view=map")) == []


def test_map_features_are_bounded_and_no_export(
    signed_in: Any, reader: Any, notes: Any, monkeypatch: Any
) -> None:
    client = signed_in(reader)
    data = client.get(URL + "?format=map&state=open").json()
    assert [f["properties"]["title"] for f in data["features"]] == ["路面塌陷", "河堤巡查", "雨量站换电池"]
    assert not data["truncated"]
    monkeypatch.setattr(export, "MAP_LIMIT", 2)
    data = client.get(URL + "?format=map&state=open").json()
    assert (len(data["features"]), data["truncated"]) == (2, True)
    assert not AuditEntry.objects.filter(action="ui.note.export").exists()
