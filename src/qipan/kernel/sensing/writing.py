"""How rows reach PostgreSQL: COPY when all are new, row by row judgement when some are there already."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import psycopg
from django.db import connection

from qipan.kernel.base.clock import county_day
from qipan.kernel.sensing import partitions
from qipan.kernel.sensing.models import Revision
from qipan.kernel.sensing.packing import Int4Array, PackedArray, TextArray, TimeArray, binary_cursor
from qipan.kernel.sensing.quality import Quality
from qipan.kernel.sensing.readings import FrameRecord
from qipan.kernel.sensing.rows import COLUMNS, Row, copy_binary, days

_UNIX = date(1970, 1, 1)
_BY_HAND = (Revision.Cause.CORRECTED, Revision.Cause.ANNULLED, Revision.Cause.CALIBRATED)
RAW_LIMIT = 4096
_TRIES = 10
_COPY = f"COPY sensing_observation ({COLUMNS}) FROM STDIN (FORMAT BINARY)"

_PRESENT = """
SELECT n.i, o.value, o.quality, o.version, x.text
FROM unnest(%s, %s) WITH ORDINALITY AS n(d, t, i)
JOIN sensing_observation o ON o.datastream_id = n.d AND o.ts = n.t AND o.ts BETWEEN %s AND %s
LEFT JOIN sensing_text x ON x.datastream_id = n.d AND x.ts = n.t AND x.ts BETWEEN %s AND %s
"""
_REPLACE = """
UPDATE sensing_observation SET value = %s, quality = %s, version = %s, frame_id = %s
WHERE datastream_id = %s AND ts = %s
"""
_TEXTS = """
INSERT INTO sensing_text (datastream_id, ts, text) SELECT * FROM unnest(%s, %s, %s)
ON CONFLICT (datastream_id, ts) DO UPDATE SET text = excluded.text
"""
_FRAMES = """
INSERT INTO sensing_framelog (id, received, peer, protocol, key, direction, raw, outcome, reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


@dataclass(slots=True)
class Clash:
    """A row whose place in the store is taken, and what stands there."""

    row: Row
    value: float | None
    quality: int
    version: int
    text: str | None

    @property
    def equal(self) -> bool:
        """Whether the row says nothing new."""
        return self.row.value == self.value and self.row.text == self.text


def frame_number(frame: FrameRecord) -> int:
    """A frame's number, made from what it is: the same frame has the same number at every replay."""
    digest = hashlib.blake2b(frame.raw, digest_size=8)
    digest.update(
        f"|{frame.received.isoformat()}|{frame.peer}|{frame.protocol}|{frame.key}|{frame.direction}".encode()
    )
    return int.from_bytes(digest.digest(), "big") >> 1


def write_frames(frames: Sequence[FrameRecord], numbers: Sequence[int]) -> None:
    """Log the frames; those that are there already stay as they are."""
    if not frames:
        return
    values = [
        (
            number,
            frame.received,
            frame.peer[:64],
            frame.protocol[:20],
            frame.key[:80],
            frame.direction,
            frame.raw[:RAW_LIMIT],
            frame.outcome,
            frame.reason[:200],
        )
        for number, frame in zip(numbers, frames, strict=True)
    ]
    days_of = {county_day(frame.received) for frame in frames}
    try:
        partitions.with_partitions(partitions.FRAME, days_of, lambda: _copy_frames(values))
    except psycopg.errors.UniqueViolation:
        with binary_cursor() as cursor:
            cursor.executemany(_FRAMES, values)


def _copy_frames(values: Sequence[tuple[Any, ...]]) -> None:
    names = "id, received, peer, protocol, key, direction, raw, outcome, reason"
    types = ("int8", "timestamptz", "varchar", "varchar", "varchar", "varchar", "bytea", "varchar", "varchar")
    statement = f"COPY sensing_framelog ({names}) FROM STDIN (FORMAT BINARY)"
    with binary_cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in values:
            copy.write_row(row)


def write_rows(rows: Sequence[Row]) -> tuple[list[Row], list[Clash]]:
    """Store rows whose (stream, instant) differ from each other; gives the new ones and those that clash.

    COPY is tried first; it fails as a whole when a row is there already, and then the present ones are
    looked up and left out. Another writer may come between: RuntimeError after ``_TRIES`` such races.
    """
    new, clashes = list(rows), list[Clash]()
    for _try in range(_TRIES):
        try:
            data = copy_binary(new)
            partitions.with_partitions(partitions.OBSERVATION, map(_day, days(new)), partial(_copy, data))
        except psycopg.errors.UniqueViolation:
            found = _present(new)
            taken = {id(clash.row) for clash in found}
            clashes += found
            new = [row for row in new if id(row) not in taken]
            if new:
                continue
        write_texts([row for row in new if row.text is not None])
        return new, clashes
    raise RuntimeError(f"{len(new)} rows collided with another writer {_TRIES} times")


def _copy(data: bytes) -> None:
    with binary_cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(data)


def _day(number: int) -> date:
    return _UNIX + timedelta(days=number)


def _present(rows: Sequence[Row]) -> list[Clash]:
    """Those of the rows whose place is taken, with what stands there."""
    first, last = min(row.ts for row in rows), max(row.ts for row in rows)
    arrays = Int4Array([row.stream for row in rows]), TimeArray([row.us for row in rows])
    with binary_cursor() as cursor:
        cursor.execute(_PRESENT, [*arrays, first, last, first, last])
        return [
            Clash(rows[index - 1], value, quality, version, text)
            for index, value, quality, version, text in cursor.fetchall()
        ]


def write_texts(rows: Sequence[Row]) -> None:
    """Store the texts beside their observations; the newest text wins."""
    if not rows:
        return
    newest = list({(row.stream, row.us): row for row in rows}.values())
    arrays = (
        Int4Array([row.stream for row in newest]),
        TimeArray([row.us for row in newest]),
        TextArray([row.text for row in newest]),
    )
    partitions.with_partitions(partitions.TEXT, map(_day, days(newest)), lambda: _put_texts(arrays))


def _put_texts(arrays: Sequence[PackedArray]) -> None:
    with binary_cursor() as cursor:
        cursor.execute(_TEXTS, arrays)


def settle(clashes: Sequence[Clash], again: Sequence[Row]) -> tuple[int, list[Row]]:
    """Judge rows whose place is taken: equal ones are doubles, a newer different one replaces the value.

    ``again`` are rows that stood twice in one batch: their place is looked up here. Gives the number of
    doubles and the rows that now stand in the store. What a person has set is never replaced; the refused
    value is kept as a revision that was not applied.
    """
    doubles = 0
    replaced: list[Row] = []
    different = [clash for clash in clashes if not clash.equal]
    doubles += len(clashes) - len(different)
    for row in again:
        clash = _present([row])[0]
        doubles, different = (doubles + 1, different) if clash.equal else (doubles, [*different, clash])
    for clash in different:
        revision = _revise(clash)
        doubles += revision is None
        if revision is not None and revision.applied:
            replaced.append(clash.row)
    write_texts([row for row in replaced if row.text is not None])
    return doubles, replaced


def _revise(clash: Clash) -> Revision | None:
    """Replace a stored value by a newer one from the device, unless a person has set it; None for replays."""
    row = clash.row
    earlier = list(Revision.objects.filter(datastream_id=row.stream, ts=row.ts))
    if any(revision.at >= row.received for revision in earlier):
        return None
    version = max([clash.version, *(revision.version for revision in earlier)]) + 1
    applied = not any(revision.cause in _BY_HAND for revision in earlier)
    row.quality |= int(Quality.DUPLICATE)
    if applied:
        with connection.cursor() as cursor:
            cursor.execute(_REPLACE, [row.value, row.quality, version, row.frame, row.stream, row.ts])
    return Revision.objects.create(
        datastream_id=row.stream,
        ts=row.ts,
        version=version,
        old_value=clash.value,
        new_value=row.value,
        old_quality=clash.quality,
        new_quality=row.quality,
        cause=Revision.Cause.RESENT,
        applied=applied,
        at=row.received,
    )
