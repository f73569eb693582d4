"""Pages of those who handle, made for a phone first: my tasks, one task, reporting from the field."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.cases.actions import available_steps
from qipan.kernel.cases.forms import StepForm
from qipan.kernel.cases.models import Assignment
from qipan.kernel.cases.pages import photo_groups, try_step
from qipan.kernel.cases.reading import actor_of, tasks_of
from qipan.kernel.cases.states import STEPS, Task
from qipan.kernel.cases.wording import STEP_NAMES
from qipan.kernel.ui import notices
from qipan.kernel.ui.declarations import page
from qipan.kernel.ui.rendering import render

# What the big button at the bottom does in each state of a task.
NEXT = {
    Task.SENT: "sign",
    Task.SIGNED: "start",
    Task.REWORK: "start",
    Task.WORKING: "feedback",
    Task.SUSPENDED: "resume",
}


@page("mine/", _("我的任务"), permission="cases.case.handle", icon="checklist")
def mine(request: HttpRequest) -> HttpResponse:
    """My tasks, the most pressing first, each with its place and what is left of its time."""
    tasks = list(tasks_of(request.user)[:100]) if isinstance(request.user, Account) else []
    done = _done_lately(actor_of(request))
    return render(request, "cases/mine.html", {"tasks": tasks, "done": done, "now": now()})


def _done_lately(actor: Any) -> list[Assignment]:
    rows = Assignment.objects.filter(done_by=actor).select_related("case__type").order_by("-done_at")
    return list(rows[:10])


@page("mine/<int:pk>/", _("任务"), permission="cases.case.handle")
def task_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One task: what, where, until when; its next step as a large form, the others below."""
    rows = Assignment.objects.select_related(
        "case__type", "case__division", "case__grid", "organisation", "person"
    )
    task = get_object_or_404(rows, pk=pk)
    require(actor_of(request), "cases.case.handle", task)
    if request.method == "POST":
        return _take(request, task)
    return render(request, "cases/task.html", _context(request, task))


def _take(request: HttpRequest, task: Assignment) -> HttpResponse:
    step = request.POST.get("step", "")
    if step not in STEPS or not STEPS[step].on_task:
        return redirect("cases:task_page", pk=task.pk)
    form = StepForm(step, task.case, task, request.POST, request.FILES)
    if form.is_valid() and try_step(form, actor_of(request)):
        notices.success(request, _now("已完成:%(step)s") % {"step": STEP_NAMES[step]})
        task.refresh_from_db()
        return redirect("cases:mine") if task.state == Task.DONE else redirect("cases:task_page", pk=task.pk)
    return render(request, "cases/task.html", _context(request, task, form), status=422)


def _context(request: HttpRequest, task: Assignment, failed: StepForm | None = None) -> dict[str, Any]:
    choices = [
        c
        for c in available_steps(task.case, actor_of(request))
        if c.assignment and c.assignment.pk == task.pk
    ]
    forms = {
        choice.step: failed
        if failed is not None and failed.step == choice.step
        else StepForm(choice.step, task.case, task, auto_id=f"{choice.step}-%s")
        for choice in choices
    }
    if failed is not None:
        forms.setdefault(failed.step, failed)
    first = NEXT.get(Task(task.state), "")
    return {
        "task": task,
        "case": task.case,
        "clock": task.clocks.filter(kind="handle").order_by("-started_at").first(),
        "first": (first, STEP_NAMES[first], forms.pop(first)) if first in forms else None,
        "others": [(step, STEP_NAMES[step], form) for step, form in forms.items()],
        "photos": photo_groups(task.case, actor_of(request)),
        "rework": task.case.events.filter(step="rework").order_by("-seq").first(),
        "now": now(),
    }
