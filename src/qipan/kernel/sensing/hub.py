"""One LISTEN per process and what it brings, handed to every open stream of live values.

Notifications carry batch numbers only; the hub looks up what the batches changed, once for all streams.
Batch numbers become visible in their order, so "greater than the last one seen" never misses any, whatever
notifications were lost.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.rows import dict_row

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.ingest import CHANNEL
from qipan.kernel.sensing.rules.recording import CHANNEL as RULE_CHANNEL

log = logging.getLogger(__name__)
MAXIMUM_SUBSCRIBERS = 500
RECONNECT_S = 2.0
# Batches that come close together are looked up together.
GATHER_S = 0.2
MAXIMUM_RULE_EVENTS = 1000

_NEWEST = "SELECT coalesce(max(id), 0) AS id FROM sensing_batch"
_BATCHES = "SELECT id, datastream_ids FROM sensing_batch WHERE id > %s ORDER BY id"
_LATEST = """
SELECT datastream_id, ts, received_at, value, text, quality, batch_id FROM sensing_latest
WHERE datastream_id = ANY(%s) AND batch_id > %s
"""
_EVENT = """
SELECT e.id, e.thing_id, e.severity, e.message, e.started_at, e.ended_at, r.code AS rule
FROM sensing_ruleevent e JOIN sensing_rulerow r ON r.id = e.rule_id WHERE e.id = %s
"""


@dataclass(eq=False)
class Subscriber:
    """One open stream: what it wants and what waits for it; only the last value of each stream waits."""

    streams: frozenset[int]
    things: frozenset[int]
    values: dict[int, dict[str, Any]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    cursor: int = 0

    def offer(self, rows: Iterable[dict[str, Any]], cursor: int) -> None:
        """Take values that are new up to a batch."""
        for row in rows:
            number = row["datastream"]
            waiting = self.values.get(number)
            # a look that was overtaken by the listener must not put an older value over a newer one
            if number in self.streams and (waiting is None or waiting["batch"] <= row["batch"]):
                self.values[number] = row
        self.cursor = max(self.cursor, cursor)
        if self.values:
            self.awake.set()

    def offer_rule(self, row: dict[str, Any]) -> None:
        """Take a rule event of one of its things; these are never dropped below the limit."""
        if row["thing"] in self.things and len(self.rules) < MAXIMUM_RULE_EVENTS:
            self.rules.append(row)
            self.awake.set()


class Full(Exception):  # noqa: N818 - named after what it says to the client
    """This process serves as many streams as it can."""


class Hub:
    """The subscribers of one event loop, fed by one listening connection."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.subscribers: set[Subscriber] = set()
        self.cursor = 0
        self._task: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def subscribe(
        self, streams: frozenset[int], things: frozenset[int], cursor: int | None
    ) -> AsyncIterator[Subscriber]:
        """Be fed until the block ends; begins with what is newer than ``cursor`` (None: with all)."""
        if len(self.subscribers) >= MAXIMUM_SUBSCRIBERS:
            raise Full
        subscriber = Subscriber(streams, things)
        self.subscribers.add(subscriber)
        try:
            await self._begin(subscriber, cursor or 0)
            yield subscriber
        finally:
            self.subscribers.discard(subscriber)
            if not self.subscribers and self._task is not None:
                self._task.cancel()

    async def _begin(self, subscriber: Subscriber, cursor: int) -> None:
        """Give what is there already, and let the listener go on from no later than that.

        The look is repeated while the listener is ahead of it, or a batch in between would be missed.
        """
        async with await self._connect() as connection:
            newest, rows = await _since(connection, subscriber.streams, cursor)
            while self._is_running() and newest < self.cursor:
                newest, rows = await _since(connection, subscriber.streams, cursor)
        subscriber.offer(rows, newest)
        if not self._is_running():
            self.cursor = newest
            self._task = asyncio.create_task(self._serve())

    def _is_running(self) -> bool:
        return self._task is not None and not self._task.done() and not self._task.cancelling()

    async def _connect(self) -> psycopg.AsyncConnection[dict[str, Any]]:
        return await psycopg.AsyncConnection.connect(self.conninfo, autocommit=True, row_factory=dict_row)

    async def _serve(self) -> None:
        while self.subscribers:
            try:
                await self._listen()
            except (psycopg.Error, OSError):
                log.warning("live values: database connection lost, trying again", exc_info=True)
                await asyncio.sleep(RECONNECT_S)

    async def _listen(self) -> None:
        async with await self._connect() as listener, await self._connect() as reader:
            await listener.execute(f"LISTEN {CHANNEL}")
            await listener.execute(f"LISTEN {RULE_CHANNEL}")
            await self._spread(reader)
            while self.subscribers:
                events = [
                    int(notice.payload)
                    async for notice in listener.notifies(timeout=GATHER_S)
                    if notice.channel == RULE_CHANNEL
                ]
                for number in dict.fromkeys(events):
                    await self._spread_rule(reader, number)
                await self._spread(reader)

    async def _spread(self, reader: psycopg.AsyncConnection[dict[str, Any]]) -> None:
        """Look up what the batches since the last look changed and hand it out."""
        found = await (await reader.execute(_BATCHES, [self.cursor])).fetchall()
        if not found:
            return
        before, self.cursor = self.cursor, found[-1]["id"]
        wanted = frozenset().union(*(subscriber.streams for subscriber in self.subscribers))
        changed = wanted.intersection(*[{n for batch in found for n in batch["datastream_ids"]}])
        rows = await (await reader.execute(_LATEST, [sorted(changed), before])).fetchall()
        told = [as_event(row) for row in rows]
        for subscriber in tuple(self.subscribers):
            subscriber.offer(told, self.cursor)

    async def _spread_rule(self, reader: psycopg.AsyncConnection[dict[str, Any]], number: int) -> None:
        row = await (await reader.execute(_EVENT, [number])).fetchone()
        if row is None:
            return
        told = {
            "event": row["id"],
            "thing": row["thing_id"],
            "rule": row["rule"],
            "severity": row["severity"],
            "message": row["message"],
            "started": row["started_at"].isoformat(),
            "ended": row["ended_at"].isoformat() if row["ended_at"] else None,
        }
        for subscriber in tuple(self.subscribers):
            subscriber.offer_rule(told)


async def _row(reader: psycopg.AsyncConnection[dict[str, Any]], query: str) -> dict[str, Any]:
    row = await (await reader.execute(query)).fetchone()
    return row or {}


async def _since(
    connection: psycopg.AsyncConnection[dict[str, Any]], streams: frozenset[int], cursor: int
) -> tuple[int, list[dict[str, Any]]]:
    newest = (await _row(connection, _NEWEST))["id"]
    rows = await (await connection.execute(_LATEST, [sorted(streams), cursor])).fetchall()
    return newest, [as_event(row) for row in rows]


def as_event(row: dict[str, Any]) -> dict[str, Any]:
    """A latest value as browsers get it; ``age_s`` counts from the phenomenon to now."""
    return {
        "datastream": row["datastream_id"],
        "batch": row["batch_id"],
        "ts": row["ts"].isoformat(),
        "received": row["received_at"].isoformat(),
        "value": row["value"],
        # beside a value the text is the device's own flag, not what is shown
        "text": row["text"] if row["value"] is None else None,
        "flag": row["text"] if row["value"] is not None else None,
        "quality": row["quality"],
        "age_s": round((now() - row["ts"]).total_seconds(), 1),
    }


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub_here(conninfo: str) -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(conninfo)
    return _hubs[loop]
