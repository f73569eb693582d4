"""What the jobs block offers the site: roles' permissions, listeners and the standing jobs."""

from qipan.kernel.jobs import standing

LISTENERS = standing.LISTENERS
JOBS = (
    standing.deliver_event,
    standing.deliver_messages,
    standing.rescue_orphans,
    standing.remove_old_receipts,
)
