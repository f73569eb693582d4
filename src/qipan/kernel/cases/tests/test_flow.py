"""The grid flow from a device's alarm to the rating, step by step."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from qipan.kernel.access.models import ANONYMOUS, AuditEntry
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.cases.actions import PhotoInput, Spot, act, available_steps, explain, open_case, report
from qipan.kernel.cases.models import Case, CaseClock, CaseEvent
from qipan.kernel.cases.numbers import is_case_number
from qipan.kernel.cases.rating import call_back, rate
from qipan.kernel.cases.replay import replay
from qipan.kernel.cases.tests.conftest import MONDAY, PLACE, ZONE, Clock, County
from qipan.kernel.messages.models import Delivery

Photo = Callable[..., PhotoInput]


def at(text: str) -> datetime:
    """An instant of the county's wall clock."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def spot(county: County) -> Spot:
    """The place of the matter, its areas known."""
    return Spot(*PLACE, address="冠宜春路", division=county.village, grid=county.grid)


def smoke(county: County, **fields: object) -> Case:
    """A device's alarm."""
    given = {"by": county.program, "place": spot(county), "organisation": county.office, **fields}
    return open_case("test.smoke", "PM2.5高值", "微站185 µg/m³", **given)  # type: ignore[arg-type]


def steps_of(case: Case) -> list[str]:
    """The steps taken so far."""
    return list(case.events.values_list("step", flat=True))


def test_an_alarm_goes_to_the_worker_of_its_grid_at_once(county: County) -> None:
    case = smoke(county)
    task = case.assignments.get()
    assert case.state == "handling"
    assert (task.person, task.organisation, task.state) == (county.worker, county.township, "sent")
    assert task.rule == {"rule": "grid_worker", "why": "第一网格的网格员"}
    assert (case.desk, case.holder, case.handler) == (county.office, county.township, county.township)
    assert steps_of(case) == ["report", "accept", "dispatch", "send"]
    assert is_case_number(case.number) and case.number.startswith("371525-20260302-000001-")
    assert case.due_at == at("2026-03-05 17:30")
    assert case.next_due_at == at("2026-03-02 11:00")
    assert (
        Delivery.objects.filter(recipient=county.worker, message__subject__startswith="新任务").count() == 1
    )


def test_the_whole_way_to_a_closed_and_rated_case(county: County, clock: Clock, photo: Photo) -> None:
    case = smoke(county)
    clock.advance(minutes=20)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    clock.advance(minutes=30)
    act(case, "arrive", county.worker, place=Spot(*PLACE))
    clock.advance(minutes=40)
    act(case, "feedback", county.worker, text="已熄灭露天焚烧", photos=[photo()])
    case.refresh_from_db()
    assert (case.state, case.holder) == ("to_check", county.office)
    clock.advance(minutes=30)
    act(case, "check", county.clerk)
    closed = act(case, "close", county.clerk, closing=["0"], note="已处置完毕")
    assert (closed.state, closed.in_time, closed.public_text) == ("closed", True, "已处置完毕")
    assert steps_of(case)[4:] == ["sign", "start", "arrive", "feedback", "finish", "check", "close"]
    outcomes = dict(case.clocks.exclude(kind="total").values_list("kind", "outcome"))
    assert outcomes == {
        "accept": "in_time",
        "dispatch": "in_time",
        "sign": "in_time",
        "handle": "in_time",
        "check": "in_time",
        "close": "none",
    }
    handle = case.clocks.get(kind="handle")
    assert handle.consumed_s == 90 * 60
    rating = rate(case, 5, "很快", by=ANONYMOUS, receipt=case.receipt)
    assert rating.call_due_at is None
    with pytest.raises(Conflict, match="已经评价"):
        rate(case, 1, by=ANONYMOUS, receipt=case.receipt)


def test_every_act_leaves_one_audit_entry_and_gapless_events(
    county: County, clock: Clock, photo: Photo
) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    act(case, "feedback", county.worker, text="已处理", photos=[photo()])
    entries = AuditEntry.objects.filter(target_type="cases.case", target_key=str(case.pk))
    assert sorted(entries.values_list("action", flat=True)) == [
        "cases.case.add",
        "cases.case.feedback",
        "cases.case.sign",
        "cases.case.start",
    ]
    assert list(case.events.values_list("seq", flat=True)) == list(range(1, 9))
    with pytest.raises(Exception, match="append-only"):
        CaseEvent.objects.filter(case=case).update(step="close")


