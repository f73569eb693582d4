"""Background work on one page: what waits and runs, how far long work is, what gave up."""

from typing import cast

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from procrastinate.contrib.django.models import ProcrastinateJob

from qipan.kernel.access.decide import decide, require
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.jobs import deadletters
from qipan.kernel.jobs.declarations import offered
from qipan.kernel.jobs.models import DeadLetter, ProgressRow

SHOWN = 50


def _actor(request: HttpRequest) -> Actor:
    """The middleware of the access block guarantees this type."""
    return cast(Actor, request.user)


def board(request: HttpRequest) -> HttpResponse:
    """Counts by state, running and waiting jobs, progress, dead letters and the timetable."""
    actor = _actor(request)
    require(actor, "jobs.job.view")
    counts = dict(ProcrastinateJob.objects.values_list("status").annotate(count=Count("pk")))
    active = ProcrastinateJob.objects.filter(status__in=("doing", "todo"))
    letters = DeadLetter.objects.select_related("handled_by")
    context = {
        "counts": {state: counts.get(state, 0) for state in ("todo", "doing", "succeeded", "failed")},
        "active": active.order_by("status", "scheduled_at", "pk")[:SHOWN],
        "progress": ProgressRow.objects.all()[:SHOWN],
        "letters": letters.filter(state=DeadLetter.State.OPEN)[:SHOWN],
        "settled": letters.exclude(state=DeadLetter.State.OPEN)[:SHOWN],
        "timetable": sorted((o for o in offered().values() if o.cron), key=lambda o: o.name),
        "may_replay": decide(actor, "jobs.deadletter.replay").allowed,
    }
    return render(request, "jobs/board.html", context)


def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """One dead letter with its error and trace."""
    actor = _actor(request)
    require(actor, "jobs.job.view")
    row = get_object_or_404(DeadLetter.objects.select_related("handled_by"), pk=pk)
    allowed = decide(actor, "jobs.deadletter.replay", row).allowed
    return render(request, "jobs/letter.html", {"letter": row, "may_replay": allowed})


@require_POST
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Replay a dead letter, or drop it with a reason."""
    actor = _actor(request)
    require(actor, "jobs.deadletter.replay")
    account = cast(Account, actor)
    row = get_object_or_404(DeadLetter, pk=pk)
    if request.POST.get("what") == "drop":
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise InvalidInput("reason", _("请说明放弃的理由"))
        deadletters.drop(row, account, reason)
    else:
        deadletters.replay(row, account)
    return redirect("jobs:board")


# Path below /jobs/, view, title, permission, in the menu.
PAGES = (
    ("", board, gettext_lazy("后台作业"), "jobs.job.view", True),
    ("<int:pk>/", letter, gettext_lazy("失败作业"), "jobs.job.view", False),
    ("<int:pk>/settle/", settle, gettext_lazy("处理失败作业"), "jobs.deadletter.replay", False),
)
