"""The spool: frames on disk before they are answered, read again until the store has them.

Segment files of 16 MiB named by their number; a record is length, CRC-32, body. A position is segment and
offset in one integer, so that positions grow with time. The file ``mark`` holds the position up to which
the store has committed; segments wholly below it are removed. A torn record at the end (power cut) ends
the reading: it was never confirmed to anybody.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from qipan.kernel.sensing.readings import FrameRecord

SEGMENT_BYTES = 16 * 1024 * 1024
LIMIT_BYTES = 2 * 1024 * 1024 * 1024
RECORD_LIMIT = 1 << 20
_HEAD = struct.Struct("<II")
_BODY = struct.Struct("<qHHH")
_SHIFT = 32
_OFFSET = (1 << _SHIFT) - 1
Record = tuple[int, bytes]
"""Position and bytes."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class SpoolFull(Exception):  # noqa: N818 - named after what has happened
    """The spool has reached its limit; nothing more is taken until the store catches up."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """One record: where it stands, where the next one begins, and the accepted frame."""

    position: int
    after: int
    frame: FrameRecord


def pack(frame: FrameRecord) -> bytes:
    """A record's bytes; ``direction``, ``outcome`` and ``reason`` are made again when it is read."""
    peer, protocol, key = frame.peer.encode(), frame.protocol.encode(), frame.key.encode()
    us = (frame.received - _EPOCH) // _MICROSECOND
    body = b"".join((_BODY.pack(us, len(peer), len(protocol), len(key)), peer, protocol, key, frame.raw))
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def unpack(body: bytes) -> FrameRecord:
    """The frame in a record's body."""
    us, peer, protocol, key = _BODY.unpack_from(body)
    ends = [_BODY.size]
    for length in (peer, protocol, key):
        ends.append(ends[-1] + length)
    texts = [body[begin:end].decode() for begin, end in pairwise(ends)]
    received = _EPOCH + timedelta(microseconds=us)
    return FrameRecord(received, texts[0], texts[1], texts[2], "in", body[ends[-1] :], "accepted")


