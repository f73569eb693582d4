"""From an accepted frame to the store: spool, answer when durable, batch, commit, mark.

Everything here runs on the event loop except two things: writing the spool and calling the store, each in
a thread of its own. While the store is down or slow the spool goes on taking frames and answers go on;
what memory cannot hold is read again from the spool when the store is back.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.gateway.backlog import Backlog, Batch
from qipan.kernel.sensing.gateway.codecs import Codec, Collected, Decoded, Origin
from qipan.kernel.sensing.gateway.spool import Spool, Spooled
from qipan.kernel.sensing.readings import FrameRecord, Reading

log = logging.getLogger(__name__)
GROUP_S = 0.005
BATCH_S = 0.3
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0
CONGESTED_BYTES = 4 * 1024 * 1024
_READ_COUNT = 200


class Answering(Protocol):
    """A link that answers can be sent over."""

    def answer(self, answers: Sequence[bytes]) -> int:
        """Send answers; how many went out."""


Store = Callable[[Sequence[Reading], Sequence[FrameRecord]], object]
Resume = Callable[[], None]


class StoreDown(Exception):  # noqa: N818 - named after what has happened
    """The database cannot be reached at present; the same batch may be tried again."""


@dataclass(slots=True)
class Counts:
    """What the pipeline has done since the start."""

    spooled: int = 0
    answered: int = 0
    batches: int = 0
    rows: int = 0
    stored_frames: int = 0
    store_failures: int = 0
    given_up: int = 0
    replayed: int = 0


@dataclass(slots=True)
class Trouble:
    """What stands in the way at present; "" when nothing does."""

    spool: str = ""
    store: str = ""
    since: datetime | None = field(default=None)


class Pipeline:
    """One spool, one backlog, one store, for all connections of a gateway process."""

    def __init__(
        self,
        spool: Spool,
        store: Store,
        codecs: Mapping[str, Codec],
        database: Executor,
        backlog: Backlog | None = None,
    ) -> None:
        self.spool = spool
        self.backlog = backlog or Backlog()
        self.counts = Counts()
        self.trouble = Trouble()
        self._store_now = store
        self._codecs = codecs
        self._answers: deque[tuple[int, Answering, bytes]] = deque()
        self._relieved: list[Resume] = []
        # where to go on reading the spool; None while memory holds everything that came
        self._lag: int | None = spool.mark if spool.mark < spool.tail else None
        self._dirty, self._filled, self._hurry = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._stopping = asyncio.Event()
        self._disk = ThreadPoolExecutor(1, "spool")
        self._database = database
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def congested(self) -> bool:
        """Whether more has come in than the disk can take: links should pause."""
        return self.spool.buffered > CONGESTED_BYTES

    @property
    def behind(self) -> int:
        """Bytes in the spool that the store does not have yet (about, across segments)."""
        return self.spool.tail - self.spool.mark if self._lag is not None else 0

    @property
    def lagging(self) -> bool:
        """Whether frames are being read again from the spool."""
        return self._lag is not None

    def start(self) -> None:
        """Begin the work; what an earlier process left in the spool comes first."""
        for work in (self._keep_writing(), self._keep_storing(), self._keep_reading()):
            self._tasks.append(asyncio.create_task(work))

    def accept(self, frame: FrameRecord, decoded: Decoded, link: "Answering") -> None:
        """Take a frame; ``link`` gets its answer when it is on disk. SpoolFull when it cannot be."""
        position, after = self.spool.append(frame)
        self.counts.spooled += 1
        self._dirty.set()
        if decoded.answer is not None:
            self._answers.append((after, link, decoded.answer))
        if self._lag is None and self.backlog.crowded:
            self._lag = position
        if self._lag is None:
            self._collect(frame, decoded, position, after)
            if decoded.urgent:
                self._hurry.set()

    def note(self, frame: FrameRecord) -> None:
        """Log a frame that is not spooled: refused, or sent by us. Left out while memory is used up."""
        if not self.backlog.crowded:
            self.backlog.add(frame, ())
            self._filled.set()

    def when_relieved(self, resume: Resume) -> None:
        """Call ``resume`` once the disk has caught up."""
        self._relieved.append(resume)

    def expire(self) -> None:
        """Give up divided messages that stay incomplete; while the spool is read again its times count."""
        if self._lag is None:
            self._expire(now())

    async def stop(self, seconds: float) -> None:
        """Write the spool, send the answers, try the store for ``seconds``; the rest waits in the spool."""
        self._stopping.set()
        for event in (self._dirty, self._filled, self._hurry):
            event.set()
        writing, storing, reading = self._tasks
        reading.cancel()
        await asyncio.wait([writing], timeout=seconds)
        await asyncio.wait([storing], timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._disk.shutdown(wait=False)
        self.spool.close()

    def _collect(self, frame: FrameRecord, decoded: Decoded, position: int, after: int) -> None:
        codec = self._codecs[frame.protocol]
        origin = Origin(_host(frame.peer), position, self.backlog.next_index, frame.received)
        collected = codec.collect(decoded, origin)
        reason = decoded.reason
        readings: Sequence[Reading] = ()
        if collected:
            readings = collected[0].readings if len(collected) == 1 else _all_readings(collected)
            reason = _joined_reason(reason, collected)
        if reason:
            spoilt = bool(collected) and all(each.quarantined for each in collected)
            frame = replace(frame, outcome="quarantined" if spoilt else "accepted", reason=reason)
        self.backlog.add(frame, readings, after)
        self._filled.set()

    def _expire(self, instant: datetime) -> None:
        for codec in self._codecs.values():
            for collected in codec.expire(instant):
                self.backlog.add(None, collected.readings)
                self._filled.set()

    async def _keep_writing(self) -> None:
        """Write what is buffered, one group after another, and release its answers."""
        loop = asyncio.get_running_loop()
        while not (self._stopping.is_set() and not self.spool.buffered):
            await self._dirty.wait()
            self._dirty.clear()
            if not self._stopping.is_set():
                await asyncio.sleep(GROUP_S)
            records = self.spool.take()
            if not records:
                continue
            while True:
                try:
                    await loop.run_in_executor(self._disk, self.spool.write, records)
                    break
                except OSError as error:
                    log.error("spool: %s", error)
                    self.trouble.spool = str(error)
                    await asyncio.sleep(1.0)
            self.trouble.spool = ""
            self.spool.settle(records)
            self._release()

    def _release(self) -> None:
        """Send the answers of what is on disk; those over one link go out in one piece."""
        durable = self.spool.durable
        ready: dict[Answering, list[bytes]] = {}
        while self._answers and self._answers[0][0] <= durable:
            _after, link, answer = self._answers.popleft()
            ready.setdefault(link, []).append(answer)
        for link, answers in ready.items():
            self.counts.answered += link.answer(answers)
        if not self.congested and self._relieved:
            resumed, self._relieved = self._relieved, []
            for resume in resumed:
                resume()

    async def _keep_reading(self) -> None:
        """Read the spool again while memory does not hold everything that came."""
        while True:
            if self._lag is None or self.backlog.crowded:
                await asyncio.sleep(0.02)
                continue
            items = await asyncio.to_thread(self.spool.read, self._lag, _READ_COUNT)
            for item in items:
                self._replay(item)
                self._lag = item.after
            if not items:
                if not self.spool.buffered and self._lag is not None:
                    self._lag = None
                    self._expire(now())
                else:
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0)

    def _replay(self, item: Spooled) -> None:
        frame = item.frame
        codec = self._codecs.get(frame.protocol)
        if codec is None:
            return
        try:
            decoded = codec.reread(frame.raw, _host(frame.peer))
        except Exception:
            log.exception("spooled frame of %s cannot be read: %r", frame.key, frame.raw[:200])
            decoded = Decoded(frame.raw, frame.key, False, "error")
        self.counts.replayed += 1
        self._expire(frame.received)
        if decoded.accepted:
            self._collect(frame, decoded, item.position, item.after)
        else:
            refused = replace(frame, outcome="refused", reason=decoded.reason)
            self.backlog.add(refused, (), item.after)
            self._filled.set()

    async def _keep_storing(self) -> None:
        while True:
            await self._filled.wait()
            if not (self.backlog.has_closed or self._stopping.is_set() or self._hurry.is_set()):
                await self._fill()
            self._hurry.clear()
            batch = self.backlog.take()
            if batch is None:
                self._filled.clear()
                if self._stopping.is_set():
                    return
                continue
            await self._store(batch)

    async def _fill(self) -> None:
        """Let the batch grow for a moment, unless it is full or urgent before."""
        end = asyncio.get_running_loop().time() + BATCH_S
        while not (self.backlog.has_closed or self._hurry.is_set()):
            left = end - asyncio.get_running_loop().time()
            if left <= 0:
                return
            await asyncio.sleep(min(left, 0.05))

    async def _store(self, batch: Batch) -> None:
        """Store a batch, however long it takes; one that the store cannot take is cut until it can."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while True:
            try:
                await loop.run_in_executor(self._database, self._store_now, batch.readings, batch.frames)
                break
            except StoreDown as error:
                self.counts.store_failures += 1
                if not self.trouble.store:
                    log.warning("store: %s; the spool holds what comes", error)
                    self.trouble.since = now()
                self.trouble.store = str(error)
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_S, pause * 2)
            except Exception as error:
                log.exception(
                    "store refused %d readings of %d frames", len(batch.readings), len(batch.frames)
                )
                await self._cut(batch, error)
                break
        self.trouble.store, self.trouble.since = "", None
        self._note_stored(batch)

    async def _cut(self, batch: Batch, error: Exception) -> None:
        if len(batch.frames) > 1:
            for half in batch.halves():
                if half.weight:
                    await self._store(half)
            return
        self.counts.given_up += len(batch.readings)
        if batch.readings and batch.frames:
            # the readings cannot be kept, the frame they stand in can
            reason = f"store: {type(error).__name__}"
            frame = replace(batch.frames[0], outcome="refused", reason=reason)
            await self._store(Batch(frames=[frame]))

    def _note_stored(self, batch: Batch) -> None:
        self.counts.batches += 1
        self.counts.rows += len(batch.readings)
        self.counts.stored_frames += len(batch.frames)
        if not batch.after:
            return
        waiting = [token for codec in self._codecs.values() if (token := codec.oldest()) is not None]
        self.spool.commit(min([batch.after, *waiting]))


def _host(peer: str) -> str:
    return peer.rpartition(":")[0]


def _all_readings(collected: Sequence[Collected]) -> list[Reading]:
    return [reading for each in collected for reading in each.readings]


def _joined_reason(reason: str, collected: Sequence[Collected]) -> str:
    parts = [reason, *(each.reason for each in collected)]
    return "; ".join(filter(None, parts))[:200]
