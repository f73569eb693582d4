"""Steps of those who handle: sign, return, work, feedback, suspension, extension; and the check."""

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel.base.clock import county_day
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases import evidence, notices, timing
from qipan.kernel.cases.models import Extension, ReturnSlip, Suspension
from qipan.kernel.cases.states import State, Task
from qipan.kernel.cases.turns import Turn
from qipan.kernel.cases.wording import REASONS, PhotoKind

LONGEST_SUSPENSION = timedelta(days=90)


def sign(turn: Turn) -> None:
    """Take a task on."""
    turn.move_task("sign", turn.task, Task.SIGNED)


def give_back(turn: Turn) -> None:
    """Return a task that is not ours, with a reason and whose it may be."""
    _known_reason("return", turn.data["reason"])
    turn.case.returned += 1
    ReturnSlip.objects.create(
        assignment=turn.task,
        reason=turn.data["reason"],
        text=turn.data.get("text", ""),
        suggested=turn.data.get("organisation"),
        asked_by=turn.person,
        asked_at=turn.at,
    )
    data = {"reason": turn.data["reason"], "text": turn.data.get("text", "")}
    event = turn.move_task("return", turn.task, Task.RETURNED, data=data)
    notices.desk_told(turn.case, event, turn.data.get("text", ""))


def _known_reason(step: str, reason: str) -> None:
    if reason not in dict(REASONS[step]):
        raise InvalidInput("reason", _("请从列表中选择理由"))


def start(turn: Turn) -> None:
    """Begin work, at first or again."""
    turn.move_task("start", turn.task, Task.WORKING)


def arrive(turn: Turn) -> None:
    """On the spot: a time and a place, no change of state."""
    turn.task.arrived_at = turn.at
    turn.move_task("arrive", turn.task)


def feedback(turn: Turn) -> None:
    """Report the work done, with the evidence that the type asks for."""
    photos = turn.data.get("photos") or ()
    evidence.require_photo(turn, PhotoKind.BEFORE, [p for p in photos if p.kind == PhotoKind.BEFORE])
    evidence.require_photo(turn, PhotoKind.AFTER, [p for p in photos if p.kind != PhotoKind.BEFORE])
    task = turn.task
    task.result, task.done_by, task.cost = turn.data["text"], turn.account, _cost(turn.data.get("cost"))
    data = {"text": task.result, "by": turn.account.pk if turn.account else None}
    event = turn.move_task("feedback", task, Task.DONE, data=data)
    evidence.attach(turn, photos, PhotoKind.AFTER, event=event, assignment=task)
    finish_handling(turn)


def _cost(value: Any) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        cost = Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise InvalidInput("cost", _("费用应为数字")) from error
    if not 0 <= cost < Decimal(10) ** 10:
        raise InvalidInput("cost", _("费用超出范围"))
    return cost


def finish_handling(turn: Turn) -> None:
    """Leave handling once every counted task is done."""
    tasks = turn.case.assignments.counted().exclude(state=Task.CANCELLED)
    if turn.case.state == State.HANDLING and not tasks.exclude(state=Task.DONE).exists():
        target = turn.case.type.profile.after(State.HANDLING)
        event = turn.move("finish", target, automatic=True)
        notices.desk_told(turn.case, event, turn.data.get("text", ""))


def check(turn: Turn) -> None:
    """The result holds."""
    event = turn.move("check", State.TO_CLOSE, data={"text": turn.data.get("text", "")})
    evidence.attach(turn, turn.data.get("photos") or (), PhotoKind.CHECK, event=event)


def rework(turn: Turn) -> None:
    """The result does not hold: the same handlers again, with what is left of the limit."""
    _known_reason("rework", turn.data["reason"])
    case = turn.case
    case.reworked += 1
    data = {"reason": turn.data["reason"], "text": turn.data["text"]}
    event = turn.move("rework", State.HANDLING, data=data)
    evidence.attach(turn, turn.data.get("photos") or (), PhotoKind.CHECK, event=event)
    for task in case.assignments.counted().filter(state=Task.DONE, round=case.reopened):
        task.rework_no += 1
        redone = turn.move_task("redo", task, Task.REWORK, automatic=True)
        notices.task_rework(task, redone, turn.data["text"])
    if case.reworked >= 3:
        notices.supervisors_told(case, event, turn.data["text"])


def ask_suspension(turn: Turn) -> None:
    """Ask that the clock stand; it runs until somebody else agrees."""
    _known_reason("ask_suspension", turn.data["reason"])
    _must_be_before_due(turn)
    review = _day(turn.data["review_on"])
    today = county_day(turn.at)
    if not today < review <= today + LONGEST_SUSPENSION:
        raise InvalidInput("review_on", _("复查日期须在90天以内"))
    Suspension.objects.create(
        assignment=turn.task,
        reason=turn.data["reason"],
        text=turn.data.get("text", ""),
        review_on=review,
        asked_by=turn.person,
        asked_at=turn.at,
    )
    turn.move_task("ask_suspension", turn.task, data={"reason": turn.data["reason"], "until": review})


