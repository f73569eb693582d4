"""Pages of residents: report, look up by receipt, progress, rating, and asking for another look."""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel import files
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.base.ids import uuid7
from qipan.kernel.cases.actions import Contact, act, available_steps, report
from qipan.kernel.cases.forms import RatingForm, ReceiptForm, ReportForm
from qipan.kernel.cases.models import Case
from qipan.kernel.cases.numbers import clean_receipt
from qipan.kernel.cases.rating import rate
from qipan.kernel.cases.reading import actor_of
from qipan.kernel.cases.states import MAIN_LINE, Party, State
from qipan.kernel.cases.wording import STEP_NAMES, Grade, PhotoKind, StateChoice
from qipan.kernel.ui import notices
from qipan.kernel.ui.declarations import page
from qipan.kernel.ui.rendering import render

MOST_REPORTS = 20
WITHIN = timedelta(hours=1)
# Steps a reporter may take from the progress page, and whether they must say why.
REPORTER_STEPS = {"withdraw": False, "appeal": True, "reopen": True, "close": False}
PUBLIC_STEPS = frozenset(
    {
        "report",
        "accept",
        "refuse",
        "verify",
        "file",
        "dispatch",
        "sign",
        "feedback",
        "check",
        "rework",
        "close",
    }
    | {"reopen", "withdraw", "note", "suspend", "extend", "merge", "appeal", "self_handle"}
)


@page("/public/report/", _("我要反映"), permission="public", icon="message-report")
def report_page(request: HttpRequest) -> HttpResponse:
    """A report in three steps on one page: what, where, a photo; the receipt follows."""
    start = {"client_key": str(uuid7()), "type": request.GET.get("type")}
    form = ReportForm(request.POST or None, request.FILES or None, initial=start)
    if request.method == "POST" and form.is_valid():
        case = _try_report(request, form)
        if case is not None:
            notices.success(request, _now("已收到,请记下回执号 %(code)s") % {"code": case.receipt})
            return redirect("cases:progress", receipt=case.receipt)
    status = 422 if form.errors else 200
    return render(request, "cases/public/report.html", {"form": form}, status=status)


def _try_report(request: HttpRequest, form: ReportForm) -> Case | None:
    data = form.cleaned_data
    try:
        device = device_of(request)
        _not_too_many(device)
        return report(
            data["type"].code,
            data["title"],
            data["text"],
            by=actor_of(request),
            place=form.spot(address=data["address"]),
            photos=form.photo_inputs("photos", PhotoKind.REPORT),
            contact=Contact(data["name"], data["phone"], data["protected"]),
            client_key=data["client_key"] or None,
            captured_at=form.device_time(),
            device=device,
        )
    except InvalidInput as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
    except Refused as error:
        form.add_error(None, ";".join(error.reasons))
    return None


def device_of(request: HttpRequest) -> str:
    """A day's fingerprint of the sender's address: enough to stop a flood, useless to follow anybody."""
    address = request.META.get("REMOTE_ADDR", "")
    text = f"{settings.SECRET_KEY}|{county_day(now())}|{address}|{request.META.get('HTTP_USER_AGENT', '')}"
    return hashlib.sha256(text.encode()).hexdigest()


def _not_too_many(device: str) -> None:
    lately = Case.objects.filter(device=device, received_at__gte=now() - WITHIN).count()
    if lately >= MOST_REPORTS:
        raise Refused((_now("上报过于频繁,请稍后再试;紧急情况请拨打 12345"),))


@page("/public/cases/", _("查询进度"), permission="public", icon="search")
def lookup(request: HttpRequest) -> HttpResponse:
    """Find a report by its receipt."""
    form = ReceiptForm(request.GET if "receipt" in request.GET else None)
    if form.is_bound and form.is_valid():
        receipt = clean_receipt(form.cleaned_data["receipt"])
        if Case.objects.filter(receipt=receipt).exists():
            return redirect("cases:progress", receipt=receipt)
        form.add_error("receipt", _now("没有这个回执号,请核对"))
    return render(request, "cases/public/lookup.html", {"form": form})


