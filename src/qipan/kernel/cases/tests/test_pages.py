"""Whole ways through the pages, with the test client, as clerk, worker and resident do them."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qipan.kernel.access.models import Account, AuditEntry, Purpose
from qipan.kernel.cases.actions import PhotoInput, act, open_case, report
from qipan.kernel.cases.layers import open_cases
from qipan.kernel.cases.models import Case, CasePhoto, Rating
from qipan.kernel.cases.tests.conftest import PLACE, Clock, County, picture
from qipan.kernel.cases.tests.test_flow import smoke, spot

Photo = Callable[..., PhotoInput]


def signed_in(account: Account) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(account, backend="qipan.kernel.access.backends.AccountBackend")
    return client


def upload(name: str = "a.jpg") -> SimpleUploadedFile:
    """A picture as the browser sends it."""
    return SimpleUploadedFile(name, picture(), "image/jpeg")


REPORT = {
    "type": "test.waste",
    "title": "路口垃圾成堆",
    "text": "三天没人清",
    "at_lon": str(PLACE[0]),
    "at_lat": str(PLACE[1]),
    "at_accuracy_m": "12",
    "at_device_at": "2026-03-02T00:59:00Z",
    "address": "冠宜春路与建设路口",
    "name": "王女士",
    "phone": "13800001234",
    "client_key": "abc",
}


def test_a_resident_reports_with_a_photo_and_follows_the_receipt(county: County) -> None:
    visitor = Client()
    assert "路口" not in visitor.get("/public/report/").content.decode()
    answer = visitor.post("/public/report/", {**REPORT, "photos": [upload(), upload("b.jpg")]})
    case = Case.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/public/cases/{case.receipt}/"
    assert (case.state, case.type.code, case.source) == ("reported", "test.waste", "web")
    assert (case.lon, case.lat, case.accuracy_m) == (*PLACE, 12.0)
    assert (case.reporter, case.reporter_name) == (None, "王女士")
    photos = CasePhoto.objects.filter(case=case)
    assert [photo.kind for photo in photos] == ["report", "report"]
    assert photos[0].lon == PLACE[0] and photos[0].flags == []
    page = visitor.get(answer["Location"]).content.decode()
    assert case.receipt in page and "待受理" in page and "13800001234" not in page
    # the same form sent again is the same report
    visitor.post("/public/report/", REPORT)
    assert Case.objects.count() == 1


def test_a_wrong_report_names_its_fields(county: County) -> None:
    answer = Client().post("/public/report/", {"type": "test.waste", "title": "垃圾", "phone": "x"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "联系电话" in page
    without_place = Client().post("/public/report/", {"type": "test.waste", "title": "垃圾"})
    assert "请在地图上标出位置或填写地址" in without_place.content.decode()
    swapped = {**REPORT, "at_lon": "36.48", "at_lat": "115.44"}
    assert "经纬度似乎写反了" in Client().post("/public/report/", swapped).content.decode()
    assert Case.objects.count() == 0


def test_a_flood_from_one_device_is_stopped(county: County) -> None:
    for number in range(20):
        Client().post("/public/report/", {**REPORT, "client_key": f"k{number}"})
    answer = Client().post("/public/report/", {**REPORT, "client_key": "one more"})
    assert "过于频繁" in answer.content.decode()
    assert Case.objects.count() == 20


def test_types_that_are_not_public_cannot_be_reported(county: County) -> None:
    Client().post("/public/report/", {**REPORT, "type": "test.smoke"})
    assert Case.objects.count() == 0


def test_looking_up_a_receipt(county: County) -> None:
    case = report("test.waste", "垃圾", "", by=county.resident, place=spot(county))
    typed = f"{case.receipt[:4].lower()} {case.receipt[4:]}"
    answer = Client().get("/public/cases/", {"receipt": typed})
    assert answer["Location"] == f"/public/cases/{case.receipt}/"
    assert "没有这个回执号" in Client().get("/public/cases/", {"receipt": "NOSUCH23"}).content.decode()
    assert Client().get("/public/cases/NOSUCH23/").status_code == 404


def test_desk_takes_a_report_all_the_way_through_pages(county: County, clock: Clock) -> None:
    Client().post("/public/report/", REPORT)
    case = Case.objects.get()
    case.desk = case.holder = county.office
    case.save()
    clerk, colleague = signed_in(county.clerk), signed_in(county.colleague)
    desk = clerk.get("/cases/desk/").content.decode()
    assert "路口垃圾成堆" in desk
    page = clerk.get(f"/cases/{case.pk}/").content.decode()
    assert "13800001234" not in page and "138****1234" in page
    steps = f"/cases/{case.pk}/steps"

    def take(browser: Client, step: str, **data: object) -> Case:
        task = data.pop("task", None)
        address = f"{steps}/{step}/" + (f"?task={task}" if task else "")
        answer = browser.post(address, data)
        assert answer.status_code == 302, answer.content.decode()
        case.refresh_from_db()
        return case

    assert take(clerk, "accept", type=case.type_id, severity=2).state == "to_verify"
    near = {"lon": PLACE[0], "lat": PLACE[1], "accuracy_m": 5}
    assert take(clerk, "verify", found="1", photos=upload(), **near).state == "to_file"
    refused = clerk.post(f"{steps}/file/", {"filing": ["0"]})
    assert refused.status_code == 422 and "影响市容" in refused.content.decode()
    assert take(clerk, "file", filing=["0", "1"]).state == "to_dispatch"
    assert take(clerk, "dispatch", organisation=county.works.pk).state == "handling"
    task = case.assignments.get()
    workman = signed_in(county.workman)
    assert "路口垃圾成堆" in workman.get("/cases/mine/").content.decode()
    mine = f"/cases/mine/{task.pk}/"
    workman.post(mine, {"step": "sign"})
    workman.post(mine, {"step": "start"})
    lacking = workman.post(mine, {"step": "feedback", "text": "已清运"})
    assert lacking.status_code == 422 and "需要上传处置后照片" in lacking.content.decode()
    data = {"step": "feedback", "text": "已清运", "photos": upload(), "cost": "120.5", **near}
    assert workman.post(mine, data)["Location"] == "/cases/mine/"
    task.refresh_from_db()
    assert (task.state, str(task.cost), task.done_by) == ("done", "120.50", county.workman)
    assert take(colleague, "check", text="现场干净").state == "to_close"
    assert take(colleague, "close", note="已清运并增设垃圾桶").state == "closed"
    _rated_called_and_reopened(case, clerk, county)


def _rated_called_and_reopened(case: Case, clerk: Client, county: County) -> None:
    visitor = Client()
    progress = visitor.get(f"/public/cases/{case.receipt}/").content.decode()
    assert "已清运并增设垃圾桶" in progress and "colleague" not in progress and "您对结果满意吗" in progress
    visitor.post(f"/public/cases/{case.receipt}/", {"step": "rate", "grade": "1", "text": "太慢"})
    rating = Rating.objects.get()
    assert (rating.grade, rating.is_bad) == (1, True)
    clerk.post(f"/cases/calls/{rating.pk}/", {"text": "已说明原因"})
    rating.refresh_from_db()
    assert rating.called_by == county.clerk
    visitor.post(f"/public/cases/{case.receipt}/", {"step": "reopen", "text": "又堆满了"})
    case.refresh_from_db()
    assert (case.state, case.reopened) == ("to_dispatch", 1)


def test_a_worker_sees_only_the_own_grid(county: County) -> None:
    own = smoke(county)
    other = open_case("test.smoke", "别处", "", by=county.program, place=PLACE, organisation=county.office)
    browser = signed_in(county.worker)
    assert browser.get(f"/cases/{own.pk}/").status_code == 200
    assert browser.get(f"/cases/{other.pk}/").status_code == 403
    board = browser.get("/cases/").content.decode()
    assert own.number in board and other.number not in board
    assert signed_in(county.stranger).get(f"/cases/{own.pk}/").status_code == 403
    assert Client().get(f"/cases/{own.pk}/").status_code == 302


def test_the_task_page_leads_from_signing_to_feedback(county: County) -> None:
    case = smoke(county)
    task = case.assignments.get()
    browser = signed_in(county.worker)
    for step, present in (("sign", "签收"), ("start", "开始处置")):
        page = browser.get(f"/cases/mine/{task.pk}/").content.decode()
        assert f'value="{step}"' in page and present in page
        browser.post(f"/cases/mine/{task.pk}/", {"step": step})
    page = browser.get(f"/cases/mine/{task.pk}/").content.decode()
    assert 'name="photos"' in page and 'name="lon"' in page
    assert signed_in(county.workman).get(f"/cases/mine/{task.pk}/").status_code == 403


def test_a_stale_form_is_told_what_happened(county: County, photo: Photo) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    act(case, "feedback", county.worker, text="已处理", photos=[photo()])
    case.refresh_from_db()
    seen = case.row_version
    act(case, "check", county.clerk)
    answer = signed_in(county.colleague).post(f"/cases/{case.pk}/steps/check/", {"version": seen})
    assert answer.status_code == 422
    assert "clerk刚刚核查通过" in answer.content.decode()


def test_revealing_a_reporter_takes_a_purpose_and_is_audited(county: County) -> None:
    Purpose.objects.create(code="contact", label="联系上报人", clause="个人信息保护法第13条")
    Client().post("/public/report/", REPORT)
    case = Case.objects.get()
    case.desk = case.holder = county.office
    case.save()
    browser = signed_in(county.clerk)
    page = browser.post(f"/cases/{case.pk}/reporter/", {"purpose": "contact"}).content.decode()
    assert "13800001234" in page and "王女士" in page
    entry = AuditEntry.objects.get(action="cases.case.unmask")
    assert (entry.actor_id, entry.purpose) == (county.clerk.pk, "contact")
    case.protected_reporter = True
    case.save()
    assert browser.post(f"/cases/{case.pk}/reporter/", {"purpose": "contact"}).status_code == 403


def test_reporters_withdraw_and_appeal(county: County) -> None:
    Client().post("/public/report/", REPORT)
    case = Case.objects.get()
    case.desk = case.holder = county.office
    case.save()
    address = f"/public/cases/{case.receipt}/"
    act(case, "refuse", county.chief, reason="not_ours", text="属邻县")
    page = Client().get(address).content.decode()
    assert "属邻县" in page and "申诉" in page
    Client().post(address, {"step": "appeal", "text": "就在本县"})
    case.refresh_from_db()
    assert (case.state, case.appealed) == ("reported", True)
    Client().post(address, {"step": "withdraw"})
    case.refresh_from_db()
    assert case.state == "withdrawn"


def test_register_and_map_layer_show_the_visible_cases(county: County) -> None:
    case = smoke(county)
    browser = signed_in(county.clerk)
    assert case.number in browser.get("/cases/cases/").content.decode()
    layer = open_cases(county.clerk)
    assert open_cases(county.stranger)["features"] == []
    assert [feature["properties"]["title"] for feature in layer["features"]] == ["PM2.5高值"]


@pytest.mark.parametrize("address", ["/cases/", "/cases/desk/", "/cases/mine/"])
def test_staff_pages_are_closed_to_visitors(county: County, address: str) -> None:
    assert Client().get(address).status_code == 302
    assert signed_in(county.stranger).get(address).status_code == 403
