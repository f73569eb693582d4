"""The jobs that keep the lake in order; what they do is fetched when they run (see the package's front)."""

from qipan.kernel import lake
from qipan.kernel.jobs import job


@job(name="lake.maintain", queue="heavy", cron="30 2 * * *", retry=1)
def maintain_tables() -> None:
    """Every night: merge small files, forget old snapshots, remove files nobody needs."""
    lake.maintain_all()
