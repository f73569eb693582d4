"""Divided messages (bit D of Flag, PNUM, PNO) joined again.

Source: HJ 212-2017 §6.3.2. Packets may come in any order and twice; what is still missing after a minute is
given up and the message marked partial.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from qipan.protocols.hj212.segment import Group, Message

WAIT = timedelta(seconds=60)
PENDING_LIMIT = 4096
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Joined(Generic[T]):
    """A whole or partial message and the tokens of the packets that made it."""

    message: Message
    tokens: tuple[T, ...]


@dataclass(slots=True)
class _Pending(Generic[T]):
    """A divided message of which some packets came."""

    since: datetime
    total: int
    parts: dict[int, Message] = field(default_factory=dict)
    tokens: list[T] = field(default_factory=list)


class Packets(Generic[T]):
    """Packets that wait for the rest of their message, over all connections of a gateway."""

    def __init__(self, limit: int = PENDING_LIMIT) -> None:
        self._limit = limit
        self._pending: dict[Hashable, _Pending[T]] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, peer: str, message: Message, token: T, now: datetime) -> list[Joined[T]]:
        """What a message completes; an undivided message completes itself.

        ``token`` is the caller's mark of the packet's origin. Over the limit the longest waiting message is
        given up.
        """
        packet = message.packet
        if packet is None or packet.total == 1:
            return [Joined(message, (token,))]
        moment = message.qn or message.get("DataTime")
        key = (peer, message.mn, moment, message.cn, message.st, packet.total)
        pending = self._pending.get(key)
        given_up = []
        if pending is None:
            if len(self._pending) >= self._limit:
                given_up = [_join(self._pending.pop(next(iter(self._pending))))]
            pending = self._pending[key] = _Pending(now, packet.total)
        pending.parts.setdefault(packet.number, message)
        pending.tokens.append(token)
        if len(pending.parts) < pending.total:
            return given_up
        return [*given_up, _join(self._pending.pop(key))]

    def oldest(self) -> T | None:
        """Token of the packet that waits longest."""
        return next((pending.tokens[0] for pending in self._pending.values()), None)

    def expire(self, now: datetime) -> list[Joined[T]]:
        """Messages that waited too long, as far as they came."""
        old = [key for key, pending in self._pending.items() if now - pending.since >= WAIT]
        return [_join(self._pending.pop(key)) for key in old]


def _join(pending: _Pending[T]) -> Joined[T]:
    """One message of the parts in order; the time group that each part repeats is kept once."""
    numbers = sorted(pending.parts)
    first = pending.parts[numbers[0]]
    faults = dict.fromkeys(fault for number in numbers for fault in pending.parts[number].faults)
    missing = [number for number in range(1, pending.total + 1) if number not in pending.parts]
    if missing:
        faults |= dict.fromkeys(("partial", f"missing {','.join(map(str, missing[:20]))}"))
    groups: list[Group] = []
    for number in numbers:
        part = pending.parts[number].groups
        groups += [group for group in part if not (_is_time(group) and group in groups)]
    message = replace(first, packet=None, groups=tuple(groups), faults=tuple(faults))
    return Joined(message, tuple(pending.tokens))


def _is_time(group: Group) -> bool:
    return len(group) == 1 and group[0][0] == "DataTime"
