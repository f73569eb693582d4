"""The tables of states and steps hold what they promise."""

import pytest

from qipan.kernel.cases.declarations import CaseType, TimeLimit
from qipan.kernel.cases.states import (
    BEFORE_FILING,
    INNER_STEPS,
    OPEN,
    PROFILES,
    STEPS,
    FlowProfile,
    Party,
    State,
    Task,
)
from qipan.kernel.cases.wording import STEP_NAMES, ClockChoice, StateChoice, TaskChoice, UnitChoice


def test_wording_names_exactly_what_the_tables_know() -> None:
    assert set(StateChoice.values) == {str(state) for state in State}
    assert set(TaskChoice.values) == {str(task) for task in Task}
    assert set(STEP_NAMES) == {*STEPS, "report"}
    assert set(UnitChoice.values) == {"urgent_hour", "work_hour", "work_day", "calendar_day"}
    assert len(ClockChoice.values) == 9


def test_every_open_state_but_handling_can_be_left_by_a_person() -> None:
    for state in OPEN - {State.HANDLING}:
        ways = [s for s in STEPS.values() if state in s.sources and s.targets - {state, State.VOIDED}]
        assert ways, state


def test_ended_states_are_left_only_by_appeal_reopening_and_unmerging() -> None:
    leaving = {
        (step.code, source) for step in STEPS.values() for source in step.sources - OPEN if step.targets
    }
    assert leaving == {
        ("appeal", State.REFUSED),
        ("reopen", State.CLOSED),
        ("unmerge", State.MERGED),
    }


def test_reporters_withdraw_only_before_filing() -> None:
    assert STEPS["withdraw"].sources == BEFORE_FILING
    assert not STEPS["withdraw"].leads(State.HANDLING, State.WITHDRAWN)


def test_nothing_is_checked_by_the_handler() -> None:
    for profile in PROFILES.values():
        assert State.TO_CLOSE not in profile.skip
        assert profile.closer in (Party.DESK, Party.REPORTER)


def test_inner_steps_exist() -> None:
    assert set(STEPS) >= INNER_STEPS


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        ("urban7", "reported to_verify to_file to_dispatch handling to_check to_close closed"),
        ("grid", "reported to_dispatch handling to_check to_close closed"),
        ("dispatch", "reported to_dispatch handling to_close closed"),
        ("hazard", "reported to_dispatch handling to_check to_close closed"),
        ("repair", "reported to_dispatch handling to_close closed"),
        ("consult", "reported to_dispatch handling to_close closed"),
    ],
)
def test_the_line_of_each_profile(flow: str, line: str) -> None:
    profile, state, passed = PROFILES[flow], State.REPORTED, [State.REPORTED]
    while state != State.CLOSED:
        state = profile.after(state)
        passed.append(state)
    assert " ".join(passed) == line


def test_verification_is_left_out_unless_asked_for() -> None:
    assert PROFILES["urban7"].after(State.REPORTED, verify=False) == State.TO_FILE


def test_profiles_that_skip_handling_or_closing_are_refused() -> None:
    with pytest.raises(ValueError, match="handling"):
        FlowProfile("x", "x", frozenset({State.HANDLING}))
    with pytest.raises(ValueError, match="to_close"):
        FlowProfile("x", "x", frozenset({State.TO_CLOSE}))
    with pytest.raises(ValueError, match="to_check"):
        FlowProfile("x", "x", auto=frozenset({State.TO_CHECK}))


def test_declarations_refuse_what_the_kernel_does_not_know() -> None:
    limit = TimeLimit("handle", 4, "work_hour")
    with pytest.raises(ValueError, match="clock: lunch"):
        TimeLimit("lunch", 1, "work_hour")
    with pytest.raises(ValueError, match="fortnight"):
        TimeLimit("handle", 1, "fortnight")
    with pytest.raises(ValueError, match="not positive"):
        TimeLimit("handle", 0, "work_hour")
    with pytest.raises(ValueError, match="flow: zigzag"):
        CaseType("a.b", "甲", "event", "zigzag", (limit,))
    with pytest.raises(ValueError, match="two for one clock"):
        CaseType("a.b", "甲", "event", "grid", (limit, limit))
    with pytest.raises(ValueError, match="evidence: smell"):
        CaseType("a.b", "甲", "event", "grid", (limit,), evidence=("smell",))
