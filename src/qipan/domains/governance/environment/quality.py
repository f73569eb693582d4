"""Automatic checks of measured hour values: they mark, people confirm or reject, nothing is deleted.

Arrays hold hour values of one station, µg/m³ (CO mg/m³), NaN where missing. The raw series stays as it
is; ``audited`` makes the version QA1 (automatic marks) or QA2 (reviewed marks) from it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from .drift import drift
from .series import Booleans, Floats
from .standards import RuleTable

Effect = Literal["invalid", "zero", "suspect"]

NEAR = 5  # values in the window of the spike check


@dataclass(frozen=True)
class Flag:
    """A mark on hours [first, last) of a quantity; ``evidence`` are the numbers that led to it.

    ``invalid`` hours are left out of QA1, ``zero`` hours count as 0, ``suspect`` hours count as they are
    until a person decides.
    """

    check: str
    quantity: str
    first: int
    last: int
    effect: Effect
    evidence: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Silence:
    """A time without values: from the last value heard to the next one (or now)."""

    start: datetime
    end: datetime
    intervals: float


def runs(marked: Booleans) -> list[tuple[int, int]]:
    """Stretches [first, last) of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def check_station(
    series: Mapping[str, Floats], table: RuleTable, *, neighbours: Mapping[str, Floats] | None = None
) -> list[Flag]:
    """All checks on the series of a station, ordered by first hour.

    ``neighbours`` gives per quantity the same hours of the nearest other stations, [hour, station].
    """
    around = neighbours or {}
    flags: list[Flag] = []
    for quantity, values in series.items():
        near = around.get(quantity)
        flags += out_of_range(quantity, values, table)
        flags += negative(quantity, values, table)
        flags += stuck(quantity, values, table)
        flags += spikes(quantity, values, table, neighbours=near)
        if near is not None:
            flags += drifting(quantity, values, near, table)
    if "PM25" in series and "PM10" in series:
        flags += dust_order(series["PM25"], series["PM10"], table)
    return sorted(flags, key=lambda flag: (flag.first, flag.quantity, flag.check))


def out_of_range(quantity: str, values: Floats, table: RuleTable) -> list[Flag]:
    """Values at or above what ambient air can hold: the instrument is saturated or at fault."""
    limit = float(table.limit("out_of_range_from", quantity))
    with np.errstate(invalid="ignore"):
        marked = values >= limit
    return [
        Flag("range", quantity, a, b, "invalid", {"largest": float(values[a:b].max()), "limit": limit})
        for a, b in runs(marked)
    ]


def negative(quantity: str, values: Floats, table: RuleTable) -> list[Flag]:
    """Far below zero is invalid; a little below zero is noise around nothing and counts as 0."""
    floor = float(table.limit("negative_invalid_below", quantity))
    with np.errstate(invalid="ignore"):
        far, little = values < floor, (values < 0) & (values >= floor)
    found: list[Flag] = []
    effects: tuple[tuple[Booleans, Effect], ...] = ((far, "invalid"), (little, "zero"))
    for marked, effect in effects:
        for a, b in runs(marked):
            evidence = {"smallest": float(values[a:b].min()), "limit": floor}
            found.append(Flag("negative", quantity, a, b, effect, evidence))
    return found


def stuck(quantity: str, values: Floats, table: RuleTable) -> list[Flag]:
    """The same value hour after hour, above the detection limit."""
    hours = int(table.limit("stuck_hours", quantity))
    floor = float(table.limit("stuck_above", quantity))
    same = np.concatenate([[False], values[1:] == values[:-1]]) & (values > floor)
    return [
        Flag("stuck", quantity, a - 1, b, "invalid", {"hours": b - a + 1, "value": float(values[a])})
        for a, b in runs(same)
        if b - a + 1 >= hours
    ]


def spikes(
    quantity: str, values: Floats, table: RuleTable, *, neighbours: Floats | None = None
) -> list[Flag]:
    """Single values far from the median of the five around them which the neighbours do not follow."""
    factor = float(table.limit("spike_mad_factor"))
    floor = float(table.limit("spike_floor", quantity))
    middle, spread = _near_median(values)
    excess = values - middle
    threshold = np.maximum(factor * spread, floor)
    with np.errstate(invalid="ignore"):
        marked = np.abs(excess) > threshold
    moved = np.zeros_like(values)
    if neighbours is not None and neighbours.shape[1]:
        median = _median(neighbours, axis=1)
        moved = np.nan_to_num(median - _near_median(median)[0])
        share = float(table.limit("spike_follow_share"))
        marked &= ~((np.sign(moved) == np.sign(excess)) & (np.abs(moved) >= share * np.abs(excess)))
    return [
        Flag(
            "spike",
            quantity,
            hour,
            hour + 1,
            "suspect",
            {
                "value": float(values[hour]),
                "median": float(middle[hour]),
                "threshold": float(threshold[hour]),
                "neighbours_moved": float(moved[hour]),
            },
        )
        for hour in np.flatnonzero(marked).tolist()
    ]


