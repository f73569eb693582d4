"""What holds whatever people do: random walks of many actors over the table of steps."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from qipan.kernel.access.models import ANONYMOUS, Account, AuditEntry
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.cases.actions import Choice, PhotoInput, act, available_steps, report
from qipan.kernel.cases.models import Case
from qipan.kernel.cases.replay import replay
from qipan.kernel.cases.states import ENDED, OPEN, STEPS, State, Task
from qipan.kernel.cases.tests.conftest import MONDAY, PLACE, Clock, County
from qipan.kernel.cases.tests.test_flow import smoke, spot

Photo = Callable[..., PhotoInput]


def data_for(step: str, county: County, photo: Photo, number: int) -> dict[str, Any]:
    """Something that each step accepts most of the time."""
    reasons = {
        "return": "cannot",
        "rework": "not_fixed",
        "ask_suspension": "weather",
        "ask_extension": "workload",
    }
    data: dict[str, Any] = {"text": f"第{number}步", "reason": reasons.get(step, "not_found")}
    if step in ("dispatch", "redirect", "transfer"):
        data["organisation"] = (county.works, county.township, county.office)[number % 3]
    if step == "dispatch" and number % 2:
        data["joint"] = [county.government]
    if step in ("verify", "feedback", "self_handle"):
        data["photos"] = [photo("after"), photo("before")]
    if step == "verify":
        data |= {"found": number % 4 != 0, "place": spot(county)}
    if step == "ask_suspension":
        data["review_on"] = (datetime.now().date() + timedelta(days=20)).isoformat()
    if step == "ask_extension":
        data["amount"] = 4
    if step in ("file", "close"):
        data |= {"filing": ["0"], "closing": []}
    return data


def check_invariants(case: Case, county: County) -> None:
    """Everything that k-cases.md §2 promises about a case at any moment."""
    case.refresh_from_db()
    events = list(case.events.all())
    tasks = {task.pk: task for task in case.assignments.all()}
    # every move is one of the table
    for each in events[1:]:
        assert STEPS[each.step].leads(State(each.from_state), State(each.to_state)), each
    # the row is what its events tell
    picture = replay(events)
    assert picture.state == case.state
    assert (picture.desk, picture.handler, picture.holder) == (case.desk_id, case.handler_id, case.holder_id)
    assert (picture.reopened, picture.reworked, picture.returned) == (
        case.reopened,
        case.reworked,
        case.returned,
    )
    assert (picture.filed_at, picture.closed_at) == (case.filed_at, case.closed_at)
    assert (picture.appealed, picture.self_handled) == (case.appealed, case.self_handled)
    assert picture.suspended == case.suspended
    assert (picture.type_code, picture.severity) == (case.type.code, case.severity)
    assert set(picture.tasks) == set(tasks)
    for number, told in picture.tasks.items():
        task = tasks[number]
        assert (told.state, told.organisation, told.role) == (task.state, task.organisation_id, task.role)
        assert (told.rework_no, told.done_at) == (task.rework_no, task.done_at)
    check_clocks(case)
    counted = [task for task in tasks.values() if task.counts]
    if case.state == State.CLOSED:
        assert {task.state for task in counted} <= {Task.DONE, Task.CANCELLED}
    # one audit entry for the report and for each step that a person took
    audited = AuditEntry.objects.filter(target_type="cases.case", target_key=str(case.pk)).count()
    by_hand = [each for each in events if not each.automatic and each.step not in ("report", "send")]
    assert audited == 1 + len(by_hand)


def check_clocks(case: Case) -> None:
    """Clocks leave no gap while the case is open, none runs after the end, pauses do not overlap."""
    clocks = list(case.clocks.exclude(kind="total"))
    if State(case.state) in ENDED - {State.MERGED}:
        assert not case.clocks.running().exists()
        return
    running = [clock for clock in clocks if clock.stopped_at is None]
    open_tasks = case.assignments.counted().exclude(state__in=(Task.DONE, Task.CANCELLED))
    if case.state == State.HANDLING:
        assert {clock.assignment_id for clock in running if clock.kind == "handle"} == {
            task.pk for task in open_tasks
        }
    else:
        assert len([clock for clock in running if clock.assignment_id is None]) == 1
    assert case.clocks.running().filter(kind="total").count() == 1
    covered = covered_until(case, clocks)
    assert covered == max(each.at for each in case.events.all()) or covered is None


def covered_until(case: Case, clocks: list[Any]) -> datetime | None:
    """How far the clocks reach from the last (re)opening without a gap; None for to this moment."""
    starts = case.events.filter(step__in=("report", "reopen", "appeal")).order_by("-seq")
    position: datetime = starts[0].at
    for clock in sorted(clocks, key=lambda each: each.started_at):
        if clock.started_at <= position:
            if clock.stopped_at is None:
                return None
            position = max(position, clock.stopped_at)
    return position


SIDEWAYS = frozenset({"note", "urge", "ask_void", "void", "withdraw", "refuse", "self_handle", "transfer"})
LONGEST_WALK = 24


@pytest.mark.parametrize("kind", ["smoke", "waste"])
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_random_walks_keep_every_promise(
    county: County, clock: Clock, photo: Photo, kind: str, seed: int
) -> None:
    dice = random.Random(seed)
    clock.set(MONDAY)
    if kind == "smoke":
        case = smoke(county)
    else:
        fields = {"by": county.resident, "place": spot(county), "organisation": county.office}
        case = report("test.waste", "垃圾", "", **fields)  # type: ignore[arg-type]
    for number in range(LONGEST_WALK):
        clock.advance(minutes=dice.randrange(0, 200))
        case.refresh_from_db()
        options = _options(case, county, dice)
        if not options:
            break
        actor, option = dice.choice(options)
        data = data_for(option.step, county, photo, number)
        try:
            act(case, option.step, actor, assignment=option.assignment, **data)
        except (InvalidInput, Refused, Conflict):
            event(f"refused {option.step}")
            continue
        event(f"took {option.step}")
        check_invariants(case, county)


def _options(case: Case, county: County, dice: random.Random) -> list[tuple[Account, Choice]]:
    actors = (county.clerk, county.colleague, county.chief, county.worker, county.workman, county.resident)
    options = [
        (actor, option)
        for actor in actors
        for option in available_steps(case, actor)
        if option.step != "merge"
    ]
    # mostly go on: the steps that are always there would crowd out the others
    onward = [pair for pair in options if pair[1].step not in SIDEWAYS]
    return onward if onward and dice.random() < 0.9 else options


@given(step=st.sampled_from(sorted(STEPS)), state=st.sampled_from(sorted(State)))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_step_leaves_a_state_it_does_not_begin_in(county: County, step: str, state: State) -> None:
    case = smoke(county)
    if state == State.MERGED or state in STEPS[step].sources:
        return
    Case.objects.filter(pk=case.pk).update(state=state, closed_at=case.received_at)
    with pytest.raises((Conflict, InvalidInput)):
        act(case, step, county.chief, text="x", reason="cannot")
    case.refresh_from_db()
    assert case.state == state


def test_merging_and_unmerging_leave_no_trace_but_the_pause(county: County, clock: Clock) -> None:
    first, second = smoke(county), smoke(county)
    before = second.clocks.get(kind="handle").due_at
    clock.advance(hours=1)
    merged = act(second, "merge", county.clerk, master=first)
    assert (merged.state, merged.master, merged.next_due_at) == ("merged", first, None)
    clock.advance(hours=2)
    back = act(merged, "unmerge", county.clerk, reason="不是同一处")
    assert (back.state, back.master) == ("handling", None)
    handle = back.clocks.get(kind="handle")
    assert [pause.cause for pause in handle.pauses.all()] == ["merge"]
    assert handle.due_at is not None and before is not None and handle.due_at > before
    check_invariants(back, county)


def test_closing_the_master_closes_its_merged_reports(county: County, photo: Photo) -> None:
    first = smoke(county)
    second = report("test.waste", "垃圾", "", by=county.resident, place=PLACE, organisation=county.office)
    act(second, "merge", county.clerk, master=first)
    for step, by, data in (
        ("sign", county.worker, {}),
        ("start", county.worker, {}),
        ("feedback", county.worker, {"text": "已处理", "photos": [photo()]}),
        ("check", county.clerk, {}),
        ("close", county.clerk, {"closing": ["0"], "note": "已解决"}),
    ):
        act(first, step, by, **data)
    second.refresh_from_db()
    assert second.state == "merged" and second.closed_at is not None
    assert not second.clocks.running().exists()
    assert replay(second.events.all()).closed_at == second.closed_at


def test_voiding_takes_two(county: County) -> None:
    case = smoke(county)
    with pytest.raises(Refused, match="另一人先提出"):
        act(case, "void", county.chief, reason="mistake")
    act(case, "ask_void", county.chief, reason="mistake")
    with pytest.raises(Refused, match="另一人先提出"):
        act(case, "void", county.chief, reason="mistake")
    asked_by_clerk = smoke(county)
    act(asked_by_clerk, "ask_void", county.clerk, reason="mistake")
    assert act(asked_by_clerk, "void", county.chief, reason="mistake").state == "voided"
    assert {task.state for task in asked_by_clerk.assignments.all()} == {"cancelled"}
    check_invariants(asked_by_clerk, county)


def test_a_visitor_without_receipt_can_do_nothing(county: County) -> None:
    case = report("test.waste", "垃圾", "", by=ANONYMOUS, place=PLACE)
    assert available_steps(case, ANONYMOUS) == []
    assert [choice.step for choice in available_steps(case, ANONYMOUS, receipt=case.receipt)] == ["withdraw"]
    assert State(case.state) in OPEN
