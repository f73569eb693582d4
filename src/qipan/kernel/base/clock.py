"""The county's clock: instants are kept in UTC, days and working hours are the county's."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

COUNTY_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def local(instant: datetime) -> datetime:
    """An aware instant as the county's wall clock shows it; ValueError for a naive one."""
    if instant.tzinfo is None:
        raise ValueError(f"instant: {instant.isoformat()} has no time zone")
    return instant.astimezone(COUNTY_ZONE)


def county_day(instant: datetime) -> date:
    """The county's calendar day that holds an aware instant."""
    return local(instant).date()
