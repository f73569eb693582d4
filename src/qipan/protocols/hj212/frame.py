"""The HJ 212 frame: ``##``, four-digit length, data segment, four hex digits of CRC, CR LF.

Source: HJ 212-2017 §6.3 and annex A. A TCP stream may split frames or stick them together, and real
senders get the length wrong after a value was edited; the framer mends what the CRC proves.
"""

import re
from dataclasses import dataclass, field

from qipan.protocols.hj212.crc import LOW_BYTES, crc, modbus

MAXIMUM_SEGMENT = 4096  # the norm says 1024; 1045 is seen in the field
MAXIMUM_FRAME = MAXIMUM_SEGMENT + 16
_HEAD = b"##"
_PREFIX = 6
_CRC = 4
_TAIL = b"\r\n* "  # some senders put ** before the line end, some send no line end
_HEX = re.compile(rb"[0-9A-Fa-f]{4}")
_NO_CRC = b"0000"


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame whose CRC is right; ``faults`` names what had to be mended, ``raw`` is what came in."""

    segment: bytes
    faults: tuple[str, ...] = ()
    raw: bytes = field(default=b"", compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """Bytes that are no frame.

    ``reason``: ``length`` (no length, or too long), ``crc`` (wrong), ``crc_kind`` (no HJ 212 checksum at all:
    the sender uses another formula), ``timeout`` (never completed).
    """

    raw: bytes
    reason: str


def enclose(segment: bytes) -> bytes:
    """The frame around a segment; ValueError above ``MAXIMUM_SEGMENT`` bytes."""
    if len(segment) > MAXIMUM_SEGMENT:
        raise ValueError(f"segment: {len(segment)} bytes, at most {MAXIMUM_SEGMENT}")
    return b"##%04d%s%04X\r\n" % (len(segment), segment, crc(segment))


def readmit(rejected: Rejected, crc_mode: str) -> Frame | None:
    """The frame, if a station's ``crc_mode`` (``modbus``, ``ignore``) lets it pass after all.

    Only a frame of right length is readmitted; a CRC of 0000 (a station that computes none) never is.
    """
    raw = rejected.raw.rstrip(_TAIL)
    digits, segment, text = raw[2:_PREFIX], raw[_PREFIX:-_CRC], raw[-_CRC:]
    if not rejected.reason.startswith("crc") or not digits.isdigit() or int(digits) != len(segment):
        return None
    if text == _NO_CRC or not _HEX.fullmatch(text):
        return None
    if crc_mode == "ignore" or (crc_mode == "modbus" and int(text, 16) == modbus(segment)):
        return Frame(segment, (f"crc_{crc_mode}",), rejected.raw)
    return None


class Framer:
    """Cuts one connection's stream into frames and finds the next one after damage."""

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame | Rejected]:
        """Take bytes as they arrive; give what they complete, in the order of the stream."""
        self._buffer = self._buffer + data if self._buffer else data
        self._at = 0
        found: list[Frame | Rejected] = []
        while (item := self._next()) is not None:
            found.append(item)
        self._buffer = self._buffer[self._at :]
        return found

    def drop(self) -> Rejected | None:
        """Give up the unfinished frame, for a caller that waited long enough."""
        raw, self._buffer = self._buffer, b""
        return Rejected(raw, "timeout") if raw else None

    def _next(self) -> Frame | Rejected | None:
        buffer = self._buffer
        start = buffer.find(_HEAD, self._at)
        if start < 0:
            # a lone # at the end may be the first half of the next head
            self._at = len(buffer) - buffer.endswith(b"#", self._at)
            return None
        self._at = start
        digits = buffer[start + 2 : start + _PREFIX]
        if len(digits) < _PREFIX - 2:
            return None
        if not digits.isdigit() or int(digits) > MAXIMUM_SEGMENT:
            return self._reject("length")
        end = start + _PREFIX + int(digits)
        if self._matches(end):
            return self._accept(end, ())
        limit = self._limit(start)
        if limit is None:
            # another length may be the right one: only the frame's visible end can tell
            return self._reject("crc") if len(buffer) - start > MAXIMUM_FRAME else None
        return self._mend(limit)

    def _limit(self, start: int) -> int | None:
        """Where this frame must have ended: at the next head or the line end, if either is here."""
        marks = (self._buffer.find(mark, start + _PREFIX) for mark in (_HEAD, b"\n"))
        return min((mark for mark in marks if mark >= 0), default=None)

    def _matches(self, end: int) -> bool:
        """Whether the right CRC stands at ``end``."""
        text = self._buffer[end : end + _CRC]
        if not _HEX.fullmatch(text):
            return False
        return int(text, 16) == crc(self._buffer[self._at + _PREFIX : end])

    def _mend(self, limit: int) -> Frame | Rejected:
        """The length may lie: believe the CRC that stands just before the frame's visible end."""
        shown = self._buffer[self._at : limit].rstrip(_TAIL)
        end = self._at + len(shown) - _CRC
        if end >= self._at + _PREFIX and self._matches(end):
            return self._accept(end, ("length",))
        text = shown[-_CRC:]
        foreign = bool(_HEX.fullmatch(text)) and int(text, 16) & 0xFF not in LOW_BYTES
        return self._reject("crc_kind" if foreign else "crc")

    def _accept(self, end: int, faults: tuple[str, ...]) -> Frame:
        raw = self._buffer[self._at : end + _CRC]
        self._at = end + _CRC
        return Frame(raw[_PREFIX:-_CRC], faults, raw)

    def _reject(self, reason: str) -> Rejected:
        following = self._buffer.find(_HEAD, self._at + 1)
        cut = len(self._buffer) - self._buffer.endswith(b"#") if following < 0 else following
        raw, self._at = self._buffer[self._at : max(cut, self._at + 1)], max(cut, self._at + 1)
        return Rejected(raw, reason)
