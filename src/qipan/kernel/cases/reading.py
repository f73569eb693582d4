"""Which cases an actor sees, and what waits for them."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qipan.kernel.access import audit
from qipan.kernel.access.decide import decide, require, rows_for
from qipan.kernel.access.models import ANONYMOUS, Account, Actor, Purpose
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.cases.models import Assignment, Case, CaseRows, Rating
from qipan.kernel.cases.models.work import AssignmentRows
from qipan.kernel.cases.states import ACTIVE_TASKS, State, Task
from qipan.kernel.cases.turns import name_of_reporter

VIEW = "cases.case.view"


def actor_of(request: HttpRequest) -> Actor:
    """Who is asking."""
    return request.user if isinstance(request.user, Account) else ANONYMOUS


def visible_cases(actor: Actor) -> CaseRows:
    """Cases that an actor may see: by the case itself, or by a task in it."""
    own = rows_for(actor, VIEW, Case.objects.all())
    if not own.query.where:
        return Case.objects.all()  # the whole county: no need to look at every key
    by_task = rows_for(actor, VIEW, Assignment.objects.all()).values("case")
    return Case.objects.filter(Q(pk__in=own.values("pk")) | Q(pk__in=by_task))


def require_view(actor: Actor, case: Case) -> None:
    """Refused unless the actor may see this case or one of its tasks."""
    decision = decide(actor, VIEW, case)
    if decision.allowed or any(decide(actor, VIEW, task).allowed for task in case.assignments.all()):
        return
    raise Refused(decision.reasons)


def tasks_of(account: Account) -> AssignmentRows:
    """Tasks in hand of a person: named, or of the own organisation without a name; the urgent first."""
    rows = rows_for(account, "cases.case.handle", Assignment.objects.all())
    mine = Q(person=account) | Q(person__isnull=True, organisation=account.organisation)
    return (
        Assignment.objects.filter(pk__in=rows.values("pk"))
        .filter(mine, state__in=(*ACTIVE_TASKS, Task.SUSPENDED), case__state=State.HANDLING)
        .select_related("case__type", "case__division", "case__grid")
        .order_by("-case__urgent", "case__next_due_at", "pk")
    )


@dataclass(frozen=True)
class Tray:
    """One pile on the desk."""

    code: str
    title: str | Promise
    rows: CaseRows


TRAYS = (
    (State.REPORTED, gettext_lazy("待受理"), "cases.case.accept"),
    (State.TO_VERIFY, gettext_lazy("待核实"), "cases.case.verify"),
    (State.TO_FILE, gettext_lazy("待立案"), "cases.case.file"),
    (State.TO_DISPATCH, gettext_lazy("待派遣"), "cases.case.dispatch"),
    (State.TO_CHECK, gettext_lazy("待核查"), "cases.case.check"),
    (State.TO_CLOSE, gettext_lazy("待结案"), "cases.case.close"),
)


def trays(actor: Actor) -> list[Tray]:
    """What waits for an actor at the desk, pile by pile; piles that are not theirs are left out."""
    piles = [
        Tray(state, title, _allowed(actor, action, Case.objects.filter(state=state)))
        for state, title, action in TRAYS
        if decide(actor, action).allowed
    ]
    returned = Case.objects.filter(state=State.HANDLING, assignments__state=Task.RETURNED)
    asked = Case.objects.filter(
        Q(assignments__suspensions__granted__isnull=True, assignments__suspensions__isnull=False)
        | Q(assignments__extensions__granted__isnull=True, assignments__extensions__isnull=False),
        state=State.HANDLING,
    )
    for code, title, action, rows in (
        ("returned", _("退回待处理"), "cases.case.dispatch", returned),
        ("asked", _("挂账与延期待审批"), "cases.case.approve", asked),
    ):
        if decide(actor, action).allowed:
            piles.append(Tray(code, title, _allowed(actor, action, rows)))
    return [Tray(pile.code, pile.title, pile.rows.for_list().order_by("next_due_at", "pk")) for pile in piles]


def _allowed(actor: Actor, action: str, rows: CaseRows) -> CaseRows:
    # by key: the conditions above join to tasks and would give a case once for each
    return Case.objects.filter(pk__in=rows_for(actor, action, rows).values("pk"))


def calls_due(actor: Actor) -> "list[Rating]":
    """Dissatisfied reporters who are to be called back."""
    rows = Rating.objects.filter(call_due_at__isnull=False, called_at__isnull=True)
    return list(
        rows_for(actor, "cases.rating.handle", rows).select_related("case").order_by("call_due_at")[:50]
    )


@dataclass(frozen=True)
class ReporterShown:
    """What somebody sees of the reporter."""

    name: str
    phone: str
    masked: bool


def reporter_shown(case: Case) -> ReporterShown:
    """The reporter as everybody on the case sees them: masked."""
    name, phone = name_of_reporter(case), case.reporter_phone
    masked_phone = f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****" if phone else ""
    return ReporterShown(f"{name[:1]}**" if name else "", masked_phone, bool(name or phone))


@transaction.atomic
def reveal_reporter(case: Case, by: Account, purpose: str) -> ReporterShown:
    """Name and phone in clear for a purpose; audited, and a protected reporter only to named posts."""
    found = Purpose.objects.filter(code=purpose).first()
    if found is None:
        raise InvalidInput("purpose", _("请选择使用目的"))
    require(by, "cases.case.unmask", case)
    if case.protected_reporter:
        require(by, "cases.case.unmask_protected", case)
    audit.record(by, "cases.case.unmask", case, purpose=purpose, changes={"at": now()})
    return ReporterShown(name_of_reporter(case), case.reporter_phone, False)
