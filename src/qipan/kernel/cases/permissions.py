"""Who may take which step, and which pairs of steps one person must not take."""

from datetime import timedelta

from django.utils.translation import gettext as _

from qipan.kernel.access.decide import Decision, decide
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.base.clock import county_day
from qipan.kernel.cases.models import Assignment, Case
from qipan.kernel.cases.models.case import receipt_owner
from qipan.kernel.cases.present import now
from qipan.kernel.cases.states import STEPS, Party, State, Task

PERMISSIONS = {
    Party.DESK: "cases.case.accept",
    Party.INSPECTOR: "cases.case.verify",
    Party.LEAD: "cases.case.file",
    Party.DISPATCHER: "cases.case.dispatch",
    Party.HANDLER: "cases.case.handle",
    Party.APPROVER: "cases.case.approve",
    Party.CHECKER: "cases.case.check",
    Party.SUPERVISOR: "cases.case.supervise",
    Party.REPORTER: "cases.public.view",
}
CLOSE = "cases.case.close"
TRANSFER = "cases.case.transfer"
ARBITRATED_RETURN = 3
SUPERVISED_SUSPENSION = timedelta(days=30)

# What the roles of a module that declares case types need on top of its own permissions.
CLERK_PERMISSIONS = (
    "cases.*.view",
    "cases.case.add",
    "cases.case.accept",
    "cases.case.verify",
    "cases.case.file",
    "cases.case.dispatch",
    "cases.case.transfer",
    "cases.case.check",
    "cases.case.close",
    "cases.rating.*",
    "cases.case.unmask",
)
CHIEF_PERMISSIONS = ("cases.*",)


def permission(case: Case, step: str, assignment: Assignment | None = None) -> str:
    """The permission that a step of a case takes."""
    if step == "close":
        return CLOSE
    if step == "transfer":
        return TRANSFER
    if step == "suspend" and assignment is not None and _long_suspension(assignment):
        return PERMISSIONS[Party.SUPERVISOR]
    if step in ("redirect", "insist") and case.returned >= ARBITRATED_RETURN:
        return PERMISSIONS[Party.SUPERVISOR]
    return PERMISSIONS[STEPS[step].party]


def _long_suspension(assignment: Assignment) -> bool:
    asked = assignment.suspensions.filter(granted__isnull=True).first()
    return asked is not None and asked.review_on - county_day(asked.asked_at) > SUPERVISED_SUSPENSION


def is_reporter(case: Case, actor: Actor, receipt: str = "") -> bool:
    """Whether an actor made the report: by account, or by the receipt code in hand."""
    own = isinstance(actor, Account) and case.reporter_id is not None and case.reporter_id == actor.pk
    return own or receipt_owner(case, receipt)


def may_take(
    case: Case, step: str, actor: Actor, *, assignment: Assignment | None = None, receipt: str = ""
) -> Decision:
    """Whether an actor may take a step of this case now, with every reason against it."""
    if _as_reporter(case, step, actor, receipt):
        reasons = tuple(_reporter_guards(case, step))
        return Decision(not reasons, reasons)
    if STEPS[step].party == Party.REPORTER:
        return Decision(False, (_("只有上报人可以这样做(本人账号或回执号)"),))
    target = assignment if STEPS[step].party == Party.HANDLER and assignment is not None else case
    decision = decide(actor, permission(case, step, assignment), target)
    if not decision.allowed:
        return decision
    reasons = tuple(guards(case, step, actor, assignment))
    return Decision(not reasons, reasons or decision.reasons)


def _as_reporter(case: Case, step: str, actor: Actor, receipt: str) -> bool:
    party = case.type.profile.closer if step == "close" else STEPS[step].party
    return (party == Party.REPORTER or step == "reopen") and is_reporter(case, actor, receipt)


def _reporter_guards(case: Case, step: str) -> list[str]:
    if step == "reopen" and (case.rating_until is None or now() > case.rating_until):
        return [_("结案超过7天,不能再要求重新办理;可以另行上报")]
    if step == "appeal" and case.appealed:
        return [_("已经申诉过一次")]
    return []


def guards(case: Case, step: str, actor: Actor, assignment: Assignment | None) -> list[str]:
    """Why an actor who holds the permission still must not take a step: four eyes, limits of number."""
    found: list[str] = []
    if step in ("check", "rework") or (step == "close" and State.TO_CHECK in case.type.profile.skip):
        found += _not_a_handler(case, actor)
    if step == "close" and case.self_handled and _took(case, "self_handle", actor):
        found.append(_("自行处置的案件要由他人结案"))
    if step == "void" and not _void_asked_by_other(case, actor):
        found.append(_("作废须由另一人先提出申请"))
    if assignment is not None:
        found += _task_guards(case, step, actor, assignment)
    return found


def _not_a_handler(case: Case, actor: Actor) -> list[str]:
    if not isinstance(actor, Account):
        return [_("请先登录")]
    tasks = [task for task in case.assignments.all() if task.counts and task.state != Task.CANCELLED]
    if any(actor.pk in (task.person_id, task.done_by_id) for task in tasks):
        return [_("处置人不能核查自己的处置结果")]
    if any(task.organisation_id == actor.organisation_id for task in tasks) and not _desk_handles(case):
        return [_("承办单位的人员不能核查本单位的处置结果")]
    return []


def _desk_handles(case: Case) -> bool:
    """The owner answers by itself (advice given, own repair): another of its people confirms."""
    return case.type.dispatch == "owner" and State.TO_CHECK in case.type.profile.skip


def _took(case: Case, step: str, actor: Actor) -> bool:
    return isinstance(actor, Account) and case.events.filter(step=step, by=actor).exists()


def _void_asked_by_other(case: Case, actor: Actor) -> bool:
    asked = case.events.filter(step="ask_void").order_by("-seq").first()
    return asked is not None and isinstance(actor, Account) and asked.by_id != actor.pk


def _task_guards(case: Case, step: str, actor: Actor, assignment: Assignment) -> list[str]:
    if step == "return":
        return _return_guards(case, assignment)
    if step == "ask_suspension" and assignment.suspensions.filter(granted__isnull=True).exists():
        return [_("挂账申请正在审批")]
    if step == "ask_extension":
        return _extension_guards(case, assignment)
    if step in ("suspend", "refuse_suspension"):
        return _decision_guards(assignment.suspensions.filter(granted__isnull=True).first(), actor)
    if step in ("extend", "refuse_extension"):
        return _decision_guards(assignment.extensions.filter(granted__isnull=True).first(), actor)
    return []


def _return_guards(case: Case, assignment: Assignment) -> list[str]:
    found = []
    if case.returned >= ARBITRATED_RETURN:
        found.append(_("已退回三次并经协调,不能再退回"))
    sign = assignment.clocks.filter(kind="sign").order_by("-started_at").first()
    if sign is not None and sign.due_at is not None and now() > sign.due_at + timedelta(seconds=1):
        found.append(_("超过签收时限,不能再退回"))
    return found


def _extension_guards(case: Case, assignment: Assignment) -> list[str]:
    if assignment.extensions.filter(granted__isnull=True).exists():
        return [_("延期申请正在审批")]
    if assignment.extensions.filter(granted=True).count() >= case.type.max_extensions:
        return [_("延期次数已用完")]
    return []


def _decision_guards(request: object | None, actor: Actor) -> list[str]:
    if request is None:
        return [_("没有待审批的申请")]
    asked_by = getattr(request, "asked_by_id", None)
    return [_("申请人不能审批自己的申请")] if getattr(actor, "pk", None) == asked_by else []