def _near_median(values: Floats) -> tuple[Floats, Floats]:
    """Median and median absolute deviation of five successive values around each (at the ends: nearest)."""
    if values.size < NEAR:
        return np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(values, NEAR)
    middle = _median(windows, axis=1)
    spread = _median(np.abs(windows - middle[:, None]), axis=1)
    place = np.clip(np.arange(values.size) - NEAR // 2, 0, middle.size - 1)
    return middle[place], spread[place]


def _median(values: Floats, axis: int) -> Floats:
    known = np.isfinite(values)
    some = known.any(axis=axis)
    filled = np.where(np.expand_dims(some, axis), values, 0.0)
    result: Floats = np.where(some, np.nanmedian(filled, axis=axis), np.nan)
    return result


def dust_order(pm25: Floats, pm10: Floats, table: RuleTable) -> list[Flag]:
    """PM2.5 is a part of PM10; being clearly larger for hours means that one of the two is wrong."""
    factor = float(table.limit("dust_order_factor"))
    hours = int(table.limit("dust_order_hours"))
    with np.errstate(invalid="ignore"):
        marked = pm25 > factor * pm10
    found = []
    for a, b in runs(marked):
        if b - a >= hours:
            ratio = float((pm25[a:b].sum()) / max(float(pm10[a:b].sum()), 1e-9))
            found += [
                Flag("dust_order", name, a, b, "suspect", {"ratio": ratio}) for name in ("PM25", "PM10")
            ]
    return found


def drifting(quantity: str, values: Floats, neighbours: Floats, table: RuleTable) -> list[Flag]:
    """The ratio to the median of the nearest stations moves away from what it was: CUSUM over days."""
    count = int(table.limit("drift_neighbours"))
    median = _median(neighbours[:, :count], axis=1)
    floor = float(table.limit("drift_floor", quantity))
    with np.errstate(invalid="ignore"):
        usable = (values > floor) & (median > floor)
    ratio = np.full(values.shape, np.nan)
    ratio[usable] = np.log(values[usable] / median[usable])
    return [
        Flag(
            "drift",
            quantity,
            found.first,
            found.last,
            "suspect",
            {"factor": float(np.exp(found.shift)), "score": found.score, "decision": found.decision},
        )
        for found in drift(
            ratio,
            block_hours=int(table.limit("drift_block_hours")),
            block_needed=int(table.limit("drift_block_needed")),
            baseline_blocks=int(table.limit("drift_baseline_blocks")),
            slack=float(table.limit("drift_slack")),
            decision=float(table.limit("drift_decision")),
            spread_floor=float(table.limit("drift_spread_floor")),
        )
    ]


def silences(
    heard: Iterable[datetime], interval: timedelta, now: datetime, table: RuleTable
) -> list[Silence]:
    """Times without a value longer than the allowed number of reporting intervals, up to now."""
    allowed = float(table.limit("silence_intervals"))
    times = sorted(heard)
    ends = [*times[1:], now] if times else []
    gaps = [Silence(start, end, (end - start) / interval) for start, end in zip(times, ends, strict=True)]
    return [gap for gap in gaps if gap.intervals > allowed]


def audited(values: Floats, flags: Iterable[Flag], *, accept: Callable[[Flag], bool] | None = None) -> Floats:
    """The checked version of a raw series: invalid hours NaN, hours a little below zero 0.

    ``accept`` picks the marks that count (default: all); for QA2 pass one that drops rejected marks and
    give marks that a person confirmed as wrong the effect ``invalid``.
    """
    checked = values.copy()
    for flag in flags:
        if accept is not None and not accept(flag):
            continue
        if flag.effect == "invalid":
            checked[flag.first : flag.last] = np.nan
        elif flag.effect == "zero":
            checked[flag.first : flag.last] = 0.0
    return checked
