"""Observations of the hot store as Arrow tables, read in PostgreSQL's binary format."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from qipan.kernel.sensing.packing import COPY_HEADER, COPY_TRAILER, binary_cursor

_UNIX_TO_EPOCH_US = 946_684_800_000_000
SCHEMA = pa.schema(
    [
        ("datastream", pa.int32()),
        ("ts", pa.timestamp("us")),
        ("value", pa.float64()),
        ("quality", pa.int32()),
        ("version", pa.int32()),
    ]
)
_SHAPE = np.dtype(
    [
        ("fields", ">i2"),
        ("stream_size", ">i4"),
        ("datastream", ">i4"),
        ("ts_size", ">i4"),
        ("ts", ">i8"),
        ("value_size", ">i4"),
        ("value", ">f8"),
        ("quality_size", ">i4"),
        ("quality", ">i4"),
        ("version_size", ">i4"),
        ("version", ">i2"),
    ]
)
# NULL becomes NaN, so that every row has one size; a stored value is never NaN.
_SELECT = """COPY (
    SELECT datastream_id, ts, coalesce(value, 'NaN'), quality, version FROM sensing_observation
    WHERE {where} ORDER BY datastream_id, ts
) TO STDOUT (FORMAT BINARY)"""


def between(streams: Sequence[int], start: datetime, end: datetime) -> pa.Table:
    """Observations of these streams with start ≤ ts < end, by stream and instant."""
    where = "datastream_id = ANY(%s) AND ts >= %s AND ts < %s"
    return _read(where, [list(streams), start, end])


def of_day(start: datetime, end: datetime) -> pa.Table:
    """All observations with start ≤ ts < end, by stream and instant."""
    return _read("ts >= %s AND ts < %s", [start, end])


def texts_of_day(start: datetime, end: datetime) -> pa.Table:
    """All texts with start ≤ ts < end."""
    with binary_cursor() as cursor:
        cursor.execute(
            "SELECT datastream_id, ts AT TIME ZONE 'UTC', text FROM sensing_text WHERE ts >= %s AND ts < %s",
            [start, end],
        )
        rows = cursor.fetchall()
    schema = pa.schema([("datastream", pa.int32()), ("ts", pa.timestamp("us")), ("text", pa.string())])
    names = ("datastream", "ts", "text")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)


def _read(where: str, parameters: Sequence[object]) -> pa.Table:
    with binary_cursor() as cursor, cursor.copy(_SELECT.format(where=where), parameters) as copy:
        data = b"".join(bytes(block) for block in copy)
    rows = np.frombuffer(data[len(COPY_HEADER) : -len(COPY_TRAILER)], _SHAPE)
    value = rows["value"].astype("f8")
    return pa.table(
        [
            pa.array(rows["datastream"].astype("i4")),
            pa.array(rows["ts"].astype("i8") + _UNIX_TO_EPOCH_US).cast(pa.timestamp("us")),
            pa.array(value, mask=np.isnan(value)),
            pa.array(rows["quality"].astype("i4")),
            pa.array(rows["version"].astype("i4")),
        ],
        schema=SCHEMA,
    )


def naive(instant: datetime) -> datetime:
    """An aware instant as the lake keeps it: UTC without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None)
