"""Rows and arrays in PostgreSQL's binary formats, made by numpy.

The driver's own array dumpers work element by element in Python; at tens of thousands of readings a
second they would be most of the cost of storing them.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import psycopg
from django.db import connection
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

COPY_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER = b"\xff\xff"
_INT4, _INT8, _FLOAT8, _TEXT, _TIMESTAMPTZ = 23, 20, 701, 25, 1184


class PackedArray:
    """A one-dimensional array as PostgreSQL's binary format wants it."""

    element: ClassVar[int]

    def __init__(self, body: bytes, length: int, *, has_null: bool = False) -> None:
        head = np.array([1, int(has_null), self.element, length, 1], ">i4").tobytes()
        self.data = head + body


class Int4Array(PackedArray):
    """``int4[]``."""

    element = _INT4

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__(_fixed(values, ">i4"), len(values))


class Int8Array(PackedArray):
    """``int8[]``."""

    element = _INT8

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__(_fixed(values, ">i8"), len(values))


class TimeArray(PackedArray):
    """``timestamptz[]`` from µs since 2000-01-01 UTC."""

    element = _TIMESTAMPTZ

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__(_fixed(values, ">i8"), len(values))


class FloatArray(PackedArray):
    """``float8[]``, with NULL where a value is None."""

    element = _FLOAT8

    def __init__(self, values: Sequence[float | None]) -> None:
        if None not in values:
            super().__init__(_fixed(values, ">f8"), len(values))
            return
        null = b"\xff\xff\xff\xff"
        body = b"".join(null if value is None else _fixed([value], ">f8") for value in values)
        super().__init__(body, len(values), has_null=True)


class TextArray(PackedArray):
    """``text[]``, with NULL where a value is None."""

    element = _TEXT

    def __init__(self, values: Sequence[str | None]) -> None:
        if not any(value is not None for value in values):
            super().__init__(b"\xff\xff\xff\xff" * len(values), len(values), has_null=True)
            return
        super().__init__(b"".join(map(_text, values)), len(values), has_null=True)


def _fixed(values: Sequence[Any], kind: str) -> bytes:
    packed = np.empty(len(values), [("size", ">i4"), ("value", kind)])
    packed["size"] = np.dtype(kind).itemsize
    packed["value"] = values
    return packed.tobytes()


def _text(value: str | None) -> bytes:
    if value is None:
        return b"\xff\xff\xff\xff"
    data = value.replace("\x00", "").encode()
    return len(data).to_bytes(4, "big") + data


class _PackedDumper(Dumper):
    """Hands the ready bytes over."""

    format = Format.BINARY

    def dump(self, obj: PackedArray) -> Buffer | None:
        return obj.data


class _Int4Dumper(_PackedDumper):
    """Says that the bytes are ``int4[]``."""

    oid = 1007


class _Int8Dumper(_PackedDumper):
    """Says that the bytes are ``int8[]``."""

    oid = 1016


class _TimeDumper(_PackedDumper):
    """Says that the bytes are ``timestamptz[]``."""

    oid = 1185


class _FloatDumper(_PackedDumper):
    """Says that the bytes are ``float8[]``."""

    oid = 1022


class _TextDumper(_PackedDumper):
    """Says that the bytes are ``text[]``."""

    oid = 1009


_DUMPERS: dict[type, type[Dumper]] = {
    Int4Array: _Int4Dumper,
    Int8Array: _Int8Dumper,
    TimeArray: _TimeDumper,
    FloatArray: _FloatDumper,
    TextArray: _TextDumper,
}


def binary_cursor() -> psycopg.Cursor[Any]:
    """A cursor on Django's connection that binds on the server and takes packed arrays."""
    connection.ensure_connection()
    cursor = psycopg.Cursor(connection.connection)
    for kind, dumper in _DUMPERS.items():
        cursor.adapters.register_dumper(kind, dumper)
    return cursor
