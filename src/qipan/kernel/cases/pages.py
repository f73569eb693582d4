"""Pages of the staff: board, desk, case page and the steps from it."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel import files
from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Account, Actor, Purpose
from qipan.kernel.base.clock import county_day, local, now
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.cases.actions import Choice, act, available_steps, explain
from qipan.kernel.cases.duplicates import Candidate, find_duplicates
from qipan.kernel.cases.forms import CallBackForm, StepForm
from qipan.kernel.cases.models import Assignment, Case, CaseEvent, Rating
from qipan.kernel.cases.models.case import OPEN_STATES
from qipan.kernel.cases.rating import call_back
from qipan.kernel.cases.reading import (
    actor_of,
    calls_due,
    reporter_shown,
    require_view,
    reveal_reporter,
    trays,
    visible_cases,
)
from qipan.kernel.cases.states import STEPS, State
from qipan.kernel.cases.wording import REASONS, STEP_NAMES
from qipan.kernel.ui import notices
from qipan.kernel.ui.declarations import page
from qipan.kernel.ui.rendering import render
from qipan.kernel.ui.site import site

PAGE_SIZE = 30
TONES = {
    State.CLOSED: "ok",
    State.REFUSED: "muted",
    State.MERGED: "muted",
    State.WITHDRAWN: "muted",
    State.VOIDED: "muted",
    State.HANDLING: "info",
    State.TO_CHECK: "info",
    State.TO_CLOSE: "info",
}
DANGEROUS = frozenset({"refuse", "void", "ask_void", "rework", "return"})
# The steps that move a case on; the others stand behind them.
MAIN_STEPS = (
    "accept", "verify", "file", "dispatch", "sign", "start", "feedback", "check", "close",
    "redirect", "insist", "suspend", "extend", "resume",
)  # fmt: skip


@page("", _("案件总览"), permission="cases.case.view", icon="clipboard-list")
def board(request: HttpRequest) -> HttpResponse:
    """Figures, the map of open cases, and the list of what is open, the most pressing first."""
    cases = visible_cases(actor_of(request))
    chosen = request.GET.get("show", "open")
    lists = {
        "open": cases.open(),
        "overdue": cases.overdue(),
        "suspended": cases.open().filter(suspended=True),
        "closed": cases.closed(),
    }
    rows = lists.get(chosen, lists["open"]).for_list()
    rows = rows.order_by("-closed_at") if chosen == "closed" else rows.order_by("next_due_at", "-pk")
    listing = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "figures": _figures(cases),
        "chosen": chosen if chosen in lists else "open",
        "listing": listing,
        "now": now(),
        "by_type": _by_type(cases),
        "tones": TONES,
    }
    return render(request, "cases/board.html", context)


def _figures(cases: Any) -> dict[str, int]:
    today, instant = county_day(now()), now()
    counted: dict[str, int] = cases.aggregate(
        open=Count("pk", filter=Q(state__in=_open_states())),
        overdue=Count("pk", filter=Q(state__in=_open_states(), next_due_at__lt=instant)),
        suspended=Count("pk", filter=Q(state__in=_open_states(), suspended=True)),
        today=Count("pk", filter=Q(received_at__date=today)),
        closed=Count("pk", filter=Q(state=State.CLOSED, closed_at__year=today.year)),
        in_time=Count("pk", filter=Q(state=State.CLOSED, closed_at__year=today.year, in_time=True)),
    )
    return counted


def _open_states() -> list[str]:
    return list(OPEN_STATES)


def _by_type(cases: Any) -> list[dict[str, Any]]:
    rows = cases.open().values("type__name", "type__code")
    instant = now()
    return list(
        rows.annotate(open=Count("pk"), overdue=Count("pk", filter=Q(next_due_at__lt=instant))).order_by(
            "-open"
        )[:12]
    )


@page("desk/", _("受理台"), permission="cases.case.accept", icon="inbox")
def desk(request: HttpRequest) -> HttpResponse:
    """What waits for this desk, pile by pile."""
    piles = [(pile, pile.rows.count(), pile.rows[:PAGE_SIZE]) for pile in trays(actor_of(request))]
    context = {
        "piles": piles,
        "total": sum(count for _pile, count, _rows in piles),
        "calls": calls_due(actor_of(request)),
        "call_form": CallBackForm(),
        "now": now(),
        "tones": TONES,
    }
    return render(request, "cases/desk.html", context)


@page("<int:pk>/", _("案件"), permission="signed-in")
def case_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one case, and what may be done now."""
    case = _case(pk)
    require_view(actor_of(request), case)
    return render(request, "cases/case.html", _case_context(request, case))


@page("cases/<int:pk>/", _("案件"), permission="signed-in")
def from_register(request: HttpRequest, pk: int) -> HttpResponse:
    """A row of the register leads to the case's own page."""
    return redirect("cases:case_page", pk=pk)


def _case(pk: int) -> Case:
    rows = Case.objects.for_list().select_related("type__type_set", "reporter", "master")
    return get_object_or_404(rows, pk=pk)


