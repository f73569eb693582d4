"""What a rule would have said: any wording over the history, without writing anything."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from qipan.kernel.base.clock import county_day
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.sensing import read
from qipan.kernel.sensing.declarations import SensingRule
from qipan.kernel.sensing.models import Thing
from qipan.kernel.sensing.rules.engine import Engine, Sample
from qipan.kernel.sensing.rules.loading import watches_of
from qipan.kernel.sensing.rules.machine import Change, Watch, compile_rule

THINGS_AT_ONCE = 50
MAXIMUM_DAYS = 365


@dataclass(frozen=True)
class WouldBe:
    """An event as it would have been: its end is None while it would still be open."""

    thing_id: int
    thing: str
    severity: str
    started_at: datetime
    ended_at: datetime | None
    values: Mapping[str, float | None]

    @property
    def minutes(self) -> float | None:
        """How long it lasted."""
        return (self.ended_at - self.started_at).total_seconds() / 60 if self.ended_at else None


@dataclass(frozen=True)
class Preview:
    """What a wording gives over a span: events by start, things looked at, events per county day."""

    events: tuple[WouldBe, ...]
    things: int
    per_day: Mapping[str, int]


def preview(rule: SensingRule, start: datetime, end: datetime) -> Preview:
    """Play a rule over [start, end) on all its things.

    InvalidInput for a span beyond a year; ValueError when the rule makes no sense.
    """
    if not 0 < (end - start).days + 1 <= MAXIMUM_DAYS + 1:
        raise InvalidInput("days", f"1-{MAXIMUM_DAYS}")
    watches = watches_of(compile_rule(rule), start.timestamp())
    found: list[WouldBe] = []
    names = dict(Thing.objects.filter(pk__in={item.thing_id for item in watches}).values_list("pk", "name"))
    for first in range(0, len(watches), THINGS_AT_ONCE):
        part = watches[first : first + THINGS_AT_ONCE]
        found += _events(_play(part, start, end), names)
    found.sort(key=lambda event: (event.started_at, event.thing))
    days = Counter(county_day(event.started_at).isoformat() for event in found)
    return Preview(tuple(found), len(watches), dict(sorted(days.items())))


def _play(watches: list[Watch], start: datetime, end: datetime) -> list[Change]:
    engine = Engine(watches)
    changes = engine.feed(_samples(sorted(engine.by_stream), start, end))
    return changes + engine.tick(end.timestamp())


def _samples(streams: list[int], start: datetime, end: datetime) -> Iterator[Sample]:
    table = read.history(streams, start, end).sort_by([("ts", "ascending"), ("datastream", "ascending")])
    seconds = table["ts"].cast("int64").to_numpy() / 1e6
    values = table["value"].to_numpy(zero_copy_only=False)
    present = table["value"].is_valid().to_numpy()
    return zip(
        table["datastream"].to_pylist(),
        seconds.tolist(),
        [value if there else None for value, there in zip(values.tolist(), present.tolist(), strict=True)],
        table["quality"].to_pylist(),
        strict=True,
    )


def _events(changes: list[Change], names: Mapping[int, str]) -> list[WouldBe]:
    """Join firings with the endings that follow them; the gravest severity of each event counts."""
    running: dict[int, list[Change]] = {}
    found: list[WouldBe] = []
    for change in sorted(changes, key=lambda change: change.at):
        thing = change.watch.thing_id
        if change.kind == "fired":
            running[thing] = [change]
        elif change.kind == "changed" and thing in running:
            running[thing].append(change)
        elif change.kind == "cleared" and thing in running:
            found.append(_event(running.pop(thing), change, names))
    return found + [_event(course, None, names) for course in running.values()]


def _event(course: list[Change], ending: Change | None, names: Mapping[int, str]) -> WouldBe:
    first = course[0]
    order = [level.severity for level in first.watch.rule.levels]
    return WouldBe(
        first.watch.thing_id,
        names[first.watch.thing_id],
        min((change.severity for change in course), key=order.index),
        datetime.fromtimestamp(first.at, UTC),
        datetime.fromtimestamp(ending.at, UTC) if ending else None,
        {code: value for code, (_seen, value) in first.values.items()},
    )
