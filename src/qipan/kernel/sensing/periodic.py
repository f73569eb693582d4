"""The block's standing jobs."""

from django.conf import settings
from django.utils.timezone import now

from qipan.kernel.jobs import job
from qipan.kernel.sensing import flush, partitions, rollups
from qipan.kernel.sensing.models import Order
from qipan.kernel.sensing.rules import runner


@job(name="sensing.rules", cron="* * * * *", retry=0)
def run_rules() -> None:
    """Run the rules once, should no gateway be doing so."""
    runner.run_if_free()


@job(name="sensing.partitions", cron="10 * * * *")
def make_partitions() -> None:
    """Make the partitions of the next days."""
    partitions.make_ahead()


@job(name="sensing.rollups", cron="*/2 * * * *", retry=0)
def count_rollups() -> None:
    """Count the hours and days again that new readings have touched."""
    while rollups.follow():
        pass


@job(name="sensing.flush", cron="40 2 * * *")
def move_to_lake() -> None:
    """Move old days to the lake, drop old frames and batches."""
    flush.flush()
    partitions.drop_old_frames(getattr(settings, "SENSING_FRAME_DAYS", flush.FRAME_DAYS))
    rollups.forget_batches()


@job(name="sensing.orders", cron="* * * * *", retry=0)
def expire_orders() -> None:
    """Orders that nobody could send or that were not answered in time are over."""
    waiting = Order.objects.filter(state__in=(Order.State.QUEUED, Order.State.SENT), expires_at__lt=now())
    waiting.update(state=Order.State.EXPIRED)


JOBS = (run_rules, make_partitions, count_rollups, move_to_lake, expire_orders)
