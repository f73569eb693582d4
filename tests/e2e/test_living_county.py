"""From a station's frame to a closed case, as people see it in a real browser."""

import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from qipan.protocols.cap import parse
from tests.station import Link, frame

STATION = "AIR-001"
VALUES = {"a34004": 88.0, "a34002": 140.0, "a21026": 11.0, "a21004": 40.0, "a21005": 1.1, "a05024": 35.0}


@pytest.fixture(scope="session")
def device(county):
    """MN of the station; its own settings are those of the 2017 edition here."""
    key = county.rows(
        "select k.key from sensing_devicekey k join sensing_thing t on t.id = k.thing_id where t.code = %s",
        STATION,
    )[0]
    return str(key[0])


def test_a_frame_is_answered_and_moves_the_open_page(county, device, visit):
    page = visit("environment.clerk")
    page.goto(f"{county.url}/environment/air/{STATION}/")
    stream = county.rows(
        "select d.id from sensing_datastream d join sensing_thing t on t.id = d.thing_id"
        " where t.code = %s and d.code = 'a34004'",
        STATION,
    )[0][0]
    figure = page.locator(f"[data-stream='{stream}']").first
    figure.wait_for()
    page.wait_for_timeout(1500)
    link = Link(county.device_port)
    at = datetime.now(UTC).replace(microsecond=0)
    link.send(frame(device, "2011", {**VALUES, "a34004": 77.0}, at, qn="20260101000000001"))
    assert link.wait_answers({"20260101000000001"}) == {"20260101000000001"}
    page.wait_for_function(
        "id => document.querySelector(`[data-stream='${id}']`).textContent.trim().startsWith('77')",
        arg=stream,
        timeout=10_000,
    )
    link.send(frame(device, "2011", VALUES, at, qn="20260101000000001"))
    link.close()
    stored = county.rows(
        "select count(*) from sensing_observation where datastream_id = %s and ts = %s", stream, at
    )
    assert stored == [(1,)]


def test_a_damaged_frame_is_kept_with_its_reason(county, device):
    link = Link(county.device_port)
    good = frame(device, "2011", VALUES, datetime.now(UTC), qn="20260101000000777")
    link.send(good[:-6] + b"0000\r\n")
    county.wait_for(
        "select 1 from sensing_framelog where raw like %s and reason <> ''",
        b"%20260101000000777%",
        seconds=30,
    )
    link.close()


def test_hours_become_an_index_that_explains_itself(county, device, visit):
    link = Link(county.device_port)
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    wanted = set()
    for back in range(4, -1, -1):
        qn = f"2026010100000{back:04d}"
        wanted.add(qn)
        heavy = {**VALUES, "a34004": 170.0 + back, "a34002": 210.0}
        link.send(frame(device, "2061", heavy, end - timedelta(hours=back), qn=qn, field="Avg"))
    assert link.wait_answers(wanted) == wanted
    link.close()
    county.wait_for(
        "select 1 from environment_airhour h join environment_site s on s.id = h.site_id"
        " where s.code = %s and h.hour = %s and h.pm25 = 170",
        STATION,
        end,
    )
    page = visit("environment.clerk")
    page.goto(f"{county.url}/environment/air/{STATION}/explain/")
    text = page.inner_text("main")
    # HJ 633-2026: PM2.5 150-250 is 200-300: 170 → 220
    assert "220" in text
    assert "HJ 633-2026" in text


def test_the_rule_drafts_a_person_signs_and_everybody_can_read_it(county, visit):
    alert = county.wait_for(
        "select id from alerts_alert where event = 'heavy_pollution' and rule like 'environment.heavy_air%%'"
    )[0][0]
    clerk = visit("environment.clerk")
    clerk.goto(f"{county.url}/alerts/{alert}/")
    clerk.click(f"form[action$='/alerts/{alert}/submit/'] button, form[action*='submit'] button")
    signer = visit("signer")
    signer.goto(f"{county.url}/alerts/{alert}/sign/")
    signer.fill("#password", "qipan-demo")
    signer.click("form:has(#password) button")
    county.wait_for("select 1 from alerts_signature where alert_id = %s", alert, seconds=20)
    needed = county.rows("select state from alerts_alert where id = %s", alert)[0][0]
    if needed == "proposed":  # a grave colour needs a second person
        second = visit("signer2")
        second.goto(f"{county.url}/alerts/{alert}/sign/")
        second.fill("#password", "qipan-demo")
        second.click("form:has(#password) button")
    county.wait_for(
        "select 1 from alerts_alert where id = %s and state in ('signed', 'active')", alert, seconds=20
    )
    signer.goto(f"{county.url}/alerts/{alert}/")
    signer.click("form[action*='publish'] button.btn-primary")
    county.wait_for("select 1 from alerts_alert where id = %s and state = 'active'", alert, seconds=60)
    identifier = county.rows("select identifier from alerts_alert where id = %s", alert)[0][0]
    with urllib.request.urlopen(f"{county.url}/alerts/cap/{identifier}.xml") as answer:
        message = parse(answer.read())
    assert message.alert.identifier == identifier
    resident = visit(width=390)
    resident.goto(f"{county.url}/public/alerts/")
    assert "重污染天气" in resident.inner_text("main")
    county.wait_for(
        "select 1 from messages_delivery d join messages_message m on m.id = d.message_id where key like %s",
        f"alerts.alert:{alert}%",
    )


