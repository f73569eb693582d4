"""Jobs that keep the house: messages out, orphans rescued, old receipts removed, durable events delivered."""

from datetime import timedelta
from typing import Any

from procrastinate.contrib.django import app
from procrastinate.sql import queries

from qipan.kernel.base import events
from qipan.kernel.base.clock import now
from qipan.kernel.jobs import deadletters, process
from qipan.kernel.jobs.declarations import defer, job, schedule
from qipan.kernel.jobs.models import ProgressRow
from qipan.kernel.messages import outbox
from qipan.kernel.messages.events import MessageQueued

KEEP_RECEIPTS_DAYS = 7
KEEP_PROGRESS_DAYS = 30


@job(name="jobs.deliver_event", queue="events", retry=5)
def deliver_event(event: str, handler: str, fields: dict[str, Any]) -> None:
    """Run one durable listener on one event."""
    events.deliver_durable(event, handler, fields)


def dispatch_durable(event: str, handler: str, fields: dict[str, Any]) -> None:
    """Write the delivery of a durable event as a job of the publishing transaction."""
    defer(deliver_event, event=event, handler=handler, fields=fields)


events.dispatch_durable_with(dispatch_durable)


@job(name="messages.deliver", queue="messages", cron="* * * * *", retry=0)
def deliver_messages() -> None:
    """Send what the outbox holds and is due."""
    outbox.deliver_due()


def deliver_soon(_event: MessageQueued) -> None:
    """Do not wait for the next minute when something was queued."""
    schedule(deliver_messages, {}, unique="messages.deliver")


@job(name="jobs.rescue", cron="* * * * *", retry=0)
def rescue_orphans() -> None:
    """Give jobs of dead workers back to the queue, and keep a letter of every failed one."""
    process.rescue()
    deadletters.sweep()


@job(name="jobs.tidy", cron="20 3 * * *")
def remove_old_receipts() -> None:
    """Remove finished jobs after a week (failed ones once settled) and old progress rows."""
    app.connector.get_sync_connector().execute_query(
        queries["delete_old_jobs"],
        nb_hours=KEEP_RECEIPTS_DAYS * 24,
        queue=None,
        statuses=["succeeded", "cancelled", "aborted"],
    )
    ProgressRow.objects.filter(updated_at__lt=now() - timedelta(days=KEEP_PROGRESS_DAYS)).delete()


LISTENERS = ((MessageQueued, deliver_soon, False),)
