"""The one way into the store: batches of readings, each stored exactly once.

Called by the gateway, by pushes over HTTP and by imports, all with the same promise: when
``store_batch`` returns, every reading is committed; calling it again with the same batch changes nothing.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import transaction

from qipan.kernel.base import events
from qipan.kernel.sensing import resolving
from qipan.kernel.sensing.events import ReadingsStored
from qipan.kernel.sensing.models import Thing
from qipan.kernel.sensing.packing import FloatArray, Int4Array, TextArray, TimeArray, binary_cursor
from qipan.kernel.sensing.quality import CLOCK_LIMIT, Quality, examine, time_bits
from qipan.kernel.sensing.readings import FrameRecord, Reading
from qipan.kernel.sensing.resolving import Directory, KeyEntry, StreamEntry
from qipan.kernel.sensing.rows import Row, hours, microseconds
from qipan.kernel.sensing.writing import frame_number, settle, write_frames, write_rows

CHANNEL = "sensing"
# plain numbers: the enumeration's own arithmetic is slow at this rate
_MISSING, _UNIT, _MAINTENANCE = int(Quality.MISSING), int(Quality.UNIT), int(Quality.MAINTENANCE)
_NO_TIME = timedelta()
HEARD_STEP = timedelta(seconds=10)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# Taken just before the commit, so that batch numbers become visible in their order.
_COMMIT_LOCK = 0x5E45

_LATEST = """
INSERT INTO sensing_latest AS l (datastream_id, ts, received_at, value, text, quality, batch_id)
SELECT d, t, r, v, x, q, %s FROM unnest(%s, %s, %s, %s, %s, %s) AS n(d, t, r, v, x, q)
ON CONFLICT (datastream_id) DO UPDATE SET
    previous_ts = CASE WHEN excluded.ts > l.ts THEN l.ts ELSE l.previous_ts END,
    previous_value = CASE WHEN excluded.ts > l.ts THEN l.value ELSE l.previous_value END,
    ts = excluded.ts, received_at = excluded.received_at, value = excluded.value, text = excluded.text,
    quality = excluded.quality, batch_id = excluded.batch_id
