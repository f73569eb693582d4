"""Jobs in tests: what the worker would do, here and now, in the test's own transaction."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.jobs import Job
from procrastinate.sql import queries

from qipan.kernel.base.clock import now
from qipan.kernel.jobs import deadletters

LIMIT = 10_000


def run_pending(*, until: datetime | None = None, raising: bool = True) -> int:
    """Run every job that is due, and those they put down; gives how many ran.

    ``until`` also runs jobs that are due by that instant. A job's failure is raised; with
    ``raising=False`` it is retried and ends as a dead letter as it would at the worker's.
    """
    worker = app.connector.get_sync_connector().execute_query_one(queries["register_worker"])["worker_id"]
    for count in range(LIMIT):
        if until is not None:
            _make_due(until)
        job = _fetch(worker)
        if job is None:
            return count
        _run(job, raising)
    raise RuntimeError(f"more than {LIMIT} jobs: do they put themselves down for ever?")


def waiting() -> list[tuple[str, dict[str, Any]]]:
    """Names and arguments of the jobs that wait, oldest first."""
    rows = ProcrastinateJob.objects.filter(status="todo").order_by("pk")
    return [(row.task_name, row.args) for row in rows]


def _make_due(until: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo' AND scheduled_at <= %s",
            [until],
        )


def _fetch(worker: int) -> Job | None:
    connector = app.connector.get_sync_connector()
    row = connector.execute_query_one(queries["fetch_job"], queues=None, worker_id=worker)
    return None if row["id"] is None else ProcrastinateJob.objects.get(pk=row["id"]).procrastinate_job


def _run(job: Job, raising: bool) -> None:
    task = app.tasks[job.task_name]
    status = "succeeded"
    try:
        with transaction.atomic():
            task(**job.task_kwargs)
    except Exception as error:
        if raising:
            raise
        retry = task.get_retry_exception(exception=error, job=job)
        if retry is not None:
            app.job_manager.retry_job_by_id(_number(job), retry.retry_decision.retry_at or now())
            return
        deadletters.keep(job, error)
        status = "failed"
    app.connector.get_sync_connector().execute_query(
        queries["finish_job"], job_id=job.id, status=status, delete_job=False
    )


def _number(job: Job) -> int:
    if job.id is None:
        raise ValueError(f"{job.task_name} was never put down")
    return job.id