@page("/public/cases/<str:receipt>/", _("办理进度"), permission="public")
def progress(request: HttpRequest, receipt: str) -> HttpResponse:
    """How far a report is: states, public notes, the due date; the bearer may rate, withdraw, reopen."""
    case = (
        Case.objects.select_related("type", "division", "master", "handler")
        .filter(receipt=clean_receipt(receipt))
        .first()
    )
    if case is None:
        raise Http404
    if request.method == "POST":
        return _answer(request, case)
    return render(request, "cases/public/progress.html", _context(request, case))


def _context(request: HttpRequest, case: Case, **more: Any) -> dict[str, Any]:
    shown = case.master if case.state == State.MERGED and case.master else case
    steps = [c.step for c in available_steps(case, actor_of(request), receipt=case.receipt)]
    rated = case.ratings.filter(round=case.reopened).first()
    may_rate = case.closed_at is not None and rated is None and _open_to_rating(case)
    return {
        "case": case,
        "shown": shown,
        "line": _line(shown),
        "entries": _public_entries(shown),
        "photos": _own_photos(case, request),
        "rating": rated,
        "rating_form": RatingForm(choices=Grade.choices) if may_rate else None,
        "steps": [
            (step, _step_name(case, step), needs_text)
            for step, needs_text in REPORTER_STEPS.items()
            if step in steps and (step != "close" or case.type.profile.closer == Party.REPORTER)
        ],
        **more,
    }


def _step_name(case: Case, step: str) -> str:
    return case.type.profile.names.get(step) or str(STEP_NAMES[step])


def _open_to_rating(case: Case) -> bool:
    return case.rating_until is not None and now() <= case.rating_until


def _line(case: Case) -> list[dict[str, Any]]:
    """The main line of the case's flow with what is behind, present and ahead."""
    skip = case.type.profile.skip
    states = [state for state in MAIN_LINE if state not in skip]
    if case.state not in states:
        return []
    here = states.index(State(case.state))
    return [
        {"name": StateChoice(state).label, "done": number < here, "present": number == here}
        for number, state in enumerate(states)
    ]


def _public_entries(case: Case) -> list[dict[str, Any]]:
    events = case.events.filter(step__in=PUBLIC_STEPS).select_related("case__type", "as_org")
    return [
        {
            "at": event.at,
            "title": event.name,
            "text": event.public_note,
            "actor": str(event.as_org) if event.as_org and not case.protected_reporter else "",
            "tone": "ok" if event.step == "close" else "",
        }
        for event in events
    ]


def _own_photos(case: Case, request: HttpRequest) -> list[dict[str, str]]:
    rows = case.photos.filter(kind=PhotoKind.REPORT).select_related("file")
    return [
        {
            "url": files.link(photo.file, actor_of(request)),
            "thumb": files.link(photo.file, actor_of(request), size=320),
            "caption": "",
        }
        for photo in rows
    ]


def _answer(request: HttpRequest, case: Case) -> HttpResponse:
    step = request.POST.get("step", "")
    try:
        if step == "rate":
            grade = request.POST.get("grade", "")
            rate(
                case,
                int(grade) if grade.isdigit() else 0,
                request.POST.get("text", ""),
                by=actor_of(request),
                receipt=case.receipt,
            )
            notices.success(request, _now("感谢您的评价"))
        elif step in REPORTER_STEPS:
            text = request.POST.get("text", "")
            act(case, step, actor_of(request), receipt=case.receipt, text=text)
            notices.success(request, _now("已完成:%(step)s") % {"step": _step_name(case, step)})
    except InvalidInput as error:
        notices.error(request, error.message)
    except Refused as error:
        notices.error(request, ";".join(error.reasons))
    except Conflict as error:
        notices.error(request, str(error))
    return redirect("cases:progress", receipt=case.receipt)
