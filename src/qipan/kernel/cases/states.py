"""The states of a case and its assignments, the steps between them and who takes them (no Django).

After GB/T 30428: 信息收集 案卷建立 任务派遣 任务处理 处理反馈 核实结案 综合评价. A case waits for exactly
one party in each open state. The tables here alone say which step leads from where to where.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Where a case stands."""

    REPORTED = "reported"
    TO_VERIFY = "to_verify"
    TO_FILE = "to_file"
    TO_DISPATCH = "to_dispatch"
    HANDLING = "handling"
    TO_CHECK = "to_check"
    TO_CLOSE = "to_close"
    CLOSED = "closed"
    REFUSED = "refused"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"
    VOIDED = "voided"


class Task(StrEnum):
    """Where an assignment stands."""

    SENT = "sent"
    SIGNED = "signed"
    WORKING = "working"
    DONE = "done"
    RETURNED = "returned"
    SUSPENDED = "suspended"
    REWORK = "rework"
    CANCELLED = "cancelled"


class Party(StrEnum):
    """Who takes a step."""

    ANYONE = "anyone"
    REPORTER = "reporter"
    DESK = "desk"
    INSPECTOR = "inspector"
    LEAD = "lead"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    APPROVER = "approver"
    CHECKER = "checker"
    SUPERVISOR = "supervisor"


MAIN_LINE = (
    State.REPORTED,
    State.TO_VERIFY,
    State.TO_FILE,
    State.TO_DISPATCH,
    State.HANDLING,
    State.TO_CHECK,
    State.TO_CLOSE,
    State.CLOSED,
)
OPEN = frozenset(MAIN_LINE[:-1])
ENDED = frozenset(State) - OPEN
BEFORE_FILING = frozenset({State.REPORTED, State.TO_VERIFY, State.TO_FILE})
BEFORE_HANDLING = BEFORE_FILING | {State.TO_DISPATCH}

# The clock that runs while a case waits in a state; handling has one per assignment instead.
STATE_CLOCK = {
    State.REPORTED: "accept",
    State.TO_VERIFY: "verify",
    State.TO_FILE: "file",
    State.TO_DISPATCH: "dispatch",
    State.TO_CHECK: "check",
    State.TO_CLOSE: "close",
}
CLOCKS = (*STATE_CLOCK.values(), "sign", "handle", "total")

ACTIVE_TASKS = frozenset({Task.SENT, Task.SIGNED, Task.WORKING, Task.REWORK})
COUNTED_ROLES = frozenset({"lead", "joint"})


@dataclass(frozen=True)
class Step:
    """One way a case or one of its assignments may move.

    ``targets`` empty: the case stays where it is. ``tasks`` and ``task_to``: the states from which an
    assignment moves and to which (None: it stays). ``party``: whose permission it takes.
    """

    code: str
    sources: frozenset[State]
    targets: frozenset[State]
    party: Party
    tasks: frozenset[Task] = frozenset()
    task_to: Task | None = None
    needs: tuple[str, ...] = ()

    @property
    def on_task(self) -> bool:
        """Whether the step moves one assignment."""
        return bool(self.tasks)

    def leads(self, source: State, target: State) -> bool:
        """Whether the table allows going from one state to another by this step."""
        return source in self.sources and (target in self.targets or (not self.targets and source == target))


def _case(code: str, sources: frozenset[State], targets: frozenset[State], party: Party, *needs: str) -> Step:
    return Step(code, sources, targets, party, needs=needs)


def _task(code: str, tasks: set[Task], task_to: Task | None, party: Party, *needs: str) -> Step:
    return Step(code, frozenset({State.HANDLING}), frozenset(), party, frozenset(tasks), task_to, needs)


_ANYWHERE = frozenset[State]()
_AFTER_ACCEPT = frozenset({State.TO_VERIFY, State.TO_FILE, State.TO_DISPATCH, State.HANDLING})
_AFTER_WORK = frozenset({State.TO_CHECK, State.TO_CLOSE})


def _only(*states: State) -> frozenset[State]:
    return frozenset(states)


