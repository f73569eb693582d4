"""Files of a list carry the same rows, masks and bounds."""

import csv
import io
import json
from typing import Any

import pytest
from openpyxl import load_workbook

from qipan.kernel.access.models import AuditEntry
from qipan.kernel.ui.register import export
from qipan.kernel.ui.tests.notes import Note

URL = "/ui/notes/"


def body(response: Any) -> Any:
    """The whole streamed file."""
    return b"".join(response.streaming_content)


def test_csv_reads_well_in_a_spreadsheet(signed_in: Any, clerk: Any, notes: Any) -> None:
    response = signed_in(clerk).get(URL + "?format=csv&state=open")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="note-')
    text = body(response).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text))) == [
        ["编号", "标题", "状态", "水位(m)", "联系电话", "单位", "单位类别"],
        ["W-1", "河堤巡查", "待办", "1.5", "138****5678", "县水利局", "政府部门"],
        ["W-3", "雨量站换电池", "待办", "", "", "县水利局", "政府部门"],
    ]


def test_formulas_are_disarmed(signed_in: Any, clerk: Any, notes: Any) -> None:
    Note._default_manager.filter(code="W-1").update(title='=HYPERLINK("http://x")')
    rows = list(csv.reader(io.StringIO(body(signed_in(clerk).get(URL + "?format=csv")).decode("utf-8-sig"))))
    assert rows[1][1] == '\'=HYPERLINK("http://x")'


def test_xlsx_keeps_numbers(signed_in: Any, clerk: Any, notes: Any) -> None:
    book = load_workbook(io.BytesIO(body(signed_in(clerk).get(URL + "?format=xlsx"))))
    sheet: Any = book.active
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["编号", "W-1", "W-2", "W-3"]
    assert [row[3] for row in rows[1:]] == [1.5, 2.5, None]


def test_json_gives_codes_and_keys(signed_in: Any, clerk: Any, notes: Any) -> None:
    rows = json.loads(body(signed_in(clerk).get(URL + "?format=json&state=done")))
    row = notes["W-2"]
    assert [(r["id"], r["code"], r["level"], r["organisation"]) for r in rows] == [
        (row.pk, "W-2", 2.5, row.organisation_id)
    ]


def test_geojson_holds_the_rows_with_a_place(signed_in: Any, clerk: Any, notes: Any) -> None:
    data = json.loads(body(signed_in(clerk).get(URL + "?format=geojson")))
    assert [
        (f["geometry"]["coordinates"], f["properties"]["code"], f["properties"]["colour"])
        for f in data["features"]
    ] == [
        ([115.4, 36.5], "W-1", "#c00"),
        ([115.6, 36.6], "W-3", "#06c"),
    ]
    assert data["features"][0]["properties"]["url"] == f"/ui/notes/{notes['W-1'].pk}/"


def test_export_is_audited_with_its_filter(signed_in: Any, clerk: Any, notes: Any) -> None:
    body(signed_in(clerk).get(URL + "?format=csv&state=open"))
    entry = AuditEntry.objects.get(action="ui.note.export")
    assert entry.changes == {"format": "csv", "rows": 2, "query": "state=open"}


@pytest.mark.parametrize(("kind", "limit"), [("csv", "ROW_LIMIT"), ("xlsx", "SHEET_LIMIT")])
def test_a_list_too_long_is_refused_not_cut(
    signed_in: Any, clerk: Any, notes: Any, monkeypatch: Any, kind: Any, limit: Any
) -> None:
    monkeypatch.setattr(export, limit, 2)
    response = signed_in(clerk).get(f"{URL}?format={kind}")
    assert response.status_code == 400
    assert "超过 2 条" in response.content.decode()
