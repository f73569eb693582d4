"""What the gateway hands to the store: readings, and the frames they came in."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one datastream as a device sent it, before its datastream row is known.

    ``protocol`` and ``key`` name the device (``DeviceKey``), ``code`` its datastream
    (``a34004``, ``a34004/hour/avg``). ``ts`` is the phenomenon time, aware, UTC; for a value of an interval
    it is the interval's end and ``interval_start`` its start. ``value`` is in the unit the device sends.
    ``text`` is the value of a text stream when ``value`` is None; beside a value it is the device's own
    flag, where that says more than "normal". ``quality`` holds the bits of ``sensing.quality``.
    ``frame`` is the index of the frame among the frames of the same batch, None when there is none.
    """

    protocol: str
    key: str
    code: str
    ts: datetime
    value: float | None
    text: str | None
    quality: int
    received: datetime
    frame: int | None = None
    interval_start: datetime | None = None


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One frame for the frame log.

    ``direction`` is ``in`` or ``out``; ``outcome`` is ``accepted``, ``refused``, ``quarantined`` or ``sent``;
    ``reason`` says why a frame was refused (``crc``, ``length``, ``time``, …) or which faults were mended.
    """

    received: datetime
    peer: str
    protocol: str
    key: str
    direction: str
    raw: bytes
    outcome: str
    reason: str = ""
