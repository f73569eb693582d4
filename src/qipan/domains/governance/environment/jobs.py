"""Background work of the environment system."""

from qipan.domains.governance.environment import (
    alarm_watch,
    demo_history,
    derivation,
    forecasting,
    outlet_watch,
    proposals,
    quality_watch,
)
from qipan.domains.governance.environment.models import WarningProposal
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


@job(name="environment.quality", cron="12 * * * *", retry=1)
def quality() -> None:
    """Check the hours of the last two days; the hour before has arrived by then."""
    quality_watch.check()


@job(name="environment.outlets", cron="4-59/10 * * * *", retry=0)
def outlets() -> None:
    """Judge the outlets' newest hours by their permits."""
    outlet_watch.watch()


@job(name="environment.forecast", queue="slow", cron="*/5 * * * *", retry=0)
def forecast() -> None:
    """Issue once for every new hour, and read the issue for a warning; train first when no model stands."""
    if not forecasting.start_up():
        return
    origin = forecasting.last_hour()
    if origin is None or WarningProposal.objects.filter(issued=origin).exists():
        return
    made = forecasting.issue_at(origin)
    if made is not None:
        proposals.evaluate(origin, made)


@job(name="environment.train", queue="slow", cron="30 2 * * *", retry=1)
def train() -> None:
    """A new model from everything stored; yesterday's stays when it was better. Then the scores."""
    end = forecasting.last_hour()
    if end is not None and forecasting.models().current_name() is not None:
        forecasting.train_model(end)
        forecasting.verify(end)


def derive_soon(_event: ReadingsStored) -> None:
    """Do not wait for the next minute when readings arrived; one waiting job is enough."""
    schedule(derive, {}, unique="environment.derive")


JOBS = (derive, watch, quality, outlets, forecast, train, demo_history.fill_years)
LISTENERS = ((ReadingsStored, derive_soon, False),)
