"""One turn of one actor on a locked case: every move is checked against the table and leaves an event."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.base import events
from qipan.kernel.base.errors import Conflict, Refused
from qipan.kernel.cases import timing
from qipan.kernel.cases.events import CaseStepped
from qipan.kernel.cases.models import Assignment, Case, CaseEvent
from qipan.kernel.cases.states import ENDED, STEPS, State, Task
from qipan.kernel.cases.wording import STEP_NAMES

TASK_TIMES = {
    Task.SENT: "sent_at",
    Task.SIGNED: "signed_at",
    Task.WORKING: "started_at",
    Task.DONE: "done_at",
}


@dataclass
class Turn:
    """What one actor does to one case at one instant.

    ``data`` is what the actor handed in; ``receipt`` proves a reporter without an account.
    """

    case: Case
    by: Actor
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
    assignment: Assignment | None = None
    receipt: str = ""
    written: list[CaseEvent] = field(default_factory=list)

    @property
    def account(self) -> Account | None:
        """The account behind the actor, None for a visitor."""
        return self.by if isinstance(self.by, Account) else None

    @property
    def person(self) -> Account:
        """The account behind the actor; Refused for a visitor."""
        if self.account is None:
            raise Refused((_("请先登录"),))
        return self.account

    @property
    def task(self) -> Assignment:
        """The assignment that the step moves."""
        if self.assignment is None:
            raise Conflict(_("这一步需要指明任务"))
        return self.assignment

    def move(
        self,
        step: str,
        to: str,
        *,
        note: str = "",
        data: dict[str, Any] | None = None,
        automatic: bool = False,
    ) -> CaseEvent:
        """Move the case (or keep it) by a step; RuntimeError when the table or its profile forbids it."""
        source = self.case.state
        if step != "report":
            _must_lead(self.case, step, source, to)
        self._set_state(State(to))
        if State.MERGED not in (source, to):
            timing.change_state(self.case, source, to, self.at)
        if State(to) in ENDED and State(source) not in ENDED and to != State.MERGED:
            timing.stop_all(self.case, at=self.at, waived=to != State.CLOSED)
        return self._write(step, source, note=note, data=data, automatic=automatic)

    def move_task(
        self,
        step: str,
        assignment: Assignment,
        to: str | None = None,
        *,
        data: dict[str, Any] | None = None,
        automatic: bool = False,
        note: str = "",
    ) -> CaseEvent:
        """Move an assignment by a step (None: it stays where it is) and let its clocks follow."""
        source, target = assignment.state, to or assignment.state
        if assignment.pk is None:
            source = ""
        elif source not in STEPS[step].tasks or STEPS[step].task_to not in (None, target):
            raise RuntimeError(f"{step}: no way for an assignment from {source} to {target}")
        assignment.state = target
        if source != target and (name := TASK_TIMES.get(Task(target))):
            setattr(assignment, name, self.at)
        assignment.save()
        self._task_clocks(assignment, source, target)
        return self._write(
            step,
            self.case.state,
            note=note,
            data=data,
            automatic=automatic,
            assignment=assignment,
            task_from=source,
            task_to=target,
        )

    def _set_state(self, to: State) -> None:
        case = self.case
        case.state = to
        case.holder = case.handler if to == State.HANDLING and case.handler else case.desk

    def _task_clocks(self, assignment: Assignment, source: str, target: str) -> None:
        if source == target:
            return
        if target == Task.SENT and assignment.counts:
            timing.start(self.case, "sign", self.at, assignment=assignment)
            timing.start(self.case, "handle", self.at, assignment=assignment)
        if source == Task.SENT:
            timing.stop_all(self.case, "sign", at=self.at, assignment=assignment)
        if target == Task.DONE:
            timing.stop_all(self.case, "handle", at=self.at, assignment=assignment)
        if target == Task.REWORK:
            timing.start_rework(assignment, self.at)
        if target == Task.CANCELLED:
            timing.stop_all(self.case, at=self.at, assignment=assignment, waived=True)

    def _write(self, step: str, source: str, **fields: Any) -> CaseEvent:
        last = self.case.events.order_by("-seq").values_list("seq", flat=True).first() or 0
        place = self.data.get("place")
        event = CaseEvent.objects.create(
            case=self.case,
            seq=last + 1,
            step=step,
            from_state="" if step == "report" else source,
            to_state=self.case.state,
            by=self.account,
            by_name=_name_of(self),
            as_org=self.account.organisation if self.account else None,
            at=self.at,
            device_at=self.data.get("device_at"),
            lon=getattr(place, "lon", None),
            lat=getattr(place, "lat", None),
            data=fields.pop("data", None) or {},
            public_note=fields.pop("note", ""),
            **fields,
        )
        self.written.append(event)
        return event

    def finish(self, step: str, reason: str = "") -> Case:
        """Save the case, write the one audit entry and tell the listeners."""
        case = self.case
        timing.summarise(case)
        case.save_checked(case.row_version)
        first, last = self.written[0], self.written[-1]
        audit.record(
            self.by,
            f"cases.case.{step}",
            case,
            changes={"state": [first.from_state, last.to_state], "events": [e.seq for e in self.written]},
            reason=reason,
        )
        for event in self.written:
            events.publish(CaseStepped(case.pk, event.step, event.from_state, event.to_state))
        return case


def _must_lead(case: Case, step: str, source: str, to: str) -> None:
    if not STEPS[step].leads(State(source), State(to)):
        raise RuntimeError(f"{step}: no way from {source} to {to}")
    if State(to) in case.type.profile.skip and source != to:
        raise RuntimeError(f"{step}: {case.type.flow} never enters {to}")


def _name_of(turn: Turn) -> str:
    if turn.account is not None:
        return str(turn.account)
    return turn.case.reporter_name or str(_("上报人(凭回执)")) if turn.receipt else str(_("访客"))


def name_of_reporter(case: Case) -> str:
    """The name left with the report, else that of the account; empty for an unknown reporter."""
    return case.reporter_name or (str(case.reporter) if case.reporter else "")


def wrong_state(case: Case, step: str) -> Conflict:
    """What to tell somebody whose step came too late: what happened meanwhile, and by whom."""
    last = case.events.order_by("-seq").first()
    words = {
        "step": STEP_NAMES.get(step, step),
        "state": case.get_state_display(),
        "last": last.name if last else "",
        "by": last.by_name if last else "",
    }
    return Conflict(_("案件现为“%(state)s”(%(by)s刚刚%(last)s),不能再%(step)s") % words)
