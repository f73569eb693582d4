"""Jobs that gave up: kept with their error, replayed or dropped by a person, never lost."""

import traceback

from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict
from qipan.kernel.jobs.models import DeadLetter

TRACE_LIMIT = 20_000


def keep(job: Job, error: BaseException) -> DeadLetter:
    """Write down a job that will not be tried again, with what went wrong."""
    trace = "".join(traceback.format_exception(error))
    return _keep(job, f"{type(error).__name__}: {error}", trace[-TRACE_LIMIT:])


def keep_lost(job: Job, reason: str) -> DeadLetter:
    """Write down a job that ended without an exception to show."""
    return _keep(job, reason, "")


def _keep(job: Job, error: str, trace: str) -> DeadLetter:
    if job.id is None:
        raise ValueError(f"{job.task_name} was never put down")
    letter, _made = DeadLetter.objects.update_or_create(
        job_id=job.id,
        defaults={
            "name": job.task_name,
            "queue": job.queue,
            "arguments": dict(job.task_kwargs),
            "attempts": job.attempts + 1,
            "error": error,
            "trace": trace,
            "failed_at": now(),
        },
    )
    return letter


def sweep() -> int:
    """Find failed jobs that left no letter (unknown name, receipt lost); gives how many."""
    known = DeadLetter.objects.values("job_id")
    lost = ProcrastinateJob.objects.filter(status="failed").exclude(pk__in=known)
    count = 0
    for row in lost.iterator():
        job = row.procrastinate_job
        unknown = job.task_name not in app.tasks
        keep_lost(job, _("没有名为 %s 的作业") % job.task_name if unknown else _("执行进程异常退出"))
        count += 1
    return count


def replay(letter: DeadLetter, by: Account) -> int:
    """Put the job down anew with all its tries; gives the new number. Conflict when settled."""
    require(by, "jobs.deadletter.replay", letter)
    with transaction.atomic():
        open_letter = _open(letter)
        configured = app.configure_task(open_letter.name, queue=open_letter.queue)
        open_letter.replay_job_id = int(configured.defer(**open_letter.arguments))
        _settle(open_letter, DeadLetter.State.REPLAYED, by, reason="")
        return open_letter.replay_job_id


def drop(letter: DeadLetter, by: Account, reason: str) -> None:
    """Settle the letter without running it again. Conflict when settled already."""
    require(by, "jobs.deadletter.replay", letter)
    with transaction.atomic():
        _settle(_open(letter), DeadLetter.State.DROPPED, by, reason=reason)


def _open(letter: DeadLetter) -> DeadLetter:
    fresh = DeadLetter.objects.select_for_update().get(pk=letter.pk)
    if fresh.state != DeadLetter.State.OPEN:
        raise Conflict(_("该失败作业已处理:%s") % fresh.get_state_display())
    return fresh


def _settle(letter: DeadLetter, state: DeadLetter.State, by: Account, *, reason: str) -> None:
    letter.state = state
    letter.handled_by = by
    letter.handled_at = now()
    letter.save()
    audit.record(
        by,
        f"jobs.deadletter.{state.value}",
        letter,
        changes={"state": [DeadLetter.State.OPEN.value, state.value]},
        reason=reason,
    )
