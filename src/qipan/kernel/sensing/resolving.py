"""From (protocol, key, code) to a datastream: a cache over the register, and a quarantine for strangers.

A key that nobody registered gets a thing in quarantine, a code that its thing does not have gets a
datastream with an unconfirmed unit: so readings are kept from the first frame on, and adoption is a
person's confirmation, not a migration of data.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from qipan.kernel.sensing.models import Datastream, DeviceKey, Latest, ObservedProperty, Thing
from qipan.kernel.sensing.quality import Checks, Memory
from qipan.kernel.sensing.readings import Reading

CACHE_S = 30.0
# A port scan must not fill the register: beyond these, readings are refused and counted.
MAXIMUM_QUARANTINED = 2_000
MAXIMUM_STREAMS = 400
_STEPS = {"minute": 600, "hour": 3600, "day": 86_400, "month": 2_592_000}
_DEFAULT_STEP = 300

KeyName = tuple[str, str]


@dataclass(slots=True)
class StreamEntry:
    """What the store must know of one datastream."""

    id: int
    times: float
    over: float
    confirmed: bool
    checks: Checks
    is_checked: bool
    memory: Memory


@dataclass(slots=True)
class KeyEntry:
    """What the store must know of one device key."""

    id: int
    thing_id: int
    state: str
    loaded: float
    heard: datetime | None
    streams: dict[str, StreamEntry] = field(default_factory=dict)


class Directory:
    """Keys and datastreams as the store sees them during one batch, over the process's cache."""

    def __init__(self) -> None:
        self.entries: dict[KeyName, KeyEntry] = {}
        self.quarantined: set[int] = set()

    def prepare(self, readings: Sequence[Reading]) -> None:
        """Find or make every key and code of these readings."""
        names = {(reading.protocol, reading.key) for reading in readings}
        known = _cached()
        fresh = time.monotonic() - CACHE_S
        for name in names:
            entry = known.get(name)
            if entry is not None and entry.loaded > fresh:
                self.entries[name] = entry
        self._load(names - self.entries.keys())
        self._quarantine(names - self.entries.keys(), readings)
        self._add_streams(readings)
        states = {entry.thing_id: entry.state for entry in self.entries.values()}
        self.quarantined = {thing for thing, state in states.items() if state == Thing.State.QUARANTINE}
        version = _register_version()
        transaction.on_commit(lambda: _remember(version, self.entries))

    def _load(self, names: Iterable[KeyName]) -> None:
        keys = list(names)
        if not keys:
            return
        rows = DeviceKey.objects.filter(
            protocol__in={name[0] for name in keys}, key__in={name[1] for name in keys}, valid_to=None
        ).select_related("thing")
        asked = set(keys)
        for row in rows:
            if (row.protocol, row.key) in asked:
                self._enter(row)
        by_thing: dict[int, list[KeyEntry]] = {}
        for name in asked & self.entries.keys():
            by_thing.setdefault(self.entries[name].thing_id, []).append(self.entries[name])
        for stream in _streams(by_thing):
            for entry in by_thing[stream.thing_id]:
                entry.streams[stream.code] = _entry(stream)

    def _enter(self, key: DeviceKey) -> None:
        self.entries[key.protocol, key.key] = KeyEntry(
            key.pk, key.thing_id, key.thing.state, time.monotonic(), key.last_heard_at
        )

    def _quarantine(self, names: set[KeyName], readings: Sequence[Reading]) -> None:
        if not names:
            return
        free = MAXIMUM_QUARANTINED - Thing.objects.filter(state=Thing.State.QUARANTINE).count()
        since = min(reading.received for reading in readings)
        for protocol, key in sorted(names)[: max(free, 0)]:
            thing = Thing.objects.create(
                code=_free_code(protocol, key),
                name=f"{protocol} {key}"[:100],
                kind="unknown",
                state=Thing.State.QUARANTINE,
                valid_from=since,
            )
            row = DeviceKey.objects.create(thing=thing, protocol=protocol, key=key, valid_from=since)
            self._enter(row)

    def _add_streams(self, readings: Sequence[Reading]) -> None:
        vocabulary: dict[str, ObservedProperty] | None = None
        entries = self.entries
        for reading in readings:
            entry = entries.get((reading.protocol, reading.key))
            if entry is None or reading.code in entry.streams or len(entry.streams) >= MAXIMUM_STREAMS:
                continue
            vocabulary = vocabulary if vocabulary is not None else known_properties()
            entry.streams[reading.code] = _entry(proposed_stream(entry.thing_id, reading, vocabulary))


