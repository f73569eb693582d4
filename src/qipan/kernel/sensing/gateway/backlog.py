"""Batches between the frames that come in and the store that takes them.

A batch is closed at 10,000 rows; while the store is slow, closed batches wait in memory up to a limit, and
what comes after that is left in the spool, to be read again from there. No clock and no socket inside.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from qipan.kernel.sensing.readings import FrameRecord, Reading

BATCH_ROWS = 10_000
BATCH_FRAMES = 4_000
CAPACITY = 250_000


@dataclass(slots=True)
class Batch:
    """Readings and frames of one commit; ``after`` is the spool position up to which it reaches."""

    readings: list[Reading] = field(default_factory=list)
    frames: list[FrameRecord] = field(default_factory=list)
    after: int = 0

    @property
    def weight(self) -> int:
        """What it costs to keep: rows and frames."""
        return len(self.readings) + len(self.frames)

    def halves(self) -> tuple["Batch", "Batch"]:
        """The batch cut between two frames, for finding the one that the store refuses."""
        middle = len(self.frames) // 2
        first, second = Batch(frames=self.frames[:middle]), Batch(frames=self.frames[middle:])
        for reading in self.readings:
            if reading.frame is None or reading.frame < middle:
                first.readings.append(reading)
            else:
                second.readings.append(replace(reading, frame=reading.frame - middle))
        return first, second


class Backlog:
    """Closed batches, and the one that is being filled."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._closed: deque[Batch] = deque()
        self._open = Batch()
        self._waiting = 0

    @property
    def weight(self) -> int:
        """Rows and frames in memory."""
        return self._waiting + self._open.weight

    @property
    def crowded(self) -> bool:
        """Whether memory is used up: new frames are to stay in the spool."""
        return self.weight >= self._capacity

    @property
    def has_closed(self) -> bool:
        """Whether a full batch waits."""
        return bool(self._closed)

    @property
    def next_index(self) -> int:
        """The index that the next frame will have in its batch."""
        return len(self._open.frames)

    def add(self, frame: FrameRecord | None, readings: Sequence[Reading], after: int = 0) -> None:
        """Add a frame with its readings, or readings alone; their ``frame`` is ``next_index``."""
        batch = self._open
        if frame is not None:
            batch.frames.append(frame)
        batch.readings.extend(readings)
        batch.after = max(batch.after, after)
        if len(batch.readings) >= BATCH_ROWS or len(batch.frames) >= BATCH_FRAMES:
            self._close()

    def take(self) -> Batch | None:
        """The oldest batch, full or not; None when there is nothing."""
        if not self._closed and self._open.weight:
            self._close()
        if not self._closed:
            return None
        batch = self._closed.popleft()
        self._waiting -= batch.weight
        return batch

    def _close(self) -> None:
        self._closed.append(self._open)
        self._waiting += self._open.weight
        self._open = Batch()