def test_after_photo_is_compulsory_and_doubts_are_flagged(county: County, photo: Photo) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    with pytest.raises(InvalidInput) as caught:
        act(case, "feedback", county.worker, text="已处理")
    assert caught.value.field == "photos"
    old = photo(taken_at=MONDAY - timedelta(minutes=31), lon=PLACE[0] + 0.002)
    act(case, "feedback", county.worker, text="已处理", photos=[old])
    kept = case.photos.get()
    assert {"old", "far"} <= set(kept.flags)
    assert kept.distance_m == pytest.approx(179, abs=5)


def test_nobody_checks_his_own_work_or_his_own_house(county: County, photo: Photo) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    act(case, "feedback", county.worker, text="已处理", photos=[photo()])
    with pytest.raises(Refused, match=r"cases\.case\.check"):
        act(case, "check", county.worker)
    county.clerk.organisation = county.township
    county.clerk.save()
    with pytest.raises(Refused, match="承办单位的人员"):
        act(case, "check", county.clerk)
    assert {choice.step for choice in available_steps(case, county.clerk)} == {"ask_void", "note", "merge"}


def test_rework_gives_what_was_left_and_keeps_the_first_due(
    county: County, clock: Clock, photo: Photo
) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    first_due = case.clocks.get(kind="handle").due_at
    clock.advance(hours=2)
    act(case, "feedback", county.worker, text="已处理", photos=[photo()])
    act(case, "rework", county.clerk, reason="partly_fixed", text="仍有烟")
    case.refresh_from_db()
    task = case.assignments.get()
    clocks = list(case.clocks.filter(kind="handle"))
    assert (case.state, case.reworked, task.state, task.rework_no) == ("handling", 1, "rework", 1)
    assert clocks[1].amount == pytest.approx(6.0)
    assert clocks[1].first_due_at == first_due
    act(case, "start", county.worker)
    act(case, "feedback", county.worker, text="已彻底熄灭", photos=[photo()])
    case.refresh_from_db()
    assert case.state == "to_check"


def test_returning_redirecting_and_insisting(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "return", county.worker, reason="not_responsible", organisation=county.works)
    with pytest.raises(Refused):
        act(case, "redirect", county.worker)
    clock.advance(hours=1)
    act(case, "redirect", county.clerk)
    case.refresh_from_db()
    first, second = case.assignments.all()
    assert (first.state, second.state, second.organisation) == ("cancelled", "sent", county.works)
    assert case.handler == case.holder == county.works
    assert second.clocks.get(kind="handle").started_at == at("2026-03-02 10:00")
    assert first.clocks.get(kind="handle").outcome == CaseClock.Outcome.WAIVED
    act(case, "return", county.workman, assignment=second, reason="cannot", text="没有设备")
    act(case, "insist", county.clerk, assignment=second, text="属你单位职责")
    second.refresh_from_db()
    assert second.state == "signed"
    assert second.clocks.get(kind="handle").stopped_at is None
    assert [slip.outcome for slip in second.returns.all()] == ["insist"]


def test_a_return_after_the_sign_limit_is_refused(county: County, clock: Clock) -> None:
    case = smoke(county)
    clock.advance(hours=2, seconds=5)
    with pytest.raises(Refused, match="超过签收时限"):
        act(case, "return", county.worker, reason="not_responsible")


def test_the_third_return_needs_a_supervisor_and_there_is_no_fourth(county: County) -> None:
    case = smoke(county)
    worker, places = county.worker, [county.works, county.township, county.works]
    for number, target in enumerate(places, start=1):
        task = case.assignments.exclude(state="cancelled").get()
        by = worker if task.organisation == county.township else county.workman
        act(case, "return", by, assignment=task, reason="not_responsible")
        if number == 3:
            with pytest.raises(Refused):
                act(case, "redirect", county.clerk, organisation=target)
        act(case, "redirect", county.chief if number == 3 else county.clerk, organisation=target)
    task = case.assignments.exclude(state="cancelled").get()
    with pytest.raises(Refused, match="三次"):
        act(case, "return", county.workman, assignment=task, reason="not_responsible")


