"""One row: its page, its forms, the guard against two writers, its actions, its trail."""

import json
from typing import Any

import pytest

from qipan.kernel.access.models import AuditEntry
from qipan.kernel.ui.register import related
from qipan.kernel.ui.tests.notes import Note

LIST = "/ui/notes/"


def page_of(row: Any) -> Any:
    """Address of a note."""
    return f"{LIST}{row.pk}/"


def form_of(row: Any, **changes: Any) -> Any:
    """What the edit form sends."""
    fields = {"title": row.title, "state": row.state, "level": row.level, "organisation": "WATER"}
    return {"row_version": row.row_version, **fields, **changes}


def test_detail_shows_fields_panels_and_place(signed_in: Any, clerk: Any, notes: Any) -> None:
    text = signed_in(clerk).get(page_of(notes["W-1"])).content.decode()
    assert '<dt>水位</dt><dd>1.5 <span class="unit">m</span></dd>' in text
    assert "说明:河堤巡查" in text
    assert 'data-lon="115.4" data-lat="36.5"' in text
    assert text.count(f'href="{page_of(notes["W-2"])}"') == 1
    assert "138****5678" in text
    assert "13812345678" not in text


@pytest.mark.parametrize("tail", ["", "edit/", "actions/close/"])
def test_rows_of_other_offices_are_out_of_reach(signed_in: Any, clerk: Any, notes: Any, tail: Any) -> None:
    response = signed_in(clerk).get(page_of(notes["R-1"]) + tail)
    assert response.status_code == 403
    assert "只在县水利局及下级有效" in response.content.decode()


def test_unknown_row_is_not_found(signed_in: Any, clerk: Any, notes: Any) -> None:
    assert signed_in(clerk).get(LIST + "999999/").status_code == 404


def test_new_row_with_its_audit(signed_in: Any, clerk: Any, notes: Any) -> None:
    client = signed_in(clerk)
    response = client.post(LIST + "new/", {"code": "W-9", "title": "新的", "organisation": "县水利局"})
    row = Note._default_manager.get(code="W-9")
    assert (response.status_code, response["Location"]) == (302, page_of(row))
    assert "已新建“新的”" in client.get(page_of(row)).content.decode()
    assert "已新建" not in client.get(page_of(row)).content.decode()
    entry = AuditEntry.objects.get(action="ui.note.add")
    assert (entry.target_key, entry.changes["title"], entry.actor_id) == (str(row.pk), "新的", clerk.pk)


def test_new_row_for_another_office_is_refused(signed_in: Any, clerk: Any, notes: Any) -> None:
    response = signed_in(clerk).post(LIST + "new/", {"code": "R-9", "title": "越权", "organisation": "ROADS"})
    assert response.status_code == 403
    assert not Note._default_manager.filter(code="R-9").exists()


def test_readers_may_not_add_or_change(signed_in: Any, reader: Any, notes: Any) -> None:
    client = signed_in(reader)
    assert client.get(LIST + "new/").status_code == 403
    assert client.get(page_of(notes["W-1"]) + "edit/").status_code == 403
    assert "修改" not in client.get(page_of(notes["W-1"])).content.decode()


def test_faulty_field_is_named(signed_in: Any, clerk: Any, notes: Any) -> None:
    response = signed_in(clerk).post(
        page_of(notes["W-1"]) + "edit/", form_of(notes["W-1"], level="高", title="")
    )
    text = response.content.decode()
    assert response.status_code == 422
    assert '<a href="#id_level">水位</a>:输入一个数字。' in text
    assert 'aria-describedby="id_title-error"' in text


def test_change_writes_version_and_audit(signed_in: Any, clerk: Any, notes: Any) -> None:
    row = notes["W-1"]
    response = signed_in(clerk).post(page_of(row) + "edit/", form_of(row, title="河堤复查", level="1.8"))
    assert response.status_code == 302
    row.refresh_from_db()
    assert (row.title, row.level, row.row_version) == ("河堤复查", 1.8, 2)
    entry = AuditEntry.objects.get(action="ui.note.change")
    assert entry.changes == {
        "title": ["河堤巡查", "河堤复查"],
        "level": [1.5, 1.8],
        "urgent": [True, False],
        "day": ["2026-07-01", None],
    }


def test_two_writers_are_told_and_nothing_is_lost(signed_in: Any, clerk: Any, notes: Any) -> None:
    row = notes["W-1"]
    client = signed_in(clerk)
    assert client.post(page_of(row) + "edit/", form_of(row, title="先改")).status_code == 302
    late = client.post(page_of(row) + "edit/", form_of(row, title="后改"))
    assert late.status_code == 409
    assert "刚被他人修改" in late.content.decode()
    row.refresh_from_db()
    assert (row.title, row.row_version) == ("先改", 2)


def test_moving_a_row_out_of_reach_is_refused(signed_in: Any, clerk: Any, notes: Any) -> None:
    row = notes["W-1"]
    response = signed_in(clerk).post(page_of(row) + "edit/", form_of(row, organisation="ROADS"))
    assert response.status_code == 403
    row.refresh_from_db()
    assert row.organisation.code == "WATER"


def test_action_asks_does_and_tells(signed_in: Any, clerk: Any, notes: Any) -> None:
    row = notes["W-1"]
    client = signed_in(clerk)
    url = page_of(row) + "actions/close/"
    assert 'name="remark"' in client.get(url).content.decode()
    short = client.post(url, {"remark": "好"})
    assert short.status_code == 422
    assert "说明太短" in short.content.decode()
    assert client.post(url, {"remark": "已经修好"})["Location"] == page_of(row)
    assert "李经办 办结 河堤巡查" in client.get(page_of(row)).content.decode()
    row.refresh_from_db()
    assert row.state == "done"


def test_action_that_makes_no_sense_now(signed_in: Any, clerk: Any, notes: Any) -> None:
    row = notes["W-2"]
    client = signed_in(clerk)
    assert "actions/close/" not in client.get(page_of(row)).content.decode()
    response = client.post(page_of(row) + "actions/close/", {"remark": "再次办结"})
    assert response.status_code == 409
    assert "目前不能“办结”" in response.content.decode()


def test_action_without_form_tells_its_conflict(signed_in: Any, clerk: Any, notes: Any) -> None:
    client = signed_in(clerk)
    response = client.post(page_of(notes["W-1"]) + "actions/jam/")
    assert response["Location"] == page_of(notes["W-1"])
    assert "已被他人办结" in client.get(page_of(notes["W-1"])).content.decode()


def test_trail_is_for_those_who_may_change(signed_in: Any, clerk: Any, reader: Any, notes: Any) -> None:
    row = notes["W-1"]
    signed_in(clerk).post(page_of(row) + "edit/", form_of(row, title="河堤复查"))
    assert "河堤巡查 → 河堤复查" in signed_in(clerk).get(page_of(row)).content.decode()
    assert "变更记录" not in signed_in(reader).get(page_of(row)).content.decode()


def test_long_lists_of_related_rows_become_a_text_with_suggestions(
    signed_in: Any, clerk: Any, notes: Any, monkeypatch: Any
) -> None:
    client = signed_in(clerk)
    monkeypatch.setattr(related, "SHORT_LIST", 1)
    text = client.get(page_of(notes["W-1"]) + "edit/").content.decode()
    assert 'name="organisation" value="WATER"' in text
    assert f'data-options="{LIST}options/organisation/"' in text
    answer = client.get(LIST + "options/organisation/?q=水利")
    assert json.loads(answer.content) == [{"value": "WATER", "label": "县水利局"}]
    assert client.get(LIST + "options/phone/?q=1").status_code == 404