def _day(value: Any) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise InvalidInput("review_on", _("日期格式应为 2026-03-01")) from error


def _must_be_before_due(turn: Turn) -> None:
    clocks = timing.running(turn.case, "handle", assignment=turn.task)
    if any(clock.due_at is not None and turn.at > clock.due_at for clock in clocks):
        raise InvalidInput("reason", _("已超过处置期限,不能再申请"))


def suspend(turn: Turn) -> None:
    """Agree: the clock stands from the moment of asking; the public sees why and until when."""
    asked = turn.task.suspensions.get(granted__isnull=True)
    _decide(turn, asked, granted=True)
    clocks = timing.running(turn.case, "handle", assignment=turn.task)
    turn.case.suspended = True
    timing.pause([*clocks, *timing.running(turn.case, "total")], "suspension", asked.asked_at)
    note = _("因“%(reason)s”暂缓处置,%(until)s前复查") % {
        "reason": dict(REASONS["ask_suspension"])[asked.reason],
        "until": asked.review_on,
    }
    event = turn.move_task("suspend", turn.task, Task.SUSPENDED, note=note)
    notices.reporter_told(turn.case, event, note)


def _decide(turn: Turn, asked: Suspension | Extension, *, granted: bool) -> None:
    asked.granted, asked.decided_by, asked.decided_at = granted, turn.account, turn.at
    asked.answer = turn.data.get("text", "")
    asked.save()


def refuse_suspension(turn: Turn) -> None:
    """Do not agree: the clock has run all the time."""
    _decide(turn, turn.task.suspensions.get(granted__isnull=True), granted=False)
    event = turn.move_task("refuse_suspension", turn.task, data={"text": turn.data["text"]})
    notices.task_answered(turn.task, event, turn.data["text"])


def resume(turn: Turn) -> None:
    """Work goes on, and so does the clock."""
    turn.task.suspensions.filter(granted=True, ended_at__isnull=True).update(ended_at=turn.at)
    turn.move_task("resume", turn.task, Task.WORKING)
    others = turn.case.assignments.counted().filter(state=Task.SUSPENDED).exists()
    clocks = timing.running(turn.case, "handle", assignment=turn.task)
    turn.case.suspended = others
    timing.resume([*clocks, *([] if others else timing.running(turn.case, "total"))], "suspension", turn.at)


def ask_extension(turn: Turn) -> None:
    """Ask for more time, at most as much again as the first limit."""
    _known_reason("ask_extension", turn.data["reason"])
    _must_be_before_due(turn)
    clock = next(iter(timing.running(turn.case, "handle", assignment=turn.task)), None)
    if clock is None or clock.amount is None:
        raise InvalidInput("amount", _("该任务没有时限,无需延期"))
    amount = _amount(turn.data["amount"])
    if amount > clock.amount:
        words = {"most": f"{clock.amount:g}", "unit": clock.get_unit_display()}
        raise InvalidInput("amount", _("延长不能超过原时限%(most)s%(unit)s") % words)
    Extension.objects.create(
        assignment=turn.task,
        reason=turn.data["reason"],
        text=turn.data.get("text", ""),
        amount=amount,
        asked_by=turn.person,
        asked_at=turn.at,
    )
    turn.move_task("ask_extension", turn.task, data={"reason": turn.data["reason"], "amount": amount})


def _amount(value: Any) -> float:
    try:
        amount = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput("amount", _("请填写数字")) from error
    if not amount > 0:
        raise InvalidInput("amount", _("延长时间须大于零"))
    return amount


def extend(turn: Turn) -> None:
    """Agree: the limits of the task and of the whole matter grow alike; the reporter hears the new date."""
    asked = turn.task.extensions.get(granted__isnull=True)
    _decide(turn, asked, granted=True)
    clocks = timing.running(turn.case, "handle", assignment=turn.task)
    for clock in clocks:
        seconds = timing.seconds_of(clock, asked.amount)
        timing.extend(clock, seconds)
        for total in timing.running(turn.case, "total"):
            if total.amount is not None:
                timing.extend(total, seconds)
    event = turn.move_task("extend", turn.task, data={"amount": asked.amount})
    timing.summarise(turn.case)
    notices.new_date(turn.case, turn.task, event)


def refuse_extension(turn: Turn) -> None:
    """Do not agree to more time."""
    _decide(turn, turn.task.extensions.get(granted__isnull=True), granted=False)
    event = turn.move_task("refuse_extension", turn.task, data={"text": turn.data["text"]})
    notices.task_answered(turn.task, event, turn.data["text"])
