"""How whole the data are and who is silent: by office, maker, protocol, township."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, Max, Q

from qipan.kernel.base.clock import county_day, now
from qipan.kernel.sensing import partitions
from qipan.kernel.sensing.models import FrameLog, HourRollup, Thing

SILENT_STEPS = 3
LEAST_SILENCE_S = 600
WAYS = ("organisation", "maker", "protocol", "township", "kind")


@dataclass(frozen=True)
class Line:
    """One group of the board; completeness is the mean share of expected readings that came and were good."""

    name: str
    things: int
    silent: int
    completeness: float | None


@dataclass(frozen=True)
class Silent:
    """A thing that has not been heard for longer than it should."""

    thing: Thing
    last_heard: datetime | None


@dataclass(frozen=True)
class Board:
    """The whole board."""

    lines: tuple[Line, ...]
    silent: tuple[Silent, ...]
    things: int
    completeness: float | None
    refused: tuple[tuple[str, str, int], ...]


def board(things: Iterable[Thing], way: str) -> Board:
    """The board over things in use, grouped one way; ValueError for an unknown way."""
    if way not in WAYS:
        raise ValueError(f"way: {way!r}")
    rows = list(things)
    shares = _completeness([thing.pk for thing in rows])
    silent = _silent(rows)
    quiet = {item.thing.pk for item in silent}
    groups: dict[str, list[Thing]] = {}
    for thing in rows:
        groups.setdefault(_name(thing, way), []).append(thing)
    lines = [
        Line(
            name,
            len(members),
            sum(member.pk in quiet for member in members),
            _mean(shares.get(member.pk) for member in members),
        )
        for name, members in groups.items()
    ]
    lines.sort(key=lambda line: (line.completeness is None, line.completeness or 0.0, line.name))
    return Board(
        tuple(lines), tuple(silent), len(rows), _mean(shares.get(thing.pk) for thing in rows), _refused()
    )


def _name(thing: Thing, way: str) -> str:
    if way == "organisation":
        return str(thing.organisation or "")
    if way == "township":
        return _township(thing)
    if way == "protocol":
        return ", ".join(sorted({key.protocol for key in thing.keys.all()}))
    return str(getattr(thing, way))


def _township(thing: Thing) -> str:
    division = thing.division
    while division is not None and division.level > 4:
        division = division.parent
    return str(division or "")


def _completeness(things: list[int]) -> dict[int, float]:
    """Mean completeness of yesterday's and today's closed hours by thing."""
    today = partitions.bounds(county_day(now()))[0]
    hours = HourRollup.objects.filter(
        datastream__thing_id__in=things,
        bucket__gte=today - timedelta(days=1),
        bucket__lt=now() - timedelta(hours=1),
    )
    found = hours.values("datastream__thing_id").annotate(share=Avg("completeness"))
    return {row["datastream__thing_id"]: row["share"] for row in found}


def _silent(things: list[Thing]) -> list[Silent]:
    at = now()
    steps = dict(
        Thing.objects.filter(pk__in=[thing.pk for thing in things])
        .annotate(step=Max("datastreams__step_s", filter=Q(datastreams__step_s__lte=3600)))
        .values_list("pk", "step")
    )
    found = []
    for thing in things:
        limit = timedelta(seconds=max(SILENT_STEPS * (steps.get(thing.pk) or 300), LEAST_SILENCE_S))
        if thing.last_heard_at is None or at - thing.last_heard_at > limit:
            found.append(Silent(thing, thing.last_heard_at))
    oldest = datetime.min.replace(tzinfo=at.tzinfo)
    return sorted(found, key=lambda item: item.last_heard or oldest)


def _refused() -> tuple[tuple[str, str, int], ...]:
    """Refused frames of the last day: protocol, reason, count."""
    rows = FrameLog.objects.filter(outcome=FrameLog.Outcome.REFUSED, received__gt=now() - timedelta(days=1))
    counted = rows.values("protocol", "reason").annotate(n=Count("id")).order_by("-n")[:20]
    return tuple((row["protocol"], row["reason"], row["n"]) for row in counted)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
