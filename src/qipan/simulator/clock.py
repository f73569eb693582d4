"""Simulated time: runs after the real one at a multiple of its speed, and keeps step once it has caught up.

Stations must not report from the future, so a day that is played faster lies in the past when it begins.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from qipan.kernel.base.clock import now

_LONGEST_SLEEP_S = 5.0


@dataclass(frozen=True)
class Clock:
    """``start`` is the simulated instant at which the clock was made; ``speed`` seconds pass per second."""

    start: datetime
    speed: float
    _begun: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The simulated instant, never later than the real one."""
        real = (now() - self.start).total_seconds()
        return self.start + timedelta(seconds=min(real, (time.monotonic() - self._begun) * self.speed))

    async def until(self, instant: datetime) -> None:
        """Sleep until the simulated clock shows an instant."""
        while (left := (instant - self.now()).total_seconds()) > 0:
            await asyncio.sleep(min(left / self.speed if self.now() < now() else left, _LONGEST_SLEEP_S))
