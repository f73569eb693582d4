"""Observations on their way into the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from qipan.kernel.sensing.packing import COPY_HEADER, COPY_TRAILER

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_UNIX_TO_EPOCH_US = 946_684_800_000_000
_HOUR_US = 3_600_000_000
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
# A row without a value gives -1 as the value's size and leaves the value out.
_EMPTY = np.dtype([(name, _FULL[name]) for name in _FULL.names or () if name != "value"])


@dataclass(slots=True)
class Row:
    """One observation; ``us`` is its instant in µs since 2000-01-01 UTC."""

    us: int
    ts: datetime
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


def copy_binary(rows: Sequence[Row]) -> bytes:
    """The whole COPY BINARY stream of these rows, in the order of ``COLUMNS``."""
    full = [row for row in rows if row.value is not None]
    empty = [row for row in rows if row.value is None]
    return b"".join((COPY_HEADER, _pack(full, _FULL), _pack(empty, _EMPTY), COPY_TRAILER))


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


def _unix_us(rows: Sequence[Row]) -> npt.NDArray[np.int64]:
    return np.fromiter((row.us for row in rows), np.int64, len(rows)) + _UNIX_TO_EPOCH_US


def days(rows: Sequence[Row]) -> list[int]:
    """Distinct county days (UTC+8) of the rows, as days since 1970-01-01."""
    return [int(day) for day in np.unique((_unix_us(rows) + 8 * _HOUR_US) // (24 * _HOUR_US))]


def hours(rows: Sequence[Row]) -> list[int]:
    """Distinct hours since 1970 that the rows fall into."""
    return [int(hour) for hour in np.unique(_unix_us(rows) // _HOUR_US)]