WHERE excluded.ts >= l.ts
"""
_BATCH = """
INSERT INTO sensing_batch (at, first_ts, last_ts, rows, datastream_ids, hours)
VALUES (clock_timestamp(), %s, %s, %s, %s, %s) RETURNING id
"""
_HEARD = """
WITH heard AS (
    UPDATE sensing_devicekey k SET last_heard_at = n.at
    FROM unnest(%s, %s, %s) AS n(protocol, key, at)
    WHERE k.protocol = n.protocol AND k.key = n.key AND k.valid_to IS NULL
        AND (k.last_heard_at IS NULL OR k.last_heard_at < n.at)
    RETURNING k.thing_id, n.at
), newest AS (SELECT thing_id, max(at) AS at FROM heard GROUP BY thing_id)
UPDATE sensing_thing t SET last_heard_at = newest.at FROM newest
WHERE t.id = newest.thing_id AND (t.last_heard_at IS NULL OR t.last_heard_at < newest.at)
"""


@dataclass
class BatchResult:
    """What became of a batch.

    ``stored`` are new observations, ``doubles`` were there already, ``revised`` replaced a different
    value; ``refused`` counts readings that cannot be kept, by reason (``clock``, ``quarantine full``).
    ``batch_id`` is None when nothing changed.
    """

    batch_id: int | None = None
    stored: int = 0
    doubles: int = 0
    revised: int = 0
    quarantined: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def store_batch(readings: Sequence[Reading], frames: Sequence[FrameRecord] = ()) -> BatchResult:
    """Store readings and log their frames in one transaction; idempotent.

    Database errors pass to the caller, nothing is stored then. Publishes ``ReadingsStored`` and notifies
    the channel ``sensing`` with the batch number, once, when anything changed.
    """
    try:
        with transaction.atomic():
            return _store(readings, frames)
    except Exception:
        # the cache may name rows that this transaction would have made
        resolving.forget()
        raise


def _store(readings: Sequence[Reading], frames: Sequence[FrameRecord]) -> BatchResult:
    result = BatchResult()
    numbers = [frame_number(frame) for frame in frames]
    write_frames(frames, numbers)
    directory = Directory()
    if readings:
        directory.prepare(readings)
        result.quarantined = len(directory.quarantined)
    first, again = _rows(readings, numbers, directory, result)
    changed: list[Row] = []
    if first:
        new, clashing = write_rows(first)
        result.doubles, replaced = settle(clashing, again)
        result.stored, result.revised = len(new), len(replaced)
        changed = [*new, *replaced]
    _note_heard(readings, frames, directory)
    if changed:
        result.batch_id = announce(changed)
    return result


def _rows(
    readings: Sequence[Reading], numbers: Sequence[int], directory: Directory, result: BatchResult
) -> tuple[list[Row], list[Row]]:
    """Rows to store: the first of each (stream, instant), and those that come again in this batch."""
    first: dict[tuple[int, int], Row] = {}
    again: list[Row] = []
    entries = directory.entries
    for reading in readings:
        age = reading.received - reading.ts
        if age < -CLOCK_LIMIT or reading.ts < EARLIEST:
            result.refused["clock"] += 1
            continue
        entry = entries.get((reading.protocol, reading.key))
        stream = entry.streams.get(reading.code) if entry else None
        if entry is None or stream is None:
            result.refused["quarantine full"] += 1
            continue
        row = _row(reading, entry, stream, age)
        if reading.frame is not None:
            row.frame = numbers[reading.frame]
        if first.setdefault((row.stream, row.us), row) is not row:
            again.append(row)
    return list(first.values()), again


def _row(reading: Reading, entry: KeyEntry, stream: StreamEntry, age: timedelta) -> Row:
    quality = reading.quality
    if age < _NO_TIME or stream.checks.late is not None:
        quality |= time_bits(age, stream.checks.late)
    value = reading.value
    if value is not None and not math.isfinite(value):
        value = None
    if value is not None:
        value = value * stream.times / stream.over
        if stream.is_checked:
            quality |= examine(value, stream.checks, stream.memory)
    elif reading.text is None:
        quality |= _MISSING
    if not stream.confirmed:
        quality |= _UNIT
    if entry.state == Thing.State.PAUSED:
        quality |= _MAINTENANCE
    ts = reading.ts
    return Row(microseconds(ts), ts, stream.id, value, reading.text, quality, 0, reading.received)


def _note_heard(readings: Sequence[Reading], frames: Sequence[FrameRecord], directory: Directory) -> None:
    """Move each key's last-heard time forward, at most every ``HEARD_STEP``; heartbeats count too."""
    heard = {(reading.protocol, reading.key): reading.received for reading in readings}
    for frame in frames:
        name = (frame.protocol, frame.key)
        if frame.direction == "in" and (name not in heard or frame.received > heard[name]):
            heard[name] = frame.received
    for name, at in tuple(heard.items()):
        entry = directory.entries.get(name)
        if entry is not None and entry.heard is not None and at - entry.heard < HEARD_STEP:
            del heard[name]
        elif entry is not None:
            entry.heard = at
    if not heard:
        return
    ordered = sorted(heard)
    with binary_cursor() as cursor:
        cursor.execute(
            _HEARD,
            [
                TextArray([name[0] for name in ordered]),
                TextArray([name[1] for name in ordered]),
                TimeArray([microseconds(heard[name]) for name in ordered]),
            ],
        )


def announce(changed: Sequence[Row]) -> int:
    """Number the batch, move the latest values, tell those who follow; the last step before the commit."""
    newest: dict[int, Row] = {}
    for row in changed:
        if row.stream not in newest or row.us >= newest[row.stream].us:
            newest[row.stream] = row
    streams = sorted(newest)
    ordered = [newest[stream] for stream in streams]
    first_ts, last_ts = min(row.ts for row in changed), max(row.ts for row in changed)
    numbers = Int4Array(streams)
    latest = [
        numbers,
        TimeArray([row.us for row in ordered]),
        TimeArray([microseconds(row.received) for row in ordered]),
        FloatArray([row.value for row in ordered]),
        TextArray([row.text for row in ordered]),
        Int4Array([row.quality for row in ordered]),
    ]
    with binary_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_COMMIT_LOCK])
        cursor.execute(_BATCH, [first_ts, last_ts, len(changed), numbers, Int4Array(hours(changed))])
        found = cursor.fetchone()
        if found is None:
            raise RuntimeError("INSERT … RETURNING gave no batch number")
        number = int(found[0])
        cursor.execute(_LATEST, [number, *latest])
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(number)])
    events.publish(ReadingsStored(number, first_ts.isoformat(), last_ts.isoformat(), streams))
    return number
