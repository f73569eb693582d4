"""Writing cases: opening them and taking steps. Everything else about them is read only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access.models import Actor
from qipan.kernel.base import events
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.cases import dispatching, steps_desk, steps_work
from qipan.kernel.cases.events import CaseClosed, CaseMerged
from qipan.kernel.cases.evidence import PhotoInput
from qipan.kernel.cases.models import Assignment, Case
from qipan.kernel.cases.opening import Contact, open_case, report
from qipan.kernel.cases.permissions import may_take
from qipan.kernel.cases.places import Spot
from qipan.kernel.cases.present import now
from qipan.kernel.cases.states import INNER_STEPS, STEPS, Party, State
from qipan.kernel.cases.turns import Turn, wrong_state
from qipan.kernel.cases.wording import FLOW_NAMES, STEP_NAMES

__all__ = [
    "Choice",
    "Contact",
    "PhotoInput",
    "Spot",
    "act",
    "available_steps",
    "explain",
    "open_case",
    "report",
]

HANDLERS: dict[str, Callable[[Turn], None]] = {
    "accept": steps_desk.accept,
    "refuse": steps_desk.refuse,
    "appeal": steps_desk.appeal,
    "verify": steps_desk.verify,
    "file": steps_desk.file,
    "close": steps_desk.close,
    "reopen": steps_desk.reopen,
    "self_handle": steps_desk.self_handle,
    "transfer": steps_desk.transfer,
    "withdraw": steps_desk.withdraw,
    "ask_void": steps_desk.ask_void,
    "void": steps_desk.void,
    "note": steps_desk.note,
    "urge": steps_desk.urge,
    "merge": steps_desk.merge,
    "unmerge": steps_desk.unmerge,
    "dispatch": dispatching.dispatch,
    "redirect": dispatching.redirect,
    "insist": dispatching.insist,
    "sign": steps_work.sign,
    "return": steps_work.give_back,
    "start": steps_work.start,
    "arrive": steps_work.arrive,
    "feedback": steps_work.feedback,
    "check": steps_work.check,
    "rework": steps_work.rework,
    "ask_suspension": steps_work.ask_suspension,
    "suspend": steps_work.suspend,
    "refuse_suspension": steps_work.refuse_suspension,
    "resume": steps_work.resume,
    "ask_extension": steps_work.ask_extension,
    "extend": steps_work.extend,
    "refuse_extension": steps_work.refuse_extension,
}


@transaction.atomic
def act(
    case: Case,
    step: str,
    by: Actor,
    *,
    assignment: Assignment | None = None,
    receipt: str = "",
    expected_version: int | None = None,
    **data: Any,
) -> Case:
    """Take a step of a case, with what the step needs in ``data``; the case as it stands afterwards.

    Refused: not allowed (each reason). Conflict: the case or task is no longer where the step begins.
    InvalidInput: something handed in is missing or wrong, with its field.
    """
    definition = STEPS.get(step)
    if definition is None or step in INNER_STEPS:
        raise InvalidInput("step", _("没有“%(step)s”这一步") % {"step": step})
    locked = _lock(case)
    task = _lock_task(locked, step, assignment)
    if expected_version is not None and locked.row_version != expected_version:
        raise wrong_state(locked, step)
    if State(locked.state) not in definition.sources:
        raise wrong_state(locked, step)
    if task is not None and task.state not in definition.tasks:
        raise Conflict(_("任务现为“%(state)s”,请刷新后再操作") % {"state": task.get_state_display()})
    decision = may_take(locked, step, by, assignment=task, receipt=receipt)
    if not decision.allowed:
        raise Refused(decision.reasons)
    _must_have(definition.needs, data)
    turn = Turn(locked, by, now(), data, task, receipt)
    HANDLERS[step](turn)
    turn.finish(step, str(data.get("text") or data.get("reason") or ""))
    _announce(locked, step)
    return locked


def _lock(case: Case) -> Case:
    rows = Case.objects.select_for_update(of=("self",))
    return rows.select_related("type", "desk", "holder", "handler", "grid", "division").get(pk=case.pk)


def _lock_task(case: Case, step: str, assignment: Assignment | None) -> Assignment | None:
    if not STEPS[step].on_task:
        return None
    tasks = case.assignments.select_for_update(of=("self",)).select_related("organisation", "person")
    if assignment is not None:
        found = tasks.filter(pk=assignment.pk).first()
    else:
        fitting = list(tasks.filter(state__in=STEPS[step].tasks, role__in=("lead", "joint")))
        found = fitting[0] if len(fitting) == 1 else None
    if found is None:
        raise Conflict(_("没有可以“%(step)s”的任务,或有多个任务需要指明") % {"step": STEP_NAMES[step]})
    found.case = case
    return found


def _must_have(needs: tuple[str, ...], data: dict[str, Any]) -> None:
    for name in needs:
        value = data.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise InvalidInput(name, _("必填"))


def _announce(case: Case, step: str) -> None:
    if step == "close":
        events.publish(CaseClosed(case.pk))
    if step == "merge" and case.master_id is not None:
        events.publish(CaseMerged(case.pk, case.master_id))


@dataclass(frozen=True)
class Choice:
    """A step that an actor may take now, of the case or of one of its tasks."""

    step: str
    assignment: Assignment | None = None

    @property
    def party(self) -> Party:
        """Whose step it is."""
        return STEPS[self.step].party


def available_steps(case: Case, actor: Actor, *, receipt: str = "") -> list[Choice]:
    """The steps that an actor may take now, in the order of the table."""
    tasks = list(case.assignments.select_related("organisation", "person"))
    found = []
    for step in STEPS.values():
        if step.code in INNER_STEPS or State(case.state) not in step.sources:
            continue
        fitting: list[Assignment | None] = [t for t in tasks if t.state in step.tasks and t.counts]
        for task in fitting if step.on_task else [None]:
            if may_take(case, step.code, actor, assignment=task, receipt=receipt).allowed:
                found.append(Choice(step.code, task))
    return found


def explain(case: Case) -> list[str]:
    """Why the case is where it is: its type and version, how it was dispatched, which limits run."""
    kind = case.type
    lines = [
        _("类型:%(name)s(%(set)s第%(version)d版),流程:%(flow)s")
        % {
            "name": kind.name,
            "set": kind.type_set.name,
            "version": kind.type_set.version,
            "flow": FLOW_NAMES[kind.flow],
        }
    ]
    for task in case.assignments.select_related("organisation", "person"):
        words = {"who": task.person or task.organisation, "why": task.rule.get("why", "")}
        lines.append(_("任务派给%(who)s:%(why)s") % words)
    for clock in case.clocks.running().limited():
        limit = kind.limit_for(clock.kind, case.area_grade)
        words = {
            "clock": clock.get_kind_display(),
            "amount": f"{clock.amount:g}",
            "unit": clock.get_unit_display(),
            "source": limit.source if limit and limit.source else _("本县规定"),
        }
        lines.append(_("%(clock)s时限%(amount)s%(unit)s(%(source)s)") % words)
    return lines
