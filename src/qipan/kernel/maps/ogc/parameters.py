"""Query parameters of OGC API Features, checked as the standard asks (clause 7.15)."""

from dataclasses import dataclass
from datetime import date, datetime

from django.http import QueryDict

from qipan.kernel.base.clock import COUNTY_ZONE
from qipan.kernel.maps.ogc.collections import Box, Period, today
from qipan.kernel.maps.ogc.crs import CRS84, SUPPORTED, box_to_degrees

DEFAULT_LIMIT = 10
LARGEST_LIMIT = 10_000
ITEMS = frozenset({"f", "limit", "offset", "bbox", "bbox-crs", "crs", "datetime"})


class WrongParameter(ValueError):  # noqa: N818 - named after what it says to the caller
    """A parameter is unknown or has a wrong value; answered with 400."""


@dataclass(frozen=True)
class ItemsQuery:
    """What a request for items asks for; ``equal`` are properties with the value they must have."""

    limit: int
    offset: int
    box: Box | None
    period: Period
    crs: str
    equal: dict[str, str]


def read(query: QueryDict, properties: frozenset[str]) -> ItemsQuery:
    """The checked parameters; WrongParameter says which one is wrong."""
    unknown = set(query) - ITEMS - properties
    if unknown:
        raise WrongParameter(f"unknown parameter: {', '.join(sorted(unknown))}")
    check_format(query)
    return ItemsQuery(
        limit=min(_number(query, "limit", DEFAULT_LIMIT, least=1), LARGEST_LIMIT),
        offset=_number(query, "offset", 0, least=0),
        box=_box(query),
        period=_period(query.get("datetime", "")),
        crs=crs_of(query, "crs"),
        equal={name: str(query[name]) for name in properties & set(query)},
    )


def check_format(query: QueryDict) -> None:
    """Only JSON is spoken here."""
    if query.get("f", "json") not in ("json", "geojson"):
        raise WrongParameter(f"f: {query['f']} is not offered, only json")


def crs_of(query: QueryDict, name: str) -> str:
    """The named reference system, CRS84 unless given."""
    found = query.get(name, CRS84)
    if found not in SUPPORTED:
        raise WrongParameter(f"{name}: {found} is not supported")
    return found


def _number(query: QueryDict, name: str, otherwise: int, *, least: int) -> int:
    text = query.get(name)
    if text is None:
        return otherwise
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise WrongParameter(f"{name}: {text} is not a whole number of at least {least}")
    return int(text)


def _box(query: QueryDict) -> Box | None:
    text = query.get("bbox")
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise WrongParameter(f"bbox: {text} are not numbers") from error
    if len(numbers) == 6:
        del numbers[5], numbers[2]
    if len(numbers) != 4 or not all(abs(number) < 1e9 for number in numbers):
        raise WrongParameter("bbox: four or six finite numbers")
    if numbers[0] > numbers[2] or numbers[1] > numbers[3]:
        raise WrongParameter("bbox: lower corner first")
    return box_to_degrees((numbers[0], numbers[1], numbers[2], numbers[3]), crs_of(query, "bbox-crs"))


def _period(text: str) -> Period:
    """An instant or an interval with open ends ("2020-01-01/..") as county days; today unless given."""
    if not text:
        return today()
    first, slash, last = text.partition("/")
    if not slash:
        day = _day(first)
        return day, day
    period = (_open_day(first), _open_day(last))
    if period == (None, None) or (period[0] and period[1] and period[0] > period[1]):
        raise WrongParameter(f"datetime: {text} is no interval")
    return period


def _open_day(text: str) -> date | None:
    return None if text in ("", "..") else _day(text)


def _day(text: str) -> date:
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongParameter(f"datetime: {text} is not RFC 3339") from error
    if instant.tzinfo is None:
        raise WrongParameter(f"datetime: {text} has no time zone")
    return instant.astimezone(COUNTY_ZONE).date()
