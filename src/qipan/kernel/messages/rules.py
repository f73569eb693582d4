"""When a delivery may go out: retry steps and quiet hours."""

from datetime import datetime, time, timedelta

# Seconds until the next try after the first, second … failure; then the delivery has failed.
RETRY_STEPS_S = (60, 300, 900, 3600, 3 * 3600, 6 * 3600)


def retry_after(attempts: int) -> timedelta | None:
    """How long to wait after that many failed tries (one or more); None when there are no more."""
    if attempts > len(RETRY_STEPS_S):
        return None
    return timedelta(seconds=RETRY_STEPS_S[attempts - 1])


def parse_hours(text: str) -> tuple[time, time] | None:
    """Quiet hours "21:00-07:00" as start and end; None for an empty text. ValueError otherwise."""
    if not text.strip():
        return None
    start, _dash, end = text.partition("-")
    return time.fromisoformat(start.strip()), time.fromisoformat(end.strip())


def after_quiet(at: datetime, hours: tuple[time, time] | None) -> datetime:
    """The first instant from ``at`` (local wall clock) outside the quiet hours, which may span midnight."""
    if hours is None or hours[0] == hours[1]:
        return at
    start, end = hours
    clock = at.time()
    today = at.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    if start < end:
        return today if start <= clock < end else at
    if clock >= start:
        return today + timedelta(days=1)
    return today if clock < end else at