class Spool:
    """Segment files in one folder.

    ``append`` buffers a frame, ``take`` and ``write`` make what is buffered durable, ``settle`` notes that
    it is. ``write`` and ``read`` may run in a thread of their own, the others belong to the event loop.
    """

    def __init__(self, folder: Path, *, segment: int = SEGMENT_BYTES, limit: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment
        self._limit = limit
        folder.mkdir(parents=True, exist_ok=True)
        self.mark = self._read_mark()
        self.damaged = 0
        self._sizes = {int(path.stem): path.stat().st_size for path in folder.glob("*.spool")}
        self._heal()
        self._tail_segment, self._tail_offset = self._resume()
        self.durable = self.tail
        self._buffer: list[Record] = []
        self.buffered = 0
        self.on_disk = sum(self._sizes.values())
        self._file: int | None = None
        self._file_number = 0
        self._drop_committed()

    @property
    def tail(self) -> int:
        """Where the next record will stand."""
        return self._tail_segment << _SHIFT | self._tail_offset

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self.on_disk + self.buffered >= self._limit

    def append(self, frame: FrameRecord) -> tuple[int, int]:
        """Buffer a frame; its position and the one after it. SpoolFull at the limit."""
        if self.full:
            raise SpoolFull(f"{self.on_disk + self.buffered} bytes")
        record = pack(frame)
        if self._tail_offset and self._tail_offset + len(record) > self._segment_bytes:
            self._tail_segment, self._tail_offset = self._tail_segment + 1, 0
        position = self.tail
        self._buffer.append((position, record))
        self.buffered += len(record)
        self._tail_offset += len(record)
        return position, self.tail

    def take(self) -> list[Record]:
        """The buffered records, for ``write``; they count as buffered until ``settle``."""
        taken, self._buffer = self._buffer, []
        return taken

    def write(self, records: list[Record]) -> None:
        """Write records at their positions and force them to disk; after an OSError it may be tried again."""
        at = 0
        while at < len(records):
            number = records[at][0] >> _SHIFT
            end = at
            while end < len(records) and records[end][0] >> _SHIFT == number:
                end += 1
            file = self._open(number)
            _write_all(file, b"".join(record for _at, record in records[at:end]), records[at][0] & _OFFSET)
            os.fdatasync(file)
            at = end

    def settle(self, records: list[Record]) -> None:
        """Note that these records are on disk."""
        for position, record in records:
            self._sizes[position >> _SHIFT] = (position & _OFFSET) + len(record)
            self.buffered -= len(record)
            self.on_disk += len(record)
            self.durable = position + len(record)

    def read(self, position: int, count: int) -> list[Spooled]:
        """Up to ``count`` durable records from a position on."""
        found: list[Spooled] = []
        for number in sorted(self._sizes):
            if number < position >> _SHIFT:
                continue
            offset = position & _OFFSET if number == position >> _SHIFT else 0
            for item in self._records(number, offset):
                found.append(item)
                if len(found) == count:
                    return found
        return found

    def commit(self, position: int) -> None:
        """Remember that the store has everything before a position."""
        if position <= self.mark:
            return
        self.mark = position
        # no fsync: an older mark after a power cut only means that more is read again
        beside = self.folder / "mark.new"
        beside.write_text(str(position))
        beside.replace(self.folder / "mark")
        self._drop_committed()

    def close(self) -> None:
        """Close the open segment."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _drop_committed(self) -> None:
        """Remove the segments that lie wholly before the mark."""
        for number in sorted(self._sizes):
            if number < self.mark >> _SHIFT and number != self._tail_segment:
                (self.folder / _name(number)).unlink(missing_ok=True)
                self.on_disk -= self._sizes.pop(number)

    def _resume(self) -> tuple[int, int]:
        """Segment and offset to go on at: never before the mark, or new frames would count as stored."""
        number = max([*self._sizes, self.mark >> _SHIFT, 1])
        offset = self._sizes.get(number, 0)
        return (number, offset) if (number << _SHIFT | offset) >= self.mark else (number + 1, 0)

    def _open(self, number: int) -> int:
        if self._file is not None and self._file_number == number:
            return self._file
        self.close()
        self._file = os.open(self.folder / _name(number), os.O_WRONLY | os.O_CREAT, 0o600)
        self._file_number = number
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name of a new file must survive too
        finally:
            os.close(folder)
        return self._file

    def _records(self, number: int, offset: int) -> Iterator[Spooled]:
        """Whole records of a segment, up to what is durable."""
        path = self.folder / _name(number)
        limit = self._sizes[number]
        with path.open("rb") as file:
            file.seek(offset)
            while offset + _HEAD.size <= limit:
                body = _read_body(file)
                if body is None:
                    return
                after = offset + _HEAD.size + len(body)
                yield Spooled(number << _SHIFT | offset, number << _SHIFT | after, unpack(body))
                offset = after

    def _heal(self) -> None:
        """Cut what a crash left half written at the end of a segment."""
        for number in sorted(self._sizes):
            start = self.mark & _OFFSET if number == self.mark >> _SHIFT else 0
            end = start
            for item in self._records(number, start):
                end = item.after & _OFFSET
            if end < self._sizes[number]:
                self.damaged += 1
                os.truncate(self.folder / _name(number), end)
                self._sizes[number] = end

    def _read_mark(self) -> int:
        try:
            return int((self.folder / "mark").read_text())
        except (FileNotFoundError, ValueError):
            return 0


def _name(number: int) -> str:
    return f"{number:012d}.spool"


def _write_all(file: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written


def _read_body(file: BinaryIO) -> bytes | None:
    """The body of the next record, or None when it is torn or damaged."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, checksum = _HEAD.unpack(head)
    if not _BODY.size <= length <= RECORD_LIMIT:
        return None
    body = file.read(length)
    return body if len(body) == length and zlib.crc32(body) == checksum else None
