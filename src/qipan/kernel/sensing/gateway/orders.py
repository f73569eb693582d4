"""Orders to devices: taken from the table, sent over the device's link, answered by the device."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from qipan.kernel.base import events
from qipan.kernel.base.clock import now
from qipan.kernel.sensing.events import OrderAnswered
from qipan.kernel.sensing.gateway.codecs import Codec, OrderText, Reply
from qipan.kernel.sensing.gateway.links import Link, Switchboard
from qipan.kernel.sensing.models import Order

log = logging.getLogger(__name__)
RESEND_S = 10.0
RESENDS = 3
_AT_ONCE = 500
_REPLIES_LIMIT = 5_000
T = TypeVar("T")
InDatabase = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Queued:
    """An order that waits for its device."""

    id: int
    protocol: str
    text: OrderText


@dataclass(slots=True)
class _Sent:
    """An order that was sent and waits for its answer."""

    raw: bytes
    protocol: str
    key: str
    reference: str
    next_at: float
    resends: int = 0


class OrderDesk:
    """Sends queued orders to the devices that are connected here, repeats them, notes the answers."""

    def __init__(self, board: Switchboard, codecs: Mapping[str, Codec], in_database: InDatabase) -> None:
        self._board = board
        self._codecs = codecs
        self._in_database = in_database
        self._sent: dict[tuple[str, str, str], _Sent] = {}
        self._replies: list[tuple[str, str, Reply]] = []

    def reply(self, protocol: str, key: str, reply: Reply) -> None:
        """A device spoke about an order; written at the next turn."""
        self._sent.pop((protocol, key, reply.reference), None)
        if len(self._replies) < _REPLIES_LIMIT:
            self._replies.append((protocol, key, reply))

    async def turn(self, instant: float) -> None:
        """One round: answers into the table, unanswered orders again, queued orders out."""
        replies, self._replies = self._replies, []
        if replies:
            try:
                await self._in_database(settle, replies)
            except Exception:
                self._replies = [*replies, *self._replies][:_REPLIES_LIMIT]
                raise
        self._resend(instant)
        if not self._board.sessions:
            return
        for order in await self._in_database(queued, list(self._board.sessions)):
            await self._send(order, instant)

    async def _send(self, order: Queued, instant: float) -> None:
        link = self._board.sessions.get((order.protocol, order.text.key))
        if link is None:
            return
        try:
            outgoing = self._codecs[order.protocol].order(order.text, now())
        except ValueError as error:
            await self._in_database(refuse, order.id, str(error))
            return
        # claimed before it is sent: an order may be lost by a crash here and expire, but never be sent twice
        if not await self._in_database(claim, order.id, outgoing.reference):
            return
        self._write(link, order.text.key, outgoing.raw)
        name = (order.protocol, order.text.key, outgoing.reference)
        self._sent[name] = _Sent(outgoing.raw, *name, instant + RESEND_S)

    def _resend(self, instant: float) -> None:
        for name, sent in tuple(self._sent.items()):
            if instant < sent.next_at:
                continue
            link = self._board.sessions.get((sent.protocol, sent.key))
            if sent.resends >= RESENDS:
                del self._sent[name]
                continue
            sent.resends += 1
            sent.next_at = instant + RESEND_S
            if link is not None:
                self._write(link, sent.key, sent.raw)

    def _write(self, link: Link, key: str, raw: bytes) -> None:
        if link.send(raw):
            self._board.pipeline.note(link.record(raw, key, direction="out", outcome="sent"))


def queued(sessions: Sequence[tuple[str, str]]) -> list[Queued]:
    """Orders for these sessions that wait to be sent; those whose time is over are expired first."""
    instant = now()
    waiting = (Order.State.QUEUED, Order.State.SENT)
    Order.objects.filter(state__in=waiting, expires_at__lte=instant).update(state=Order.State.EXPIRED)
    here = set(sessions)
    rows = (
        Order.objects.filter(state=Order.State.QUEUED, device_key__protocol__in={name for name, _key in here})
        .order_by("created_at")
        .values_list("id", "device_key__protocol", "device_key__key", "command", "parameters")
    )
    found = [
        Queued(number, protocol, OrderText(key, command, parameters))
        for number, protocol, key, command, parameters in rows.iterator(chunk_size=2_000)
        if (protocol, key) in here
    ]
    return found[:_AT_ONCE]


def claim(order: int, reference: str) -> bool:
    """Mark a queued order as sent; False when another gateway was faster or it was withdrawn."""
    changes = {"state": Order.State.SENT, "sent_at": now(), "reference": reference}
    return Order.objects.filter(pk=order, state=Order.State.QUEUED).update(**changes) == 1


def refuse(order: int, reason: str) -> None:
    """An order that cannot be said to this device."""
    with transaction.atomic():
        changes = {"state": Order.State.REFUSED, "answered_at": now(), "answer": {"error": reason}}
        if Order.objects.filter(pk=order, state=Order.State.QUEUED).update(**changes):
            events.publish(OrderAnswered(order))


def settle(replies: Sequence[tuple[str, str, Reply]]) -> None:
    """Write what devices said about their orders; words about unknown orders are left."""
    for protocol, key, reply in replies:
        with transaction.atomic():
            order = (
                Order.objects.select_for_update(of=("self",))
                .filter(device_key__protocol=protocol, device_key__key=key, reference=reply.reference)
                .filter(state=Order.State.SENT)
                .first()
            )
            if order is not None:
                _settle(order, reply, now())


def _settle(order: Order, reply: Reply, instant: datetime) -> None:
    order.answer = {**order.answer, **reply.values}
    order.answered_at = instant
    if reply.final:
        order.state = Order.State.ACKED if reply.good else Order.State.REFUSED
    order.save(update_fields=["answer", "answered_at", "state"])
    if reply.final:
        events.publish(OrderAnswered(order.pk))