# Shared by all batches of this process, per version of the register.
_cache: dict[int, dict[KeyName, KeyEntry]] = {}


def forget() -> None:
    """Drop the cache: a batch has failed and may have left entries of rows that were never committed."""
    _cache.clear()


def _register_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM sensing_register")
        return int(cursor.fetchone()[0])


def _cached() -> dict[KeyName, KeyEntry]:
    return _cache.get(_register_version(), {})


def _remember(version: int, entries: dict[KeyName, KeyEntry]) -> None:
    if version not in _cache:
        _cache.clear()
    _cache.setdefault(version, {}).update(entries)


def known_properties() -> dict[str, ObservedProperty]:
    """The county's vocabulary by code and by alias."""
    rows = list(ObservedProperty.objects.all())
    by_alias = {alias: row for row in rows for alias in row.aliases}
    return by_alias | {row.code: row for row in rows}


def proposed_stream(thing_id: int, reading: Reading, vocabulary: dict[str, ObservedProperty]) -> Datastream:
    """A new datastream for a code that a device sent; its unit is proposed, a person confirms it."""
    parts = reading.code.split("/")
    known = vocabulary.get(reading.code) or vocabulary.get(parts[0])
    values: dict[str, Any] = {}
    if known is not None:
        values = {"unit": known.unit, "low": known.low, "high": known.high, "decimals": known.decimals}
    text_only = reading.value is None and reading.text is not None
    stream, _made = Datastream.objects.get_or_create(
        thing_id=thing_id,
        code=reading.code,
        defaults={
            "property": known,
            "confirmed": text_only,
            "kind": Datastream.Kind.TEXT if text_only else Datastream.Kind.LEVEL,
            "step_s": next((_STEPS[part] for part in parts[1:] if part in _STEPS), _DEFAULT_STEP),
            **values,
        },
    )
    return stream


def _streams(things: Iterable[int]) -> QuerySet[Datastream]:
    return Datastream.objects.filter(thing_id__in=list(things)).select_related("latest")


def _entry(stream: Datastream) -> StreamEntry:
    try:
        last = stream.latest.value
    except Latest.DoesNotExist:
        last = None
    checks = Checks(
        low=stream.low,
        high=stream.high,
        step=stream.checks.get("step"),
        stuck=stream.checks.get("stuck"),
        resolution=stream.resolution,
        spike=bool(stream.checks.get("spike", False)),
        late=timedelta(seconds=stream.late_s) if stream.late_s else None,
    )
    times, over = _fraction(stream.scale)
    is_checked = checks != Checks(late=checks.late, resolution=checks.resolution)
    return StreamEntry(stream.pk, times, over, stream.confirmed, checks, is_checked, Memory(last=last))


def _fraction(scale: float) -> tuple[float, float]:
    """A scale as factor and divisor: dividing by 1000 is exact where multiplying by 0.001 is not."""
    if 0 < scale < 1 and 1 / round(1 / scale) == scale:
        return 1.0, float(round(1 / scale))
    return scale, 1.0


def _free_code(protocol: str, key: str) -> str:
    """A code for the thing of an unknown key; a key that was ended leaves its code taken."""
    code = f"{protocol}:{key}"[:80]
    if not Thing.objects.filter(code=code).exists():
        return code
    return f"{code[:70]}~{Thing.objects.filter(code__startswith=code[:70]).count() + 1}"
