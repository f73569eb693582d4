"""When the air is bad enough, long enough, for a heavy-pollution warning (环大气〔2024〕6号).

"Lasting N hours" is read as N/24 adjacent 24-hour windows that do not overlap, every one above the value.
A window may begin at any hour (``sliding``) or at midnight only (``calendar``). The index is that of the
24-hour mean of PM2.5, which leads these warnings; ozone gives a health notice only, and hours of
sand-dust are left out. Episodes closer together than the clearing time are one.

Hours are counted by their beginning: hour 0 covers [start, start + 1 h).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

import numpy as np

from .series import Booleans, Floats, Integers, iaqi_series, sliding_mean
from .standards import RuleTable

Mode = Literal["sliding", "calendar"]

WINDOW = 24
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Condition:
    """Index of the 24-hour mean above a value for a number of hours (a multiple of 24)."""

    above: int
    hours: int

    @property
    def windows(self) -> int:
        """How many adjacent windows it takes."""
        return self.hours // WINDOW


@dataclass(frozen=True)
class Level:
    """A warning colour: reached when all conditions of any group are met within one episode."""

    colour: str
    rank: int
    response: str
    cut_percent: int
    so2_nox_sum_percent: int
    groups: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True)
class Plan:
    """The levels of a plan, lowest first, and its clocks."""

    levels: tuple[Level, ...]
    clear_hours: int
    publish_ahead_hours: int
    version: str
    provisional: bool

    def level(self, rank: int) -> Level:
        """The level of a rank (1 = lowest); LookupError when there is none."""
        for level in self.levels:
            if level.rank == rank:
                return level
        raise LookupError(f"rank: no level {rank} in {self.version}")


@dataclass(frozen=True)
class Evidence:
    """A chain of windows for a condition: where it begins and the index of each window."""

    condition: Condition
    start: datetime
    windows: tuple[int, ...]

    @property
    def met(self) -> bool:
        """Whether every window is above the value."""
        return all(value > self.condition.above for value in self.windows)


@dataclass(frozen=True)
class Stage:
    """A part of an episode at one level."""

    rank: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Episode:
    """A stretch of hours under warning conditions: [start, end), its stages and what triggers them."""

    start: datetime
    end: datetime
    rank: int
    stages: tuple[Stage, ...]
    evidence: tuple[Evidence, ...]
    top_index: int

    def rank_after(self, moment: datetime) -> int:
        """The highest level still to come at a moment; 0 when it is over."""
        return max((stage.rank for stage in self.stages if stage.end > moment), default=0)


def plan_of(table: RuleTable) -> Plan:
    """The plan in a ``heavy_pollution_warning`` rule table; ValueError names a wrong condition."""
    levels = []
    for colour, row in table.cell("colours").items():
        groups = tuple(tuple(Condition(**condition) for condition in group) for group in row["groups"])
        for condition in (one for group in groups for one in group):
            if condition.hours % WINDOW or condition.hours <= 0:
                raise ValueError(f"{table.version} {colour}: hours: {condition.hours} is no multiple of 24")
        numbers = (int(row["cut_percent"]), int(row["so2_nox_sum_percent"]))
        levels.append(Level(colour, int(row["rank"]), str(row["response"]), *numbers, groups))
    return Plan(
        tuple(sorted(levels, key=lambda level: level.rank)),
        int(table.limit("clear_hours")),
        int(table.limit("publish_ahead_hours")),
        table.version,
        table.provisional,
    )


def trigger_index(
    pm25: Floats, table: RuleTable, *, needed: int = 20, excluded: Booleans | None = None
) -> Integers:
    """Index of the 24-hour mean of PM2.5 ending with each hour; ``NO_INDEX`` where it is not valid.

    ``pm25``: hour values in µg/m³, NaN missing; ``excluded``: hours of dust or smoke from elsewhere,
    which count as missing; ``needed``: valid hours a window must have.
    """
    values = np.where(excluded, np.nan, pm25) if excluded is not None else pm25
    means = np.round(sliding_mean(values, WINDOW, needed))  # half to even, as concentrations are printed
    return iaqi_series("PM25_24H", means, table)


def chains(index: Integers, condition: Condition) -> Integers:
    """Index of each window of the chain that begins at each hour: [start, window].

    ``index`` belongs to the window that ends with the hour. Shape (hours − condition.hours + 1, windows).
    """
    count = index.size - condition.hours + 1
    if count <= 0:
        return np.empty((0, condition.windows), dtype=np.int64)
    ends = [index[WINDOW * k + WINDOW - 1 :][:count] for k in range(condition.windows)]
    return np.stack(ends, axis=1)


def allowed_starts(count: int, start: datetime, mode: Mode) -> Booleans:
    """The hours at which a window may begin."""
    if mode == "sliding":
        return np.ones(count, dtype=np.bool_)
    midnight: Booleans = (np.arange(count) + start.hour) % WINDOW == 0
    return midnight


def covered_hours(index: Integers, start: datetime, condition: Condition, mode: Mode) -> Booleans:
    """The hours that lie in a chain which meets the condition."""
    found = chains(index, condition)
    begins = (found > condition.above).all(axis=1) & allowed_starts(found.shape[0], start, mode)
    edges = np.zeros(index.size + 1, dtype=np.int64)
    edges[: begins.size] += begins
    edges[condition.hours : condition.hours + begins.size] -= begins
    return np.cumsum(edges)[: index.size] > 0


def find_episodes(index: Integers, start: datetime, plan: Plan, mode: Mode = "sliding") -> list[Episode]:
    """The episodes in a series of 24-hour indices (``trigger_index``), oldest first.

    ``start`` is the beginning of the first hour. Windows without an index count as below; a chain that
    reaches beyond the series is not seen.
    """
    conditions = {one for level in plan.levels for group in level.groups for one in group}
    covered = {one: covered_hours(index, start, one, mode) for one in conditions}
    single = [covered[g[0]] for level in plan.levels for g in level.groups if len(g) == 1]
    any_level = np.logical_or.reduce(single)
    return [
        _episode(_Span(index[first:last], start + first * _HOUR, mode, first), covered, plan)
        for first, last in _merged(_runs(any_level), plan.clear_hours)
    ]


def _runs(flags: Booleans) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _merged(runs: Sequence[tuple[int, int]], clear_hours: int) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for first, last in runs:
        if spans and first - spans[-1][1] < clear_hours:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans


@dataclass(frozen=True)
class _Span:
    """The hours of one episode: their indices, the beginning of the first, its place in the series."""

    index: Integers
    start: datetime
    mode: Mode
    offset: int

    def time(self, hour: int) -> datetime:
        return self.start + hour * _HOUR


def _episode(span: _Span, covered: Mapping[Condition, Booleans], plan: Plan) -> Episode:
    hours = slice(span.offset, span.offset + span.index.size)
    ranks = np.zeros(span.index.size, dtype=np.int64)
    evidence: list[Evidence] = []
    for level, group in [(one, group) for one in plan.levels for group in one.groups]:
        inside = [covered[condition][hours] for condition in group]
        if all(flags.any() for flags in inside):
            hull = np.logical_or.reduce(inside)
            ranks[hull] = np.maximum(ranks[hull], level.rank)
            chosen = (best_chain(span.index, span.start, one, span.mode) for one in group)
            evidence += [chain for chain in chosen if chain is not None]
    stages = tuple(
        Stage(int(ranks[low]), span.time(low), span.time(high))
        for low, high in _equal_runs(ranks)
        if ranks[low] > 0
    )
    top = int(span.index[WINDOW - 1 :].max())
    end = span.time(span.index.size)
    return Episode(span.start, end, int(ranks.max()), stages, tuple(dict.fromkeys(evidence)), top)


def _equal_runs(ranks: Integers) -> list[tuple[int, int]]:
    cuts = [0, *(np.flatnonzero(np.diff(ranks)) + 1).tolist(), ranks.size]
    return list(pairwise(cuts))


def best_chain(
    index: Integers, start: datetime, condition: Condition, mode: Mode = "sliding"
) -> Evidence | None:
    """The chain whose lowest window is highest (the earliest of equals), met or not; None: series too short.

    It tells what triggers a colour, or by how much a colour is missed.
    """
    found = chains(index, condition)
    allowed = np.flatnonzero(allowed_starts(found.shape[0], start, mode))
    if allowed.size == 0:
        return None
    place = int(allowed[found[allowed].min(axis=1).argmax()])
    return Evidence(condition, start + place * _HOUR, tuple(int(v) for v in found[place]))
