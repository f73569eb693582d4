"""Observations as PostgreSQL's binary COPY wants them, and the arrays of the slow way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
UNIX_TO_EPOCH_US = 946_684_800_000_000
HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
COLUMNS = "ts, value, frame_id, datastream_id, quality, version"

_FULL = np.dtype(
    [
        ("fields", ">i2"),
        ("ts_size", ">i4"),
        ("ts", ">i8"),
        ("value_size", ">i4"),
        ("value", ">f8"),
        ("frame_size", ">i4"),
        ("frame", ">i8"),
        ("stream_size", ">i4"),
        ("stream", ">i4"),
        ("quality_size", ">i4"),
        ("quality", ">i4"),
        ("version_size", ">i4"),
        ("version", ">i2"),
    ]
)
# A row without a value says -1 for the value's size and leaves the value out.
_EMPTY = np.dtype([(name, _FULL.fields[name][0]) for name in _FULL.names if name != "value"])  # type: ignore[index, union-attr]


@dataclass(slots=True)
class Row:
    """One observation on its way into the store; ``us`` is µs since 2000-01-01 UTC."""

    us: int
    stream: int
    value: float | None
    text: str | None
    quality: int
    frame: int
    received: datetime


def microseconds(instant: datetime) -> int:
    """µs since 2000-01-01 UTC, as PostgreSQL counts."""
    gap = instant - _EPOCH
    return (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds


def instant(us: int) -> datetime:
    """The aware instant of µs since 2000-01-01 UTC."""
    return datetime.fromtimestamp((us + UNIX_TO_EPOCH_US) // 1_000_000, UTC).replace(
        microsecond=us % 1_000_000
    )


def copy_binary(rows: Sequence[Row]) -> bytes:
    """The whole COPY BINARY stream of these rows."""
    full = [row for row in rows if row.value is not None]
    empty = [row for row in rows if row.value is None]
    return b"".join((HEADER, _pack(full, _FULL), _pack(empty, _EMPTY), TRAILER))


def _pack(rows: Sequence[Row], shape: np.dtype[Any]) -> bytes:
    packed = np.empty(len(rows), shape)
    packed["fields"] = 6
    packed["ts_size"] = packed["frame_size"] = 8
    packed["stream_size"] = packed["quality_size"] = 4
    packed["version_size"] = 2
    packed["ts"] = [row.us for row in rows]
    packed["frame"] = [row.frame for row in rows]
    packed["stream"] = [row.stream for row in rows]
    packed["quality"] = [row.quality for row in rows]
    packed["version"] = 0
    if shape is _FULL:
        packed["value_size"] = 8
        packed["value"] = [row.value for row in rows]
    else:
        packed["value_size"] = -1
    return packed.tobytes()


def columns(rows: Sequence[Row]) -> tuple[list[Any], ...]:
    """Streams, instants, values, frames, qualities: one list per column."""
    return (
        [row.stream for row in rows],
        [instant(row.us) for row in rows],
        [row.value for row in rows],
        [row.frame for row in rows],
        [row.quality for row in rows],
    )


def days(rows: Sequence[Row]) -> npt.NDArray[np.int64]:
    """Distinct county days of the rows, as days since 1970-01-01."""
    us = np.fromiter((row.us for row in rows), np.int64, len(rows))
    return np.unique((us + UNIX_TO_EPOCH_US + 8 * 3_600_000_000) // 86_400_000_000)


def hours(rows: Sequence[Row]) -> list[int]:
    """Distinct hours since 1970 that the rows fall into."""
    us = np.fromiter((row.us for row in rows), np.int64, len(rows))
    return [int(hour) for hour in np.unique((us + UNIX_TO_EPOCH_US) // 3_600_000_000)]