STEPS: dict[str, Step] = {
    step.code: step
    for step in (
        _case("accept", _only(State.REPORTED), _AFTER_ACCEPT, Party.DESK),
        _case("refuse", BEFORE_FILING, _only(State.REFUSED), Party.DESK, "reason", "text"),
        _case("appeal", _only(State.REFUSED), _only(State.REPORTED), Party.REPORTER, "text"),
        _case(
            "verify",
            _only(State.TO_VERIFY),
            _only(State.TO_FILE, State.TO_DISPATCH, State.REFUSED),
            Party.INSPECTOR,
            "found",
        ),
        _case("file", _only(State.TO_FILE), _only(State.TO_DISPATCH), Party.LEAD),
        _case("dispatch", _only(State.TO_DISPATCH), _only(State.HANDLING), Party.DISPATCHER),
        _case("finish", _only(State.HANDLING), _AFTER_WORK, Party.HANDLER),
        _case("check", _only(State.TO_CHECK), _only(State.TO_CLOSE), Party.CHECKER),
        _case("rework", _only(State.TO_CHECK), _only(State.HANDLING), Party.CHECKER, "reason", "text"),
        _case("close", _only(State.TO_CLOSE), _only(State.CLOSED), Party.DESK),
        _case("reopen", _only(State.CLOSED), _only(State.TO_DISPATCH), Party.SUPERVISOR, "text"),
        _case("self_handle", _only(State.REPORTED), _only(State.TO_CLOSE), Party.INSPECTOR, "text"),
        _case("transfer", BEFORE_HANDLING, _ANYWHERE, Party.DESK, "organisation", "reason"),
        _case("withdraw", BEFORE_FILING, _only(State.WITHDRAWN), Party.REPORTER),
        _case("ask_void", OPEN, _ANYWHERE, Party.DESK, "reason"),
        _case("void", OPEN, _only(State.VOIDED), Party.SUPERVISOR, "reason"),
        _case("note", frozenset(State), _ANYWHERE, Party.DESK, "text"),
        _case("urge", OPEN, _ANYWHERE, Party.SUPERVISOR, "text"),
        _case("merge", OPEN, _only(State.MERGED), Party.DESK, "master"),
        _case("unmerge", _only(State.MERGED), OPEN, Party.DESK, "reason"),
        _task("send", {Task.CANCELLED}, Task.SENT, Party.DISPATCHER),
        _task("sign", {Task.SENT}, Task.SIGNED, Party.HANDLER),
        _task("return", {Task.SENT}, Task.RETURNED, Party.HANDLER, "reason"),
        _task("redirect", {Task.RETURNED}, Task.CANCELLED, Party.DISPATCHER),
        _task("insist", {Task.RETURNED}, Task.SIGNED, Party.DISPATCHER, "text"),
        _task("start", {Task.SIGNED, Task.REWORK}, Task.WORKING, Party.HANDLER),
        _task("arrive", {Task.WORKING}, None, Party.HANDLER),
        _task("feedback", {Task.WORKING}, Task.DONE, Party.HANDLER, "text"),
        _task("redo", {Task.DONE}, Task.REWORK, Party.CHECKER),
        _task("ask_suspension", {Task.SIGNED, Task.WORKING}, None, Party.HANDLER, "reason", "review_on"),
        _task("suspend", {Task.SIGNED, Task.WORKING}, Task.SUSPENDED, Party.APPROVER),
        _task("refuse_suspension", {Task.SIGNED, Task.WORKING}, None, Party.APPROVER, "text"),
        _task("resume", {Task.SUSPENDED}, Task.WORKING, Party.HANDLER),
        _task("ask_extension", {Task.SIGNED, Task.WORKING}, None, Party.HANDLER, "reason", "amount"),
        _task("extend", {Task.SIGNED, Task.WORKING}, None, Party.APPROVER),
        _task("refuse_extension", {Task.SIGNED, Task.WORKING}, None, Party.APPROVER, "text"),
        _task("cancel", set(Task) - {Task.DONE, Task.CANCELLED}, Task.CANCELLED, Party.DISPATCHER),
    )
}

# Written by the program as part of another step, never asked for by a person.
INNER_STEPS = frozenset({"finish", "send", "redo", "cancel"})


@dataclass(frozen=True)
class FlowProfile:
    """Which states of the main line a type of case passes.

    ``skip``: states never entered. ``auto``: states that the program leaves by itself when it can: a
    trusted report is accepted, a rule dispatches. ``closer``: who confirms the end. Handling is never
    skipped, and without a check the closer must not be the handler, so that nobody judges his own work.
    """

    code: str
    name: str
    skip: frozenset[State] = frozenset()
    auto: frozenset[State] = frozenset()
    closer: Party = Party.DESK
    names: dict[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        fixed = {State.REPORTED, State.TO_DISPATCH, State.HANDLING, State.TO_CLOSE, State.CLOSED}
        if wrong := (self.skip & fixed) | (self.skip - set(MAIN_LINE)):
            raise ValueError(f"skip: {self.code} cannot do without {', '.join(sorted(wrong))}")
        if wrong := self.auto - {State.REPORTED, State.TO_FILE, State.TO_DISPATCH}:
            raise ValueError(f"auto: {self.code} cannot pass {', '.join(sorted(wrong))} by itself")

    def after(self, state: State, *, verify: bool = True) -> State:
        """The next state of the main line; `verify` False leaves verification out as well."""
        rest = MAIN_LINE[MAIN_LINE.index(state) + 1 :]
        dropped = self.skip if verify else self.skip | {State.TO_VERIFY}
        return next(candidate for candidate in rest if candidate not in dropped)


_SHORT = frozenset({State.TO_VERIFY, State.TO_FILE})

PROFILES: dict[str, FlowProfile] = {
    profile.code: profile
    for profile in (
        FlowProfile("urban7", "城市管理七环节"),
        FlowProfile("grid", "网格事件", _SHORT, frozenset({State.REPORTED, State.TO_DISPATCH})),
        FlowProfile(
            "dispatch",
            "指挥调度",
            _SHORT | {State.TO_CHECK},
            frozenset({State.REPORTED, State.TO_DISPATCH}),
        ),
        FlowProfile(
            "hazard",
            "隐患排查治理",
            _SHORT,
            frozenset({State.REPORTED, State.TO_DISPATCH}),
            names={"feedback": "整改完成", "check": "验收", "close": "销号"},
        ),
        FlowProfile(
            "repair",
            "报修",
            _SHORT | {State.TO_CHECK},
            frozenset({State.REPORTED, State.TO_DISPATCH}),
            closer=Party.REPORTER,
            names={"close": "确认完成"},
        ),
        FlowProfile(
            "consult",
            "咨询答复",
            _SHORT | {State.TO_CHECK},
            frozenset({State.TO_DISPATCH}),
            names={"feedback": "答复", "close": "审核发出"},
        ),
    )
}
