"""From a filed case to tasks: by rule or by a dispatcher, and on again when a task is returned."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases import notices
from qipan.kernel.cases.assigning import as_data, assignee
from qipan.kernel.cases.models import Assignment
from qipan.kernel.cases.states import State, Task
from qipan.kernel.cases.turns import Turn
from qipan.kernel.cases.wording import TaskRole
from qipan.kernel.orgs.models import Organisation


def dispatch(turn: Turn) -> None:
    """Send tasks to whom the dispatcher named, else by rule.

    Names: `organisation` and `person` of the lead, `joint` and `informed` organisations.
    """
    organisation = turn.data.get("organisation")
    if organisation is None:
        if not by_rule(turn, automatic=False):
            raise InvalidInput("organisation", _("规则没有找到承办单位,请指定"))
        return
    rule = {"rule": "hand", "why": turn.data.get("text") or str(_("人工派遣"))}
    _enter_handling(turn, organisation, rule, automatic=False)
    send(turn, organisation, turn.data.get("person"), rule=rule)
    _send_others(turn, rule)


def by_rule(turn: Turn, *, automatic: bool = True) -> bool:
    """Dispatch by the rule of the type; False when it finds nobody and the case goes on waiting."""
    chosen = assignee(turn.case)
    if chosen is None:
        return False
    rule = as_data(chosen, turn.case.type.dispatch)
    _enter_handling(turn, chosen.organisation, rule, automatic=automatic)
    send(turn, chosen.organisation, chosen.person, rule=rule, automatic=automatic)
    if not automatic:
        _send_others(turn, rule)
    return True


def _enter_handling(turn: Turn, organisation: Organisation, rule: dict[str, Any], *, automatic: bool) -> None:
    turn.case.handler = organisation
    turn.move("dispatch", State.HANDLING, data={**rule, "handler": organisation.pk}, automatic=automatic)


def _send_others(turn: Turn, rule: dict[str, Any]) -> None:
    others: tuple[tuple[str, Iterable[Organisation]], ...] = (
        (TaskRole.JOINT, turn.data.get("joint") or ()),
        (TaskRole.INFORMED, turn.data.get("informed") or ()),
    )
    for role, organisations in others:
        for organisation in organisations:
            send(turn, organisation, None, role=role, rule=rule)


def send(
    turn: Turn,
    organisation: Organisation,
    person: Account | None,
    *,
    role: str = TaskRole.LEAD,
    rule: dict[str, Any] | None = None,
    automatic: bool = False,
) -> Assignment:
    """A new task, with its sign and handle clocks, told to those who are to do it."""
    task = Assignment(
        case=turn.case,
        organisation=organisation,
        person=person,
        role=role,
        rule=rule or {},
        sent_at=turn.at,
        round=turn.case.reopened,
    )
    data = {"organisation": organisation.pk, "person": person.pk if person else None, "role": str(role)}
    event = turn.move_task("send", task, Task.SENT, data=data, automatic=automatic)
    notices.task_sent(task, event)
    return task


def redirect(turn: Turn) -> None:
    """A returned task goes to somebody else: their clocks start at zero, the total goes on."""
    organisation = turn.data.get("organisation") or _suggested(turn.task)
    if organisation is None:
        raise InvalidInput("organisation", _("请指定改派单位"))
    if organisation.pk == turn.task.organisation_id and turn.data.get("person") is None:
        raise InvalidInput("organisation", _("该任务刚被这个单位退回"))
    _decide_slip(turn, "redirect")
    turn.move_task("redirect", turn.task, Task.CANCELLED, data={"to": organisation.pk})
    rule = {"rule": "redirect", "why": turn.data.get("text") or str(_("退回后改派"))}
    if turn.task.role == TaskRole.LEAD:
        turn.case.handler = organisation
        turn.case.holder = organisation
    send(turn, organisation, turn.data.get("person"), role=turn.task.role, rule=rule)


def _suggested(task: Assignment) -> Organisation | None:
    slip = task.returns.order_by("-asked_at").first()
    return slip.suggested if slip else None


def insist(turn: Turn) -> None:
    """A returned task stays where it was; the time of the return counts."""
    _decide_slip(turn, "insist")
    event = turn.move_task("insist", turn.task, Task.SIGNED, data={"text": turn.data["text"]})
    notices.task_insisted(turn.task, event, turn.data["text"])


def _decide_slip(turn: Turn, outcome: str) -> None:
    turn.task.returns.filter(decided_at__isnull=True).update(
        decided_by=turn.account, decided_at=turn.at, outcome=outcome
    )


def cancel_open_tasks(turn: Turn) -> None:
    """End the tasks of a case that needs them no longer."""
    for task in turn.case.assignments.exclude(state__in=(Task.DONE, Task.CANCELLED)):
        turn.move_task("cancel", task, Task.CANCELLED, automatic=True)
