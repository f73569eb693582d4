"""The search box over all registers."""

import re
from typing import Any

URL = "/search/?q="


def found(response: Any) -> Any:
    """Codes of the rows shown."""
    return re.findall(r'<th scope="row"><a href="[^"]+">([A-Z]-\d+)</a>', response.content.decode())


def test_only_rows_in_reach_are_found(signed_in: Any, clerk: Any, reader: Any, notes: Any) -> None:
    assert found(signed_in(clerk).get(URL + "-1")) == ["W-1"]
    assert found(signed_in(reader).get(URL + "-1")) == ["R-1", "W-1"]


def test_masked_fields_are_not_searched(signed_in: Any, reader: Any, notes: Any) -> None:
    assert found(signed_in(reader).get(URL + "13812345678")) == []


def test_more_rows_lead_to_the_list(signed_in: Any, reader: Any, notes: Any) -> None:
    model = type(notes["W-1"])
    model.objects.bulk_create(model(code=f"X-{n}", title="巡查") for n in range(9))
    text = signed_in(reader).get(URL + "巡查").content.decode()
    assert len(found(signed_in(reader).get(URL + "巡查"))) == 5
    assert 'href="/ui/notes/?search=%E5%B7%A1%E6%9F%A5"' in text


def test_one_letter_is_too_short(signed_in: Any, reader: Any, notes: Any) -> None:
    assert "请输入至少两个字" in signed_in(reader).get(URL + "W").content.decode()


def test_visitors_sign_in_first(client: Any, notes: Any) -> None:
    assert client.get(URL + "W-1")["Location"] == "/sign-in/?next=%2Fsearch%2F%3Fq%3DW-1"
