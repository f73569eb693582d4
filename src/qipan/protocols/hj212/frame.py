"""The HJ 212 frame: ``##``, four-digit length, data segment, four hex digits of CRC, CR LF.

Source: HJ 212-2017 §6.3 and annex A. A TCP stream may split frames or stick them together, and real
senders get the length wrong after a value was edited; the framer mends what the CRC proves.
"""

import re
from dataclasses import dataclass

MAXIMUM_SEGMENT = 4096  # the norm says 1024; 1045 is seen in the field
_HEAD = b"##"
_PREFIX = 6
_CRC = 4
_TAIL = b"\r\n* "  # some senders put ** before the line end, some send no line end
_HEX = re.compile(rb"[0-9A-Fa-f]{4}")


def _table() -> tuple[int, ...]:
    rows = []
    for index in range(256):
        value = index
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        rows.append(value)
    return tuple(rows)


_TABLE = _table()


def crc(segment: bytes) -> int:
    """Checksum of a data segment (HJ 212-2017 annex A); shifts before it xors, so it is not MODBUS."""
    value = 0xFFFF
    for byte in segment:
        value = _TABLE[value >> 8 ^ byte]
    return value


@dataclass(frozen=True)
class Frame:
    """A frame whose CRC is right; ``faults`` names what had to be mended."""

    segment: bytes
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rejected:
    """Bytes that are no frame, with the reason ``crc`` or ``length``."""

    raw: bytes
    reason: str


def build(segment: bytes) -> bytes:
    """The frame around a segment; ValueError above ``MAXIMUM_SEGMENT`` bytes."""
    if len(segment) > MAXIMUM_SEGMENT:
        raise ValueError(f"segment: {len(segment)} bytes, at most {MAXIMUM_SEGMENT}")
    return b"##%04d%s%04X\r\n" % (len(segment), segment, crc(segment))


class Framer:
    """Cuts one connection's stream into frames and finds the next one after damage."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[Frame | Rejected]:
        """Take bytes as they arrive; give what they complete, in the order of the stream."""
        self._buffer += data
        found: list[Frame | Rejected] = []
        while (item := self._next()) is not None:
            found.append(item)
        return found

    def _next(self) -> Frame | Rejected | None:
        start = self._buffer.find(_HEAD)
        if start < 0:
            # a lone # at the end may be the first half of the next head
            self._buffer = self._buffer[-1:] if self._buffer.endswith(b"#") else b""
            return None
        self._buffer = self._buffer[start:]
        if len(self._buffer) < _PREFIX:
            return None
        digits = self._buffer[2:_PREFIX]
        if not digits.isdigit() or int(digits) > MAXIMUM_SEGMENT:
            return self._reject("length")
        end = _PREFIX + int(digits)
        if len(self._buffer) >= end + _CRC and self._matches(end):
            return self._accept(end, ())
        limit = self._limit()
        if limit is None and len(self._buffer) < end + _CRC:
            return None
        return self._mend(limit)

    def _limit(self) -> int | None:
        """Where this frame must have ended: at the next head or the line end, if either is here."""
        marks = [self._buffer.find(mark, _PREFIX) for mark in (_HEAD, b"\r\n")]
        return min((mark for mark in marks if mark >= 0), default=None)

    def _matches(self, end: int) -> bool:
        """Whether a right CRC stands at ``end``; 0000 is what stations without one send: refused."""
        text = self._buffer[end : end + _CRC]
        return (
            bool(_HEX.fullmatch(text)) and text != b"0000" and int(text, 16) == crc(self._buffer[_PREFIX:end])
        )

    def _mend(self, limit: int | None) -> Frame | Rejected:
        """The length may lie: believe the CRC that stands just before the frame's visible end."""
        if limit is not None:
            end = len(self._buffer[:limit].rstrip(_TAIL)) - _CRC
            if end >= _PREFIX and self._matches(end):
                return self._accept(end, ("length",))
        return self._reject("crc")

    def _accept(self, end: int, faults: tuple[str, ...]) -> Frame:
        frame = Frame(self._buffer[_PREFIX:end], faults)
        self._buffer = self._buffer[end + _CRC :].lstrip(_TAIL)
        return frame

    def _reject(self, reason: str) -> Rejected:
        following = self._buffer.find(_HEAD, len(_HEAD))
        cut = len(self._buffer) if following < 0 else following
        raw, self._buffer = self._buffer[:cut], self._buffer[cut:]
        if following < 0 and raw.endswith(b"#"):
            raw, self._buffer = raw[:-1], b"#"
        return Rejected(raw, reason)