def test_the_published_warning_opens_its_cases(county):
    county.wait_for(
        "select 1 from cases_case c join cases_casetyperow t on t.id = c.type_id"
        " where t.code = 'environment.response_inspection'"
    )


def picture(folder, name="smoke.jpg"):
    path = folder / name
    Image.new("RGB", (640, 480), (90, 90, 90)).save(path)
    return str(path)


def take(page, county, case, step, **fields):
    """One step of a case by its form; every condition is ticked."""
    page.goto(f"{county.url}/cases/{case}/steps/{step}/")
    for box in page.locator("main form input[type=checkbox]").all():
        box.check()
    for name, value in fields.items():
        page.fill(f"main form [name={name}]", value)
    page.click("main form button[type=submit]")
    page.wait_for_url(f"**/cases/{case}/")


def test_a_report_is_handled_by_one_checked_by_another_closed_and_rated(county, visit, tmp_path):
    lon, lat = county.rows("select label_lon, label_lat from maps_area where code = '371525001042'")[0]
    resident = visit(width=390)
    resident.goto(f"{county.url}/public/report/")
    resident.select_option("form[data-form] select[name=type]", label="露天焚烧秸秆垃圾")
    resident.fill("[name=title]", "村东头烧秸秆")
    resident.fill("[name=text]", "浓烟很大")
    resident.fill("[name=address]", "戴屯社区东侧田地")
    for name, value in (("at_lon", lon), ("at_lat", lat)):
        resident.evaluate(
            "([name, value]) => { document.querySelector(`[name=${name}]`).value = value; }",
            [name, str(value)],
        )
    resident.set_input_files("[name=photos]", picture(tmp_path))
    resident.click("form[data-form] button[type=submit]")
    resident.wait_for_url("**/public/cases/*/")
    receipt = resident.url.rstrip("/").rsplit("/", 1)[1]
    case = county.rows("select id from cases_case where receipt = %s", receipt)[0][0]
    desk = visit("admin")
    take(desk, county, case, "accept")
    county.wait_for("select 1 from cases_assignment where case_id = %s", case, seconds=30)
    task = county.rows("select id from cases_assignment where case_id = %s", case)[0][0]
    worker = visit("grid.371525001042", width=390)
    for step in ("sign", "start", "feedback"):
        worker.goto(f"{county.url}/cases/mine/{task}/")
        form = f"main form:has(input[name=step][value={step}])"
        if step == "feedback":
            worker.fill(f"{form} [name=text]", "明火已扑灭")
            worker.set_input_files(f"{form} [name=photos]", picture(tmp_path, "after.jpg"))
        worker.click(f"{form} button[type=submit]")
        worker.wait_for_load_state()
    county.wait_for("select 1 from cases_case where id = %s and state = 'to_check'", case, seconds=20)
    take(desk, county, case, "check")
    take(visit("environment.chief"), county, case, "close", note="已扑灭,请放心")
    resident.goto(f"{county.url}/public/cases/{receipt}/")
    assert "已扑灭" in resident.inner_text("main")
    resident.check("[name=grade][value='5']")
    resident.click("form:has([name=grade]) button[type=submit]")
    county.wait_for("select 1 from cases_rating where case_id = %s and grade = 5", case, seconds=20)


def test_a_number_opens_its_rows(county, visit):
    page = visit("admin")
    page.goto(f"{county.url}/indicators/environment.townships_with_air_station/")
    assert "%" in page.inner_text("main")
    page.goto(f"{county.url}/indicators/environment.townships_with_air_station/rows/")
    assert STATION in page.content() or "空气站" in page.inner_text("main")


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(
    "path", ["/", "/environment/", "/maps/", "/cases/", "/indicators/", "/alerts/desk/", "/sensing/"]
)
def test_pages_fit_and_stay_quiet(county, visit, path, width):
    page = visit("admin", width=width)
    page.goto(f"{county.url}{path}")
    page.wait_for_timeout(1500)
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0


def test_no_traceback_in_any_log(county):
    for path in sorted((county.home / "log").glob("*.log")):
        text = path.read_text(errors="replace")
        assert "Traceback" not in text, f"{path.name}: {text[text.index('Traceback') :][:1500]}"