def test_suspension_pauses_from_the_asking_moment(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    clock.advance(hours=1)
    act(case, "ask_suspension", county.worker, reason="weather", review_on="2026-03-06")
    assert case.clocks.get(kind="handle").due_at == at("2026-03-03 09:30")
    with pytest.raises(Refused):
        act(case, "suspend", county.worker)
    clock.advance(hours=4)
    suspended = act(case, "suspend", county.chief)
    assert suspended.suspended and suspended.next_due_at is None
    clock.set(at("2026-03-04 10:00"))
    resumed = act(case, "resume", county.worker)
    assert not resumed.suspended
    # one hour used before asking, seven left from Wednesday ten o'clock
    assert case.clocks.get(kind="handle").due_at == at("2026-03-05 09:30")
    # Monday and Tuesday cost nothing: the third working day after Monday moves by two
    assert case.clocks.get(kind="total").due_at == at("2026-03-09 17:30")
    assert "因“天气原因”" in case.events.get(step="suspend").public_note


def test_a_long_suspension_needs_a_supervisor_and_ninety_days_are_the_end(county: County) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    with pytest.raises(InvalidInput, match="90天"):
        act(case, "ask_suspension", county.worker, reason="funds", review_on="2026-07-01")
    act(case, "ask_suspension", county.worker, reason="funds", review_on="2026-05-01")
    with pytest.raises(Refused):
        act(case, "suspend", county.clerk)
    assert act(case, "suspend", county.chief).suspended


def test_an_extension_grows_task_and_matter_once(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    with pytest.raises(InvalidInput, match="不能超过原时限8"):
        act(case, "ask_extension", county.worker, reason="workload", amount=9)
    act(case, "ask_extension", county.worker, reason="workload", amount=7.5)
    act(case, "extend", county.chief)
    assert case.clocks.get(kind="handle").due_at == at("2026-03-04 09:30")
    assert case.clocks.get(kind="total").due_at == at("2026-03-06 17:30")
    with pytest.raises(Refused, match="次数已用完"):
        act(case, "ask_extension", county.worker, reason="workload", amount=1)


def test_a_request_after_due_comes_too_late(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    clock.advance(days=3)
    with pytest.raises(InvalidInput, match="已超过处置期限"):
        act(case, "ask_extension", county.worker, reason="workload", amount=1)


def test_work_finished_at_night_after_due_is_in_time(county: County, clock: Clock, photo: Photo) -> None:
    clock.set(at("2026-03-02 09:30"))
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    assert case.clocks.get(kind="handle").due_at == at("2026-03-03 10:00")
    clock.set(at("2026-03-02 22:00"))
    act(case, "feedback", county.worker, text="已处理", photos=[photo()])
    assert case.clocks.get(kind="handle").consumed_s == 6.5 * 3600
    late = smoke(county)
    act(late, "sign", county.worker)
    act(late, "start", county.worker)
    clock.set(at("2026-03-04 09:00:01"))
    act(late, "feedback", county.worker, text="已处理", photos=[photo()])
    assert late.clocks.get(kind="handle").outcome == "late"


def test_a_late_clerk_learns_what_the_first_one_did(county: County, photo: Photo) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    act(case, "feedback", county.worker, text="已处理", photos=[photo()])
    case.refresh_from_db()
    seen = case.row_version
    act(case, "check", county.clerk, expected_version=seen)
    with pytest.raises(Conflict, match="clerk刚刚核查通过"):
        act(case, "rework", county.colleague, reason="not_fixed", text="x", expected_version=seen)


def test_a_closing_condition_is_ticked_or_reasoned(county: County, photo: Photo) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "start", county.worker)
    act(case, "feedback", county.worker, text="已处理", photos=[photo()])
    act(case, "check", county.clerk)
    with pytest.raises(InvalidInput, match="数值已回落"):
        act(case, "close", county.clerk)
    act(case, "close", county.clerk, reason="站点停用")
    assert case.events.get(step="close").data["conditions"] == [
        {"text": "数值已回落", "met": False, "reason": "站点停用"}
    ]


def test_reopening_keeps_the_number_and_starts_new_limits(county: County, clock: Clock, photo: Photo) -> None:
    case = smoke(county)
    for step, by, data in (
        ("sign", county.worker, {}),
        ("start", county.worker, {}),
        ("feedback", county.worker, {"text": "已处理", "photos": [photo()]}),
        ("check", county.clerk, {}),
        ("close", county.clerk, {"closing": ["0"]}),
    ):
        act(case, step, by, **data)
    clock.advance(days=8)
    with pytest.raises(Refused, match="超过7天"):
        act(case, "reopen", ANONYMOUS, receipt=case.receipt, text="又冒烟了")
    with pytest.raises(Refused):
        act(case, "reopen", county.stranger, text="又冒烟了")
    again = act(case, "reopen", county.chief, text="又冒烟了")
    assert (again.state, again.reopened, again.closed_at, again.number) == (
        "to_dispatch",
        1,
        None,
        case.number,
    )
    assert again.due_at == at("2026-03-13 17:30")
    act(case, "dispatch", county.clerk)
    assert case.assignments.filter(role="lead").count() == 2
    picture = replay(case.events.all())
    assert (picture.state, picture.reopened) == ("handling", 1)


def test_a_bad_rating_asks_for_a_call_within_five_working_days(county: County, photo: Photo) -> None:
    case = smoke(county)
    for step, by, data in (
        ("sign", county.worker, {}),
        ("start", county.worker, {}),
        ("feedback", county.worker, {"text": "已处理", "photos": [photo()]}),
        ("check", county.clerk, {}),
        ("close", county.clerk, {"closing": ["0"]}),
    ):
        act(case, step, by, **data)
    with pytest.raises(Refused):
        rate(case, 1, by=ANONYMOUS, receipt="WRONG234")
    rating = rate(case, 2, "没人来", by=ANONYMOUS, receipt=case.receipt)
    assert rating.call_due_at == at("2026-03-09 17:30")
    call_back(rating, "已道歉,约定复查", by=county.clerk)
    with pytest.raises(Conflict):
        call_back(rating, "再次", by=county.clerk)


def test_explaining_names_type_rule_and_limits(county: County) -> None:
    lines = explain(smoke(county))
    assert lines[0] == "类型:高值报警(测试类型第1版),流程:网格事件"
    assert lines[1] == "任务派给worker:第一网格的网格员"
    assert "全程时限3工作日(试行办法第5条)" in lines


def test_programs_without_the_permission_open_nothing(county: County) -> None:
    with pytest.raises(Refused):
        smoke(county, by=county.stranger)
    with pytest.raises(InvalidInput, match="no published case type"):
        open_case("test.nothing", "x", "", by=county.program, place=PLACE)
    with pytest.raises(InvalidInput) as caught:
        open_case("test.smoke", "x", "", by=county.program)
    assert caught.value.field == "place"


def test_a_cause_leads_to_its_cases(county: County) -> None:
    case = smoke(county, cause=county.grid)
    assert list(case.cause_rows()) == [county.grid]
    assert list(Case.objects.caused_by(county.grid)) == [case]
    assert list(Case.objects.caused_by(county.village)) == []


def test_the_same_key_gives_the_same_case(county: County) -> None:
    first, second = smoke(county, client_key="k1"), smoke(county, client_key="k1")
    assert first == second
    assert Case.objects.count() == 1


def test_a_question_is_answered_and_confirmed_by_another(county: County) -> None:
    case = report("test.question", "如何办证", "想问流程", by=county.resident, organisation=county.office)
    assert case.state == "reported"
    act(case, "accept", county.clerk)
    task = case.assignments.get()
    assert task.organisation == county.office
    act(case, "sign", county.clerk)
    act(case, "start", county.clerk)
    act(case, "feedback", county.clerk, text="请带身份证到大厅")
    case.refresh_from_db()
    assert case.state == "to_close"
    with pytest.raises(Refused, match="处置人不能核查"):
        act(case, "close", county.clerk)
    assert act(case, "close", county.colleague).state == "closed"


def test_a_repair_is_confirmed_by_its_reporter(county: County, photo: Photo) -> None:
    case = report("test.repair", "路灯不亮", "", by=county.resident, place=spot(county))
    act(case, "accept", county.chief) if case.desk == county.office else None
    assert case.desk == county.government
