"""What a job is: a plain function under a fixed name, put down now and run later by a worker.

A job gets keyword arguments of JSON values only (row ids, ISO instants), is put down inside the
caller's transaction and so exists exactly when that transaction commits. It may run twice (a worker
can die after the work and before the receipt), hence it must be harmless to repeat.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job
from procrastinate.periodic import PeriodicTask

Function = TypeVar("Function", bound=Callable[..., Any])
FIRST_WAIT_S = 10
LONGEST_WAIT_S = 3600


class PermanentFailure(Exception):  # noqa: N818 - named after what it says to the worker
    """The job can never succeed as it stands: no retry, straight to the dead letters."""


@dataclass(frozen=True)
class JobOffer:
    """One declared job; ``retry`` is how often it is tried again after its first failure."""

    name: str
    function: Callable[..., Any]
    queue: str
    cron: str | None
    retry: int


class BackOff(BaseRetryStrategy):
    """Waits 10 s, 40 s, 160 s … one hour at most between tries."""

    def __init__(self, times: int) -> None:
        self.times = times

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again; None when the tries are used up or the failure is permanent."""
        if isinstance(exception, PermanentFailure) or job.attempts >= self.times:
            return None
        return RetryDecision(retry_in={"seconds": wait_seconds(job.attempts)})


def wait_seconds(attempts: int) -> int:
    """Seconds to wait after that many earlier tries."""
    return int(min(LONGEST_WAIT_S, FIRST_WAIT_S * 4 ** min(attempts, 10)))


_offers: dict[str, JobOffer] = {}
_names: dict[Callable[..., Any], str] = {}


def job(
    *, name: str, queue: str = "default", cron: str | None = None, retry: int = 3
) -> Callable[[Function], Function]:
    """Declare a function as a job; the function itself stays callable.

    ``cron`` (five fields, the county's wall clock) makes it periodic. ValueError for a name that is
    taken, a wrong cron or a coroutine function.
    """

    def declare(function: Function) -> Function:
        if inspect.iscoroutinefunction(function):
            raise ValueError(f"job {name}: {function.__qualname__} is a coroutine function")
        if name in _offers:
            raise ValueError(f"job {name}: declared twice")

        def run(**arguments: Any) -> Any:
            # Periodic runs carry the instant they were due; jobs read the clock themselves.
            arguments.pop("timestamp", None) if cron else None
            return function(**arguments)

        task = app.task(name=name, queue=queue, retry=BackOff(retry))(run)
        if cron:
            _check_cron(name, cron, task)
        _offers[name] = JobOffer(name, function, queue, cron, retry)
        _names[function] = name
        return function

    return declare


def _check_cron(name: str, cron: str, task: Any) -> None:
    periodic: PeriodicTask[Any, Any, Any] = PeriodicTask(
        task=task, cron=cron, periodic_id="", configure_kwargs={}
    )
    try:
        _ = periodic.croniter
    except (ValueError, KeyError) as error:
        raise ValueError(f"job {name}: cron {cron!r}: {error}") from error


def offered() -> dict[str, JobOffer]:
    """Every declared job by its name."""
    return dict(_offers)


def defer(function: Callable[..., Any], /, **arguments: Any) -> int:
    """Put a job down in the caller's transaction; gives its number. KeyError if not a job."""
    return int(app.configure_task(_names[function], allow_unknown=False).defer(**arguments))


def schedule(
    function: Callable[..., Any],
    arguments: dict[str, Any],
    *,
    at: datetime | None = None,
    unique: str | None = None,
    lock: str | None = None,
    priority: int = 0,
) -> int | None:
    """Put a job down with conditions; gives its number.

    ``at``: not before this aware instant. ``unique``: None is returned and nothing put down while
    a job with the same word still waits. ``lock``: jobs with the same word never run side by side.
    """
    configured = app.configure_task(
        _names[function],
        allow_unknown=False,
        schedule_at=at,
        queueing_lock=unique,
        lock=lock,
        priority=priority,
    )
    try:
        with transaction.atomic():
            return int(configured.defer(**arguments))
    except AlreadyEnqueued:
        return None
