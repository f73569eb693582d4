"""Background work on PostgreSQL: declared by ``@job``, put down with the caller's transaction."""

from qipan.kernel.jobs.declarations import JobOffer, PermanentFailure, defer, job, offered, schedule

__all__ = ["JobOffer", "PermanentFailure", "defer", "job", "offered", "schedule"]
