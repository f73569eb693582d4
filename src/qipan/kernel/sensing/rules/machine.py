"""Where one rule stands at one thing: pending, firing at a severity, clearing.

The durations follow Prometheus: a level fires when its condition has held for ``for_s``, an event closes
when the condition has been gone for ``keep_for_s``; unknown neither fires nor clears.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from qipan.kernel.base.clock import local
from qipan.kernel.sensing.declarations import SensingRule
from qipan.kernel.sensing.rules.compiling import Needs, Truth, compiled
from qipan.kernel.sensing.rules.conditions import SEVERITIES, Level, Schedule
from qipan.kernel.sensing.rules.inputs import NEVER, Inputs, StreamView

_GRAVITY: dict[str, int] = {severity: index for index, severity in enumerate(SEVERITIES)}


@dataclass(frozen=True)
class CompiledLevel:
    """A level whose condition is a closure."""

    severity: str
    truth: Truth
    for_s: float


@dataclass(frozen=True)
class CompiledRule:
    """A rule ready to run; ``levels`` from the gravest down."""

    rule: SensingRule
    levels: tuple[CompiledLevel, ...]
    clear: Truth | None
    needs: Needs
    rule_id: int = 0
    version_id: int = 0

    @property
    def codes(self) -> frozenset[str]:
        """Codes of the streams that the rule looks at."""
        return frozenset(self.needs.windows)


def compile_rule(rule: SensingRule, rule_id: int = 0, version_id: int = 0) -> CompiledRule:
    """Compile every level; ValueError says what in the rule makes no sense."""
    needs = Needs()
    declared = (Level(rule.severity, rule.condition, rule.for_s), *rule.levels)
    severities = [level.severity for level in declared]
    if len(set(severities)) != len(severities):
        raise ValueError("levels: a severity appears twice")
    ordered = sorted(declared, key=lambda level: _GRAVITY[level.severity])
    levels = tuple(
        CompiledLevel(level.severity, compiled(level.condition, needs, level.severity), level.for_s)
        for level in ordered
    )
    clear = compiled(rule.clear, needs, "clear") if rule.clear is not None else None
    if not needs.windows:
        raise ValueError("condition: looks at no stream")
    return CompiledRule(rule, levels, clear, needs, rule_id, version_id)


@dataclass(frozen=True)
class Change:
    """What a step brought about; ``at`` is the edge in phenomenon time."""

    kind: Literal["fired", "changed", "cleared"]
    watch: "Watch"
    at: float
    severity: str
    values: Mapping[str, tuple[float, float | None]]


@dataclass(slots=True, eq=False)
class Watch:
    """One rule at one thing."""

    rule: CompiledRule
    thing_id: int
    inputs: Inputs
    pending: list[float | None]
    severity: str = ""
    clearing: float | None = None
    dirty: bool = field(default=False)

    def step(self, now: float) -> Change | None:
        """Look at the rule at an instant; gives what changed."""
        self.inputs.now = now
        truths = [level.truth(self.inputs) for level in self.rule.levels]
        wanted = self._ripe(truths, now)
        if not self.severity:
            if not in_schedule(self.rule.rule.schedule, now):
                self.pending = [None] * len(self.pending)
                return None
            if wanted is None:
                return None
            level, edge = wanted
            return self._become("fired", level.severity, edge)
        if wanted is not None and wanted[0].severity != self.severity and self._may_move(wanted[0], truths):
            level, edge = wanted
            self.clearing = None
            return self._become("changed", level.severity, max(edge, self._let_go(now, level)))
        return self._clear(truths, now)

    def _ripe(self, truths: list[bool | None], now: float) -> tuple[CompiledLevel, float] | None:
        """The gravest level that has held long enough, and since when it counts."""
        found: tuple[CompiledLevel, float] | None = None
        for index, (level, truth) in enumerate(zip(self.rule.levels, truths, strict=True)):
            since = self.pending[index]
            if truth and since is None:
                since = self.pending[index] = now
            elif truth is False:
                since = self.pending[index] = None
            if truth and since is not None and now - since >= level.for_s and found is None:
                found = level, since + level.for_s
        return found

    def _may_move(self, level: CompiledLevel, truths: list[bool | None]) -> bool:
        """Up at once; down only when the present level is known to be over."""
        if _GRAVITY[level.severity] < _GRAVITY[self.severity]:
            return True
        present = next(
            (i for i, other in enumerate(self.rule.levels) if other.severity == self.severity), None
        )
        return present is None or truths[present] is False

    def _let_go(self, now: float, level: CompiledLevel) -> float:
        """A step down happens now, a step up when the graver level became ripe."""
        return now if _GRAVITY[level.severity] > _GRAVITY[self.severity] else NEVER

    def _clear(self, truths: list[bool | None], now: float) -> Change | None:
        over: bool | None
        if self.rule.clear is not None:
            over = self.rule.clear(self.inputs) if True not in truths else False
        else:
            over = False if True in truths else (None if None in truths else True)
        if over is False:
            self.clearing = None
        elif over and self.clearing is None:
            self.clearing = now
        if over and self.clearing is not None and now - self.clearing >= self.rule.rule.keep_for_s:
            edge = self.clearing + self.rule.rule.keep_for_s
            self.clearing = None
            return self._become("cleared", "", edge)
        return None

    def _become(self, kind: Literal["fired", "changed", "cleared"], severity: str, edge: float) -> Change:
        told = severity or self.severity
        self.severity = severity
        values = {code: (view.seen, view.raw) for code, view in self.inputs.streams.items()}
        return Change(kind, self, edge, told, values)

    def next_due(self) -> float | None:
        """When the rule must be looked at although no reading comes."""
        due: list[float] = []
        for level, since in zip(self.rule.levels, self.pending, strict=True):
            if (
                since is not None
                and self.severity != level.severity
                and since + level.for_s > self.inputs.now
            ):
                due.append(since + level.for_s)
        if self.clearing is not None:
            due.append(self.clearing + self.rule.rule.keep_for_s)
        for code, steps in self.rule.needs.absences:
            view = self.inputs.streams[code]
            silent_at = max(view.heard, self.inputs.since) + steps * view.step_s
            if silent_at > self.inputs.now:
                due.append(silent_at)
        return min(due, default=None)

    def memory(self) -> dict[str, Any]:
        """What must survive a restart, as JSON-able data."""
        return {
            "version": self.rule.version_id,
            "pending": {
                level.severity: since
                for level, since in zip(self.rule.levels, self.pending, strict=True)
                if since is not None
            },
            "clearing": self.clearing,
            "since": self.inputs.since,
            "latches": {path: held for path, held in self.inputs.latches.items() if held},
            "hits": {path: list(hits) for path, hits in self.inputs.hits.items() if hits},
            "seen": {
                code: [view.seen, view.heard]
                for code, view in self.inputs.streams.items()
                if view.seen != NEVER
            },
        }

    def restore(self, memory: Mapping[str, Any], severity: str) -> None:
        """Go on where ``memory`` stood; another version of the rule keeps only the open event."""
        self.severity = severity
        if memory.get("version") != self.rule.version_id:
            return
        self.pending = [memory["pending"].get(level.severity) for level in self.rule.levels]
        self.clearing = memory["clearing"]
        self.inputs.since = memory["since"]
        self.inputs.latches = dict(memory["latches"])
        self.inputs.hits = {path: deque(hits) for path, hits in memory["hits"].items()}
        for code, (seen, heard) in memory["seen"].items():
            if code in self.inputs.streams:
                view = self.inputs.streams[code]
                view.seen, view.heard = seen, heard


def watch(
    rule: CompiledRule,
    thing_id: int,
    streams: Iterable[tuple[str, int, float]],
    properties: Mapping[str, object],
    since: float,
) -> Watch:
    """A rule at a thing; ``streams`` are (code, datastream number, step in seconds)."""
    views = {
        code: StreamView(number, step_s, rule.needs.windows[code])
        for code, number, step_s in streams
        if code in rule.needs.windows
    }
    return Watch(rule, thing_id, Inputs(views, properties, since=since), [None] * len(rule.levels))


def in_schedule(schedule: Schedule | None, now: float) -> bool:
    """Whether a rule may open an event at an instant, by the county's wall clock."""
    if schedule is None:
        return True
    wall = local(datetime.fromtimestamp(now, UTC))
    return wall.weekday() in schedule.days and schedule.start <= f"{wall:%H:%M}" < schedule.end
