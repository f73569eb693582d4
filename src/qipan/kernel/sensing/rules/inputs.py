"""What a rule sees of one thing at one moment: its streams, its properties, its own memory.

Times are seconds since 1970 UTC as floats: the engine compares them for every reading.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from qipan.kernel.sensing.quality import BAD

NEVER = float("-inf")
# A value older than this many normal steps says nothing about the present any more.
STALE_STEPS = 3.0


@dataclass(slots=True)
class StreamView:
    """One stream as a rule sees it: newest reading, newest good value, the window the rule needs."""

    datastream: int
    step_s: float
    window_s: float = 0.0
    seen: float = NEVER
    heard: float = NEVER
    raw: float | None = None
    quality: int = 0
    good: float | None = None
    good_at: float = NEVER
    window: deque[tuple[float, float]] = field(default_factory=deque)

    def take(self, ts: float, value: float | None, quality: int, heard: float) -> None:
        """Take in a newer reading."""
        self.seen, self.heard, self.raw, self.quality = ts, heard, value, quality
        if value is None or quality & BAD:
            return
        self.good, self.good_at = value, ts
        if self.window_s:
            self.window.append((ts, value))
            self.shorten(ts)

    def recall(self, ts: float, value: float | None, quality: int) -> None:
        """Take in a reading that was judged before a restart: it fills the window and the present value."""
        if ts == self.seen:
            self.raw, self.quality = value, quality
        if value is None or quality & BAD:
            return
        if ts > self.good_at:
            self.good, self.good_at = value, ts
        if self.window_s and (not self.window or self.window[-1][0] < ts):
            self.window.append((ts, value))

    def shorten(self, now: float) -> None:
        """Drop what has left the window."""
        while self.window and self.window[0][0] <= now - self.window_s:
            self.window.popleft()

    def current(self, now: float) -> float | None:
        """The newest good value while it is not stale."""
        return self.good if now - self.good_at <= STALE_STEPS * self.step_s else None

    def within(self, now: float, window_s: float) -> list[tuple[float, float]]:
        """Good readings of the last ``window_s`` seconds."""
        return [item for item in self.window if now - window_s < item[0] <= now]


@dataclass(slots=True)
class Inputs:
    """Everything that a condition may look at, and the memory that conditions keep between looks."""

    streams: dict[str, StreamView]
    properties: Mapping[str, object]
    now: float = NEVER
    # when the watch began: a stream that was never heard is absent from then on
    since: float = NEVER
    latches: dict[str, bool] = field(default_factory=dict)
    hits: dict[str, deque[float]] = field(default_factory=dict)
