"""The worker process: takes jobs off PostgreSQL, rescues those of dead workers, runs cron.

It stops on SIGTERM after the jobs in hand (30 s at most). A worker that was killed leaves its jobs
marked as running; they go back to the queue once its heartbeat is 30 s old, at the start of any
worker and every minute after.
"""

import logging
from copy import copy
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from procrastinate import App, sql
from procrastinate.contrib.django import app
from procrastinate.contrib.django.db_cleanup import DjangoApp, close_db_connections
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job
from procrastinate.middleware import SyncCallNext
from procrastinate.periodic import PeriodicRegistry, PeriodicTask
from procrastinate.worker import Worker

from qipan.kernel.base.clock import local, now
from qipan.kernel.jobs import deadletters
from qipan.kernel.jobs.declarations import offered

logger = logging.getLogger(__name__)
HEARTBEAT_S = 10
STALLED_AFTER_S = 30
STOP_WITHIN_S = 30
# A job may be in hand at this many deaths of a worker before it is suspected, whatever its retries.
FEWEST_RESCUES = 3


def keep_final_failure(call_next: SyncCallNext, context: JobContext, worker: Worker) -> Any:
    """Around every job: one that fails for the last time leaves a dead letter."""
    try:
        return call_next()
    except Exception as error:
        task = context.app.tasks.get(context.job.task_name)
        if task is None or task.get_retry_exception(exception=error, job=context.job) is None:
            deadletters.keep(context.job, error)
        raise


def county_schedule(working: App) -> PeriodicRegistry:
    """Periodic jobs put down through ``working``, their cron on the county's clock (the library's is UTC)."""
    registry = PeriodicRegistry()  # type: ignore[no-untyped-call]
    for offer in offered().values():
        if offer.cron is None:
            continue
        task = copy(app.tasks[offer.name])
        task.blueprint = working
        periodic: PeriodicTask[Any, Any, Any] = registry.register_task(
            task=task, cron=offer.cron, periodic_id="", configure_kwargs={"queue": offer.queue}
        )
        periodic.croniter.set_current(local(now()), force=True)
    return registry


def rescue(older_than_s: int = STALLED_AFTER_S) -> int:
    """Give jobs of dead workers back to the queue; gives how many.

    A job that was in hand at its retries' number of deaths (three at least) is taken to be the killer and
    put to the dead letters instead.
    """
    limit = now() - timedelta(seconds=older_than_s)
    orphans = ProcrastinateJob.objects.filter(status="doing").exclude(worker__last_heartbeat__gt=limit)
    count = 0
    for row in orphans:
        _rescue_one(row.procrastinate_job)
        count += 1
    return count


def _rescue_one(job: Job) -> None:
    assert job.id is not None
    offer = offered().get(job.task_name)
    if job.attempts < max(offer.retry if offer else 0, FEWEST_RESCUES):
        logger.warning("job %s #%s lost its worker, queued again", job.task_name, job.id)
        app.job_manager.retry_job_by_id(job.id, retry_at=now())
        return
    logger.error("job %s #%s lost its worker for the last time", job.task_name, job.id)
    with transaction.atomic():
        app.connector.get_sync_connector().execute_query(
            sql.queries["finish_job"], job_id=job.id, status="failed", delete_job=False
        )
        deadletters.keep_lost(job, _("执行进程多次异常退出"))


def worker_app() -> App:
    """The declared jobs over a connection of the worker's own.

    The jobs themselves stay bound to Django's connection, so that what they put down commits
    with their own transaction.
    """
    working = DjangoApp(connector=cast(DjangoConnector, app.connector).get_worker_connector())
    working.tasks = app.tasks
    working.periodic_registry = county_schedule(working)
    return working


def run(*, wait: bool = True, concurrency: int | None = None) -> None:
    """Work until SIGTERM or SIGINT; with ``wait=False`` until the queues are empty."""
    rescue()
    deadletters.sweep()
    worker_app().run_worker(
        wait=wait,
        concurrency=concurrency or getattr(settings, "QIPAN_WORKER_CONCURRENCY", 4),
        shutdown_graceful_timeout=STOP_WITHIN_S,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=STALLED_AFTER_S,
        fetch_job_polling_interval=2.0,
        task_middleware=[close_db_connections, keep_final_failure],
    )
