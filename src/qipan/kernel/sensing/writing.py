"""How rows reach PostgreSQL: COPY when all are new, row by row judgement when some are there already."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import psycopg
from django.db import IntegrityError, connection, transaction

from qipan.kernel.base.clock import county_day
from qipan.kernel.sensing import partitions
from qipan.kernel.sensing.models import Revision
from qipan.kernel.sensing.quality import Quality
from qipan.kernel.sensing.readings import FrameRecord
from qipan.kernel.sensing.rows import COLUMNS, Row, columns, copy_binary, days, instant

_UNIX = date(1970, 1, 1)
_BY_HAND = (Revision.Cause.CORRECTED, Revision.Cause.ANNULLED, Revision.Cause.CALIBRATED)
RAW_LIMIT = 4096

_INSERT = f"""
INSERT INTO sensing_observation ({COLUMNS})
SELECT t, v, f, d, q, 0 FROM unnest(
    %s::int4[], %s::timestamptz[], %s::float8[], %s::int8[], %s::int4[]) AS n(d, t, v, f, q)
ON CONFLICT DO NOTHING RETURNING datastream_id, ts
"""
_PRESENT = """
SELECT o.datastream_id, o.ts, o.value, o.quality, o.version, x.text
FROM unnest(%s::int4[], %s::timestamptz[]) AS n(d, t)
JOIN sensing_observation o ON o.datastream_id = n.d AND o.ts = n.t AND o.ts BETWEEN %s AND %s
LEFT JOIN sensing_text x ON x.datastream_id = n.d AND x.ts = n.t
"""
_REPLACE = """
UPDATE sensing_observation SET value = %s, quality = %s, version = %s, frame_id = %s
WHERE datastream_id = %s AND ts = %s
"""
_TEXTS = """
INSERT INTO sensing_text (datastream_id, ts, text)
SELECT * FROM unnest(%s::int4[], %s::timestamptz[], %s::text[])
ON CONFLICT (datastream_id, ts) DO UPDATE SET text = excluded.text
"""
_FRAMES = """
INSERT INTO sensing_framelog (id, received, peer, protocol, key, direction, raw, outcome, reason)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


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
    partitions.ensure(partitions.FRAME, {county_day(frame.received) for frame in frames})
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
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _copy_frames(cursor, values)
    except (IntegrityError, psycopg.errors.UniqueViolation):
        with connection.cursor() as cursor:
            cursor.executemany(_FRAMES, values)


def _copy_frames(cursor: Any, values: Sequence[tuple[Any, ...]]) -> None:
    names = "id, received, peer, protocol, key, direction, raw, outcome, reason"
    types = ("int8", "timestamptz", "varchar", "varchar", "varchar", "varchar", "bytea", "varchar", "varchar")
    with cursor.copy(f"COPY sensing_framelog ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in values:
            copy.write_row(row)


def write_rows(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Store rows whose (stream, instant) differ from each other; gives the new ones and those that clash.

    COPY is tried first; it fails as a whole when one row is there already, and then the database sorts
    the new ones out.
    """
    partitions.ensure(partitions.OBSERVATION, (_UNIX + timedelta(days=int(day)) for day in days(rows)))
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            statement = f"COPY sensing_observation ({COLUMNS}) FROM STDIN (FORMAT BINARY)"
            with cursor.copy(statement) as copy:
                copy.write(copy_binary(rows))
        new, clashing = list(rows), []
    except (IntegrityError, psycopg.errors.UniqueViolation):
        new, clashing = _insert_what_is_new(rows)
    write_texts([row for row in new if row.text is not None])
    return new, clashing


def _insert_what_is_new(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, list(columns(rows)))
        stored = set(cursor.fetchall())
    new: list[Row] = []
    clashing: list[Row] = []
    for row in rows:
        (new if (row.stream, instant(row.us)) in stored else clashing).append(row)
    return new, clashing


def write_texts(rows: Sequence[Row]) -> None:
    """Store the texts beside their observations; the newest text wins."""
    if not rows:
        return
    partitions.ensure(partitions.TEXT, (_UNIX + timedelta(days=int(day)) for day in days(rows)))
    newest = {(row.stream, row.us): row for row in rows}.values()
    with connection.cursor() as cursor:
        cursor.execute(
            _TEXTS,
            [
                [row.stream for row in newest],
                [instant(row.us) for row in newest],
                [row.text for row in newest],
            ],
        )


def settle(clashing: Sequence[Row]) -> tuple[int, list[Row]]:
    """Judge rows whose place is taken: equal ones are doubles, a newer different one replaces the value.

    Gives the number of doubles and the rows that now stand in the store. What a person has set is never
    replaced; the refused value is kept as a revision that was not applied.
    """
    if not clashing:
        return 0, []
    streams, instants, _values, _frames, _qualities = columns(clashing)
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT, [streams, instants, min(instants), max(instants)])
        present = {(row[0], row[1]): row[2:] for row in cursor.fetchall()}
    earlier = _revisions(streams, instants)
    doubles = 0
    replaced: list[Row] = []
    for row, at in zip(clashing, instants, strict=True):
        value, quality, version, text = present[row.stream, at]
        known = earlier.setdefault((row.stream, at), [])
        # a revision at or after this arrival means that the arrival is a replay, not news
        if (row.value, row.text) == (value, text) or any(rev.at >= row.received for rev in known):
            doubles += 1
            continue
        known.append(_revise(row, value, quality, version, known))
        if known[-1].applied:
            present[row.stream, at] = (row.value, row.quality, version + 1, row.text)
            replaced.append(row)
    write_texts([row for row in replaced if row.text is not None])
    return doubles, replaced


def _revisions(streams: list[int], instants: list[Any]) -> dict[tuple[int, Any], list[Revision]]:
    found: dict[tuple[int, Any], list[Revision]] = {}
    rows = Revision.objects.filter(datastream_id__in=set(streams), ts__in=set(instants))
    for revision in rows:
        found.setdefault((revision.datastream_id, revision.ts), []).append(revision)
    return found


def _revise(row: Row, value: float | None, quality: int, version: int, known: Sequence[Revision]) -> Revision:
    """Replace a stored value by a newer one from the device, unless a person has set it."""
    applied = not any(revision.cause in _BY_HAND for revision in known)
    row.quality |= Quality.DUPLICATE
    if applied:
        with connection.cursor() as cursor:
            cursor.execute(
                _REPLACE, [row.value, row.quality, version + 1, row.frame, row.stream, instant(row.us)]
            )
    return Revision.objects.create(
        datastream_id=row.stream,
        ts=instant(row.us),
        version=version + 1,
        old_value=value,
        new_value=row.value,
        old_quality=quality,
        new_quality=row.quality,
        cause=Revision.Cause.RESENT,
        applied=applied,
        at=row.received,
    )
