"""The rule engine: readings in, changes out; only the rules whose streams changed are looked at."""

import heapq
from collections.abc import Iterable
from itertools import count

from qipan.kernel.sensing.rules.inputs import StreamView
from qipan.kernel.sensing.rules.machine import Change, Watch

# datastream number, instant, value, quality
Sample = tuple[int, float, float | None, int]


class Engine:
    """All watches of a process with their timers; pure, it knows neither database nor clock."""

    def __init__(self, watches: Iterable[Watch] = ()) -> None:
        self.watches: list[Watch] = []
        self.by_stream: dict[int, list[tuple[Watch, StreamView]]] = {}
        self.late = 0
        self._timers: list[tuple[float, int, Watch]] = []
        self._order = count()
        self._due: dict[Watch, float] = {}
        for item in watches:
            self.add(item)

    def add(self, item: Watch) -> None:
        """Begin to look at a watch."""
        self.watches.append(item)
        for view in item.inputs.streams.values():
            self.by_stream.setdefault(view.datastream, []).append((item, view))
        self._schedule(item)

    def feed(self, samples: Iterable[Sample], heard: float | None = None) -> list[Change]:
        """Take readings in the order of their instants; ``heard`` is when they arrived (else their instant).

        Timers that were due before a reading run before it. A reading older than one already seen of its
        stream changes no state; it is counted as late.
        """
        changes: list[Change] = []
        for number, ts, value, quality in samples:
            if self._timers and self._timers[0][0] < ts:
                changes += self._run_timers(ts, inclusive=False)
            for item, view in self.by_stream.get(number, ()):
                if ts <= view.seen:
                    self.late += 1
                    view.recall(ts, value, quality)
                    continue
                view.take(ts, value, quality, ts if heard is None else heard)
                item.dirty = True
                change = item.step(ts)
                if change is not None:
                    changes.append(change)
                self._schedule(item)
        return changes

    def tick(self, now: float) -> list[Change]:
        """Run every timer that is due, each at its own instant."""
        return self._run_timers(now, inclusive=True)

    def _run_timers(self, limit: float, *, inclusive: bool) -> list[Change]:
        changes: list[Change] = []
        while self._timers and (self._timers[0][0] < limit or (inclusive and self._timers[0][0] == limit)):
            due, _order, item = heapq.heappop(self._timers)
            if self._due.get(item) != due:
                continue
            del self._due[item]
            change = item.step(max(due, item.inputs.now))
            item.dirty = True
            if change is not None:
                changes.append(change)
            self._schedule(item)
        return changes

    def next_due(self) -> float | None:
        """When the next timer runs."""
        return self._timers[0][0] if self._timers else None

    def _schedule(self, item: Watch) -> None:
        due = item.next_due()
        if due is None:
            self._due.pop(item, None)
        elif self._due.get(item) != due:
            self._due[item] = due
            heapq.heappush(self._timers, (due, next(self._order), item))