def _case_context(request: HttpRequest, case: Case, failed: StepForm | None = None) -> dict[str, Any]:
    choices = available_steps(case, actor_of(request))
    forms = [(choice, _form_of(case, choice, failed)) for choice in choices]
    return {
        "case": case,
        "tone": _tone(case),
        "main": [pair for pair in forms if pair[0].step in MAIN_STEPS],
        "other": [pair for pair in forms if pair[0].step not in MAIN_STEPS],
        "dangerous": DANGEROUS,
        "entries": [_entry(event) for event in case.events.select_related("by", "case__type")],
        "clocks": list(case.clocks.select_related("assignment__organisation")),
        "tasks": list(case.assignments.select_related("organisation", "person")),
        "photos": photo_groups(case, actor_of(request)),
        "causes": [(str(row), site.url_for(row)) for row in case.cause_rows()],
        "reporter": reporter_shown(case),
        "may_reveal": decide(actor_of(request), "cases.case.unmask", case).allowed,
        "purposes": Purpose.objects.all(),
        "why": explain(case),
        "duplicates": _duplicates(case, actor_of(request), choices),
        "conditions": case.type.closing,
        "now": now(),
    }


def _duplicates(case: Case, actor: Actor, choices: list[Choice]) -> list[Candidate]:
    if not any(choice.step == "merge" for choice in choices):
        return []
    return find_duplicates(case, among=visible_cases(actor))


def _tone(case: Case) -> str:
    if case.is_open and case.next_due_at and case.next_due_at < now():
        return "bad"
    return TONES.get(State(case.state), "warn")


def _form_of(case: Case, choice: Choice, failed: StepForm | None) -> StepForm:
    if failed is not None and failed.step == choice.step and failed.assignment == choice.assignment:
        return failed
    prefix_free = {"auto_id": f"{choice.step}-{choice.assignment.pk if choice.assignment else 0}-%s"}
    return StepForm(choice.step, case, choice.assignment, **prefix_free)


def _entry(event: CaseEvent) -> dict[str, Any]:
    reason = event.data.get("reason", "")
    words = str(dict(REASONS.get(event.step, ())).get(reason, reason)) if isinstance(reason, str) else ""
    text = [words, event.data.get("text", ""), event.public_note, event.data.get("why", "")]
    actor = _now("自动") if event.automatic else event.by_name
    tones = {"refuse": "bad", "rework": "bad", "return": "warn", "close": "ok", "check": "ok", "void": "bad"}
    return {
        "at": event.at,
        "actor": actor,
        "title": event.name,
        "text": "\n".join(dict.fromkeys(str(part) for part in text if part)),
        "tone": tones.get(event.step, ""),
    }


def photo_groups(case: Case, actor: Any) -> list[dict[str, Any]]:
    """Photos by kind for the photos component: before and after side by side."""
    groups: dict[str, list[dict[str, str]]] = {}
    for photo in case.photos.select_related("file"):
        caption = [f"{local(photo.taken_at):%m-%d %H:%M}" if photo.taken_at else "", *photo.doubts]
        shown = {
            "url": files.link(photo.file, actor),
            "thumb": files.link(photo.file, actor, size=320),
            "caption": " · ".join(part for part in caption if part),
        }
        groups.setdefault(photo.get_kind_display(), []).append(shown)
    return [{"title": title, "photos": photos} for title, photos in groups.items()]


@page("<int:pk>/steps/<slug:step>/", _("办理"), permission="signed-in")
def take_step(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Take one step; a form that lacks something comes back with its fields named."""
    case = _case(pk)
    require_view(actor_of(request), case)
    assignment = _assignment(case, request)
    if step not in STEPS:
        raise InvalidInput("step", _now("没有这一步"))
    if request.method != "POST":
        return redirect("cases:case_page", pk=pk)
    form = StepForm(step, case, assignment, request.POST, request.FILES)
    if form.is_valid() and try_step(form, actor_of(request)):
        notices.success(request, _now("已完成:%(step)s") % {"step": STEP_NAMES[step]})
        return redirect(_back(request, case))
    return render(
        request, "cases/step.html", {"form": form, "case": case, "step": STEP_NAMES[step]}, status=422
    )


def try_step(form: StepForm, actor: Any) -> bool:
    """Take the step of a valid form; what refuses it is written on the form, by field."""
    try:
        act(
            form.case,
            form.step,
            actor,
            assignment=form.assignment,
            expected_version=form.cleaned_data.get("version"),
            **form.data_for_act(),
        )
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
    except Refused as error:
        form.add_error(None, ";".join(error.reasons))
    except Conflict as error:
        form.add_error(None, str(error))
    return not form.errors


def _assignment(case: Case, request: HttpRequest) -> Assignment | None:
    number = request.GET.get("task") or request.POST.get("task")
    return case.assignments.filter(pk=number).first() if number and number.isdigit() else None


def _back(request: HttpRequest, case: Case) -> str:
    if request.GET.get("back") == "desk":
        return "cases:desk"
    return case.get_absolute_url()


@page("<int:pk>/reporter/", _("查看上报人"), permission="cases.case.unmask")
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """Show name and phone of the reporter for a stated purpose; the look is audited."""
    case = _case(pk)
    if request.method != "POST" or not isinstance(request.user, Account):
        return redirect("cases:case_page", pk=pk)
    shown = reveal_reporter(case, request.user, request.POST.get("purpose", ""))
    return render(request, "cases/reporter.html", {"case": case, "reporter": shown})


@page("calls/<int:pk>/", _("回访"), permission="cases.rating.handle")
def call(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down a call back."""
    rating = get_object_or_404(Rating, pk=pk)
    form = CallBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and isinstance(request.user, Account):
        call_back(rating, form.cleaned_data["text"], by=request.user)
        notices.success(request, _now("回访已记录"))
        return redirect("cases:desk")
    return render(request, "cases/call.html", {"rating": rating, "form": form})
