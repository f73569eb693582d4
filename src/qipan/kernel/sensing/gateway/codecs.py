"""What the gateway asks of a protocol.

A codec stands between a standard's pure functions (``qipan.protocols``) and the gateway: it cuts a stream
into frames, says what each one is, what to send back and what readings it holds. Everything with sockets,
disks and clocks stays in the gateway, so that another protocol is one more class and one line in
``registry.py``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from qipan.kernel.sensing.readings import Reading


@dataclass(slots=True)
class Decoded:
    """One frame, understood or refused.

    ``key`` names the device ("" when unknown). ``accepted`` frames are spooled before ``answer`` goes out;
    the others are only logged with ``reason``. ``nonsense`` counts towards a ban: no device of this
    protocol sends that. ``content`` is the codec's own. ``urgent``: the batch does not wait.
    """

    raw: bytes
    key: str
    accepted: bool
    reason: str = ""
    answer: bytes | None = None
    content: Any = None
    reply: "Reply | None" = None
    nonsense: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """A device's word about an order: by ``reference``, whether it is the end, whether it is good."""

    reference: str
    final: bool
    good: bool
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a frame stands: ``token`` in the spool, ``index`` among the frames of its batch."""

    host: str
    token: int
    index: int
    received: datetime


@dataclass(frozen=True, slots=True)
class Collected:
    """Readings of one message.

    ``quarantined``: it held values and none of them can be a reading; ``reason`` says why.
    """

    readings: Sequence[Reading]
    quarantined: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An order as bytes, and the reference its answer will repeat."""

    raw: bytes
    reference: str


class Framer(Protocol):
    """Cuts one connection's stream into frames."""

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their frame."""

    def feed(self, data: bytes) -> Sequence[Any]:
        """Frames, and what is none, in the order of the stream."""

    def drop(self) -> Any:
        """Give up the unfinished frame; what it was, or None."""


class KeySettings(Protocol):
    """Settings of registered device keys."""

    def settings(self, protocol: str, key: str) -> Mapping[str, Any]:
        """Settings of a key; empty for one that nobody registered."""


class Codec(Protocol):
    """One protocol on one port, for all its connections."""

    @property
    def name(self) -> str:
        """The protocol's name in keys and logs."""

    @property
    def port(self) -> int:
        """The usual port; ``QIPAN_<NAME>_PORT`` sets another."""

    @property
    def idle_s(self) -> float:
        """Seconds of silence after which a link is closed."""

    def framer(self) -> Framer:
        """A framer for a new connection."""

    def plausible(self, first: bytes) -> bool:
        """Whether a connection may begin with these bytes."""

    def decode(self, item: Any, host: str) -> Decoded:
        """Understand what a framer gave; ``host`` is the peer's address without its port."""

    def reread(self, raw: bytes, host: str) -> Decoded:
        """Understand an accepted frame again, out of the spool."""

    def collect(self, decoded: Decoded, origin: Origin) -> list[Collected]:
        """Readings that an accepted frame completes, of its own or of earlier parts."""

    def expire(self, now: datetime) -> list[Collected]:
        """Readings of messages whose missing parts are given up."""

    def oldest(self) -> int | None:
        """Token of the oldest frame that still waits for other parts."""

    def order(self, order: "OrderText", at: datetime) -> Outgoing:
        """An order as bytes; ValueError when this protocol cannot say it."""


@dataclass(frozen=True, slots=True)
class OrderText:
    """What an order says: to which key, which command, with which parameters (JSON)."""

    key: str
    command: str
    parameters: Mapping[str, Any]
