"""Connections of devices: one link each, with the limits that keep a bad peer from the good ones."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.gateway.codecs import Codec, Decoded, Reply
from qipan.kernel.sensing.gateway.limits import Bans, TokenBucket
from qipan.kernel.sensing.gateway.pipeline import Pipeline
from qipan.kernel.sensing.gateway.spool import SpoolFull
from qipan.kernel.sensing.readings import FrameRecord

log = logging.getLogger(__name__)
NONSENSE_BYTES = 8 * 1024
STALE_S = 60.0
UNKNOWN_S = 120.0
RAW_LIMIT = 4096
SEND_LIMIT = 256 * 1024


@dataclass(frozen=True)
class Limits:
    """What one gateway process takes."""

    links: int = 6_000
    accepts_per_s: float = 500.0
    frames_per_s: float = 200.0
    burst_frames: float = 4_000.0


@dataclass(slots=True)
class LinkCounts:
    """What the links have seen since the start."""

    opened: int = 0
    turned_away: int = 0
    frames: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    unanswered: int = 0

    def refuse(self, reason: str) -> None:
        """Count a refused frame by the first word of its reason."""
        word = reason.split(":")[0][:40]
        self.refused[word] = self.refused.get(word, 0) + 1


class Switchboard:
    """All links of a gateway process: who is connected by which key."""

    def __init__(self, pipeline: Pipeline, limits: Limits | None = None) -> None:
        self.pipeline = pipeline
        self.limits = limits or Limits()
        self.counts = LinkCounts()
        self.links: set[Link] = set()
        self.sessions: dict[tuple[str, str], Link] = {}
        self.bans = Bans()
        self.on_reply: Callable[[str, str, Reply], None] = lambda protocol, key, reply: None
        self.on_open: Callable[[Link, str], None] = lambda link, key: None
        self.on_close: Callable[[Link], None] = lambda link: None
        self._accepts = TokenBucket(self.limits.accepts_per_s, self.limits.accepts_per_s)
        self._rates: dict[tuple[str, str], TokenBucket] = {}

    def admit(self, host: str, instant: float) -> bool:
        """Whether a new connection may stay; more than the rate per second are sent away to come again."""
        allowed = (
            len(self.links) < self.limits.links
            and not self.bans.banned(host, instant)
            and self._accepts.take(instant) == 0.0
        )
        if not allowed:
            self.counts.turned_away += 1
        return allowed

    def trusted(self, host: str) -> bool:
        """Whether known devices talk from this address at present."""
        return any(link.host == host and link.keys for link in self.links)

    def enter(self, link: "Link", key: str) -> None:
        """A device has called over this link; the newest link of a key gets its orders."""
        self.sessions[link.codec.name, key] = link
        self.on_open(link, key)

    def leave(self, link: "Link") -> None:
        """A link is gone."""
        self.links.discard(link)
        for key in link.keys:
            name = (link.codec.name, key)
            if self.sessions.get(name) is link:
                del self.sessions[name]
        self.on_close(link)

    def pace(self, protocol: str, key: str, instant: float) -> float:
        """Seconds that a device which sends too much has to wait."""
        bucket = self._rates.get((protocol, key))
        if bucket is None:
            if len(self._rates) >= 20_000:
                self._rates.clear()
            bucket = self._rates[protocol, key] = TokenBucket(
                self.limits.frames_per_s, self.limits.burst_frames
            )
        return bucket.take(instant)

    def sweep(self) -> None:
        """Drop frames that never completed and links that are silent; call every few seconds."""
        instant = asyncio.get_running_loop().time()
        for link in tuple(self.links):
            link.check(instant)
        self.pipeline.expire()


class Link(asyncio.Protocol):
    """One connection of one codec."""

    def __init__(self, board: Switchboard, codec: Codec) -> None:
        self.board = board
        self.codec = codec
        self.keys: set[str] = set()
        self.host = ""
        self.peer = ""
        self.since = now()
        self.last_heard = self.since
        self.frames = 0
        self.bytes = 0
        self.end_reason = ""
        self._framer = codec.framer()
        self._transport: asyncio.Transport | None = None
        self._heard = 0.0
        self._pending_since = 0.0
        self._idle_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the peer or send it away."""
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername") or ("", 0)
        self.host, self.peer = str(name[0]), f"{name[0]}:{name[1]}"
        instant = asyncio.get_running_loop().time()
        self._heard = instant
        if not self.board.admit(self.host, instant):
            self._transport.abort()
            return
        self._transport.set_write_buffer_limits(high=SEND_LIMIT)
        self.board.links.add(self)
        self.board.counts.opened += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the link; an unfinished frame is logged."""
        if self not in self.board.links:
            return
        rest = self._framer.drop()
        if rest is not None:
            self._refuse(replace(self._decode(rest), reason="cut off", nonsense=False))
        self.end_reason = self.end_reason or (type(exc).__name__ if exc is not None else "closed by device")
        self.board.leave(self)

    def data_received(self, data: bytes) -> None:
        """Cut the stream and take every frame."""
        if self not in self.board.links:
            return
        instant = asyncio.get_running_loop().time()
        if not self.bytes and not self.codec.plausible(data):
            self._nonsense(data[:RAW_LIMIT], "first bytes")
            self.close("first bytes")
            return
        self._heard = instant
        self.bytes += len(data)
        self._idle_bytes += len(data)
        received = now()
        self.last_heard = received
        items = self._framer.feed(data)
        wait = max((self._take(item, received, instant) for item in items), default=0.0)
        if not self._framer.pending:
            self._pending_since = 0.0
        elif items or not self._pending_since:
            self._pending_since = instant
        if self._idle_bytes > NONSENSE_BYTES:
            self._nonsense(data[:RAW_LIMIT], "no frame")
            self.close("8 KiB without a frame")
        elif self.board.pipeline.congested:
            self._pause()
            self.board.pipeline.when_relieved(self._resume)
        elif wait:
            self._pause()
            asyncio.get_running_loop().call_later(wait, self._resume)

    def check(self, instant: float) -> None:
        """Drop a frame that does not complete, close a silent link."""
        if self._pending_since and instant - self._pending_since > STALE_S:
            self._pending_since = 0.0
            rest = self._framer.drop()
            if rest is not None:
                self._refuse(self._decode(rest))
        limit = self.codec.idle_s if self.keys else UNKNOWN_S
        if instant - self._heard > limit:
            self.close("silent")

    def send(self, data: bytes) -> bool:
        """Write to the device; False when the link is closed or the device does not read."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > SEND_LIMIT:
            self.close("does not read")
            return False
        transport.write(data)
        return True

    def answer(self, answers: Sequence[bytes]) -> int:
        """Send answers in one piece; a device that is gone will send its frames again."""
        if self.send(b"".join(answers)):
            return len(answers)
        self.board.counts.unanswered += len(answers)
        return 0

    def quiet(self) -> None:
        """Read no more; answers still go out."""
        self._pause()

    def close(self, reason: str) -> None:
        """Close the connection."""
        self.end_reason = self.end_reason or reason
        if self._transport is not None:
            self._transport.close()

    def record(self, raw: bytes, key: str, *, direction: str, outcome: str, reason: str = "") -> FrameRecord:
        """A frame of this link for the log."""
        return FrameRecord(now(), self.peer, self.codec.name, key, direction, raw, outcome, reason)

    def _decode(self, item: Any) -> Decoded:
        """Understand an item; a fault in a codec costs one frame, not the link."""
        try:
            return self.codec.decode(item, self.host)
        except Exception:
            raw = bytes(getattr(item, "raw", b""))
            log.exception("%s: frame of %s cannot be read: %r", self.codec.name, self.peer, raw[:200])
            return Decoded(raw, "", False, "error")

    def _take(self, item: Any, received: datetime, instant: float) -> float:
        """Accept or refuse one frame; seconds that its device has to wait when it sends too much."""
        decoded = self._decode(item)
        if not decoded.accepted:
            self._refuse(decoded)
            return 0.0
        key = decoded.key
        self._idle_bytes = 0
        self.frames += 1
        self.board.counts.frames += 1
        if key not in self.keys:
            self.keys.add(key)
            self.board.bans.sense(self.host)
        if self.board.sessions.get((self.codec.name, key)) is not self:
            self.board.enter(self, key)
        frame = FrameRecord(received, self.peer, self.codec.name, key, "in", decoded.raw, "accepted", "")
        try:
            self.board.pipeline.accept(frame, decoded, self)
        except SpoolFull:
            # the device gets no answer and sends again when there is room
            self.board.counts.refuse("spool full")
            return 0.0
        if decoded.reply is not None:
            self.board.on_reply(self.codec.name, key, decoded.reply)
        return 0.0 if decoded.urgent else self.board.pace(self.codec.name, key, instant)

    def _refuse(self, decoded: Decoded) -> None:
        if decoded.nonsense:
            self._nonsense(decoded.raw, decoded.reason, decoded.key)
            return
        if decoded.key:
            # damaged, but of this protocol: a station with a wrong checksum is to be seen, not shut out
            self._idle_bytes = 0
        self.board.counts.refuse(decoded.reason)
        self._log_refused(decoded.raw, decoded.reason, decoded.key)

    def _nonsense(self, raw: bytes, reason: str, key: str = "") -> None:
        """Log nonsense and count it against the peer, who may be shut out for it."""
        self.board.counts.refuse(reason)
        self._log_refused(raw, reason, key)
        trusted = bool(self.keys) or self.board.trusted(self.host)
        if self.board.bans.nonsense(self.host, asyncio.get_running_loop().time(), trusted=trusted):
            log.warning("%s is shut out for ten minutes: %s", self.host, reason)
            self.close("nonsense")

    def _log_refused(self, raw: bytes, reason: str, key: str) -> None:
        record = self.record(raw[:RAW_LIMIT], key, direction="in", outcome="refused", reason=reason)
        self.board.pipeline.note(record)

    def _pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
