"""Background work of the environment system."""

from qipan.domains.governance.environment import alarm_watch, demo_history, derivation
from qipan.kernel.jobs import job, schedule
from qipan.kernel.sensing.events import ReadingsStored

MOST_ROUNDS = 20


@job(name="environment.derive", cron="* * * * *", retry=0)
def derive() -> None:
    """Compute the hours and days that new readings touched."""
    for _round in range(MOST_ROUNDS):
        if not derivation.follow():
            return


@job(name="environment.watch", cron="* * * * *", retry=0)
def watch() -> None:
    """Judge the micro-stations' last quarter of an hour."""
    alarm_watch.watch()


def derive_soon(_event: ReadingsStored) -> None:
    """Do not wait for the next minute when readings arrived; one waiting job is enough."""
    schedule(derive, {}, unique="environment.derive")


JOBS = (derive, watch, demo_history.fill_years)
LISTENERS = ((ReadingsStored, derive_soon, False),)
