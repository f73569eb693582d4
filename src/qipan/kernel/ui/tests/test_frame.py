"""The frame: menu, permissions of pages, preferences, first page, errors."""

import re
from typing import Any

import pytest

from qipan.kernel.access.accounts import create_account
from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.ui.middleware import fault_of
from qipan.kernel.ui.register.masking import mask_address, mask_id_card, mask_name, mask_phone
from qipan.kernel.ui.site import site
from qipan.kernel.ui.templatetags.qipan_ui import span


@pytest.mark.parametrize(
    ("url", "entries"),
    [("/", ["/ui/board/"]), ("/ui/notes/", ["/ui/board/", "/ui/board/", "/ui/notes/"])],
)
def test_menu_holds_only_what_may_be_opened(
    signed_in: Any, clerk: Any, county: Any, url: Any, entries: Any
) -> None:
    text = signed_in(clerk).get(url).content.decode()
    menu = text[text.index('id="menu"') : text.index("</nav>")]
    assert re.findall(r'href="(/ui/[^"]*)"', menu) == entries
    assert "社会治理" in menu


def test_residents_get_the_public_face(signed_in: Any, county: Any) -> None:
    resident = create_account("resident", "赵村民", Account.Kind.RESIDENT, by=None)
    text = signed_in(resident).get("/").content.decode()
    assert "/ui/board/" not in text
    assert 'href="/public/notes/"' in text
    assert "赵村民" in text


def test_first_page_draws_what_panels_say(signed_in: Any, clerk: Any, county: Any) -> None:
    text = signed_in(clerk).get("/").content.decode()
    assert '<span class="figure-label">待办便笺</span><span class="figure-value">3</span>' in text


def test_wall_screen_shows_the_same_figures(signed_in: Any, clerk: Any, county: Any, client: Any) -> None:
    assert client.get("/screen/")["Location"] == "/sign-in/?next=/screen/"
    text = signed_in(clerk).get("/screen/").content.decode()
    assert '<span class="figure-label">待办便笺</span><span class="figure-value">3</span>' in text
    assert 'class="wall" data-bs-theme="dark"' in text
    assert 'id="menu"' not in text


def test_visitors_get_the_public_face(client: Any, county: Any) -> None:
    text = client.get("/").content.decode()
    assert "待办便笺" not in text
    assert 'href="/public/notes/"' in text
    assert client.get("/public/notes/").content == b"open to all"


def test_pages_stand_behind_their_permission(client: Any, signed_in: Any, clerk: Any, county: Any) -> None:
    assert client.get("/ui/board/")["Location"] == "/sign-in/?next=/ui/board/"
    assert client.get("/ui/mine/")["Location"] == "/sign-in/?next=/ui/mine/"
    assert signed_in(clerk).get("/ui/mine/").content.decode() == "李经办"


def test_a_lost_session_leaves_the_page_instead_of_filling_a_part_of_it(client: Any, county: Any) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/ui/notes/?state=open"}
    response = client.get("/ui/notes/?state=open", headers=headers)
    assert response.status_code == 200
    assert response["HX-Redirect"] == "/sign-in/?next=/ui/notes/%3Fstate%3Dopen"


def test_language_is_kept_in_cookie_and_account(signed_in: Any, clerk: Any, county: Any) -> None:
    client = signed_in(clerk)
    response = client.post("/preferences/", {"language": "en", "next": "/ui/notes/"})
    assert (response["Location"], response.cookies["django_language"].value) == ("/ui/notes/", "en")
    clerk.refresh_from_db()
    assert clerk.locale == "en"
    assert '<html lang="en"' in client.get("/ui/notes/").content.decode()


def test_preferences_never_lead_elsewhere(client: Any, county: Any) -> None:
    assert client.post("/preferences/", {"theme": "dark", "next": "https://example.com/"})["Location"] == "/"
    assert 'data-bs-theme="dark"' in client.get("/").content.decode()
    assert client.post("/preferences/", {"theme": "pink"}).status_code == 400


@pytest.mark.parametrize("url", ["/", "/ui/notes/", "/ui/notes/new/", "/nowhere/"])
def test_pages_carry_no_inline_script_or_style(signed_in: Any, clerk: Any, notes: Any, url: Any) -> None:
    response = signed_in(clerk).get(url)
    text = response.content.decode()
    scripts = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>", text)
    assert scripts == []
    assert not re.search(r"\s(style|on\w+)=", text)
    assert not re.search(r'(?:src|href)="https?://', text)
    assert "script-src 'self'" in response["Content-Security-Policy"]


def test_not_found_is_told_in_the_frame(signed_in: Any, clerk: Any, county: Any) -> None:
    response = signed_in(clerk).get("/nowhere/")
    assert response.status_code == 404
    assert "没有找到" in response.content.decode()
    assert 'id="menu"' in response.content.decode()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidInput("level", "太高"), 400, "invalid"),
        (Refused(("没有角色", "不在辖区")), 403, "refused"),
        (Conflict("已变化"), 409, "conflict"),
    ],
)
def test_faults(error: Any, status: Any, code: Any) -> None:
    fault: Any = fault_of(error)
    assert (fault.status, fault.code) == (status, code)


def test_defects_are_not_dressed_up() -> None:
    assert fault_of(KeyError("x")) is None


def test_programs_read_faults_as_json(client: Any, county: Any) -> None:
    response = client.get("/ui/notes/", headers={"Accept": "application/json"})
    assert response.status_code == 403
    assert response.json() == {"code": "refused", "message": "请先登录", "field": ""}


def test_rows_find_their_page(notes: Any) -> None:
    assert site.url_for(notes["W-1"]) == f"/ui/notes/{notes['W-1'].pk}/"
    assert site.url_for(notes["W-1"].organisation) == ""


@pytest.mark.parametrize(
    ("mask", "text", "shown"),
    [
        (mask_name, "张三丰", "张**"),
        (mask_phone, "13812345678", "138****5678"),
        (mask_phone, "12345", "*****"),
        (mask_id_card, "371525199001011234", "371525********1234"),
        (mask_address, "冠县清泉街道红旗路12号", "冠县清泉街***"),
    ],
)
def test_masks(mask: Any, text: Any, shown: Any) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5秒"), (60, "1分钟"), (3_900, "1小时5分钟"), (90_000, "1天1小时"), (864_000, "10天")],
)
def test_spans_of_time(seconds: Any, text: Any) -> None:
    assert span(seconds) == text
