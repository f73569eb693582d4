"""Times in HJ 212: digits of the station's wall clock, UTC+8 all over the country."""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

STATION_ZONE = timezone(timedelta(hours=8))
_YEARS = range(1990, 2200)
"""No station's clock means a year outside; times near the end of the calendar cannot be reckoned with."""


@lru_cache(maxsize=4096)
def data_time(text: str) -> datetime | None:
    """``YYYYMMDDhhmmss`` as an aware instant in UTC; None when there is no such time (``20200931155600``)."""
    if len(text) != 14 or not (text.isascii() and text.isdigit()):
        return None
    parts = [int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2))]
    if parts[0] not in _YEARS:
        return None
    try:
        local = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], tzinfo=STATION_ZONE)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def request_time(text: str) -> datetime | None:
    """``YYYYMMDDhhmmsszzz`` (QN, milliseconds at the end) as an aware instant in UTC, or None."""
    if len(text) != 17 or not (text.isascii() and text.isdigit()):
        return None
    whole = data_time(text[:14])
    return None if whole is None else whole + timedelta(milliseconds=int(text[14:]))


def written(instant: datetime) -> str:
    """An aware instant as ``YYYYMMDDhhmmss`` of the station's clock."""
    local = instant.astimezone(STATION_ZONE)
    return f"{local:%Y%m%d%H%M%S}".rjust(14, "0")


def request_number(instant: datetime) -> str:
    """An aware instant as a QN."""
    return f"{written(instant)}{instant.microsecond // 1000:03d}"
