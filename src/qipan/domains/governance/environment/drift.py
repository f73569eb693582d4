"""A slow change of level in a noisy series, found by a two-sided cumulative sum (CUSUM) over blocks."""

from dataclasses import dataclass

import numpy as np

from .series import Floats

_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Drift:
    """A change over values [first, last): size against the baseline, and the score that crossed."""

    first: int
    last: int
    shift: float
    score: float
    decision: float


def drift(
    values: Floats,
    *,
    block_hours: int,
    block_needed: int,
    baseline_blocks: int,
    slack: float,
    decision: float,
    spread_floor: float,
) -> list[Drift]:
    """Changes of the mean of ``values`` (NaN missing), at most one per direction and baseline.

    The series is cut into blocks, each with at least ``block_needed`` values; the first
    ``baseline_blocks`` valid ones give centre (median) and spread (from the median absolute deviation,
    at least ``spread_floor``). The sums gather deviations beyond ``slack`` spreads and alarm at
    ``decision``. After an alarm a new baseline is learned from the blocks that follow.
    """
    means, places = _blocks(values, block_hours, block_needed)
    found: list[Drift] = []
    begin = 0
    while begin + baseline_blocks < means.size:
        base = means[begin : begin + baseline_blocks]
        centre = float(np.median(base))
        spread = max(_MAD_TO_SIGMA * float(np.median(np.abs(base - centre))), spread_floor)
        after = begin + baseline_blocks
        alarm = _first_alarm((means[after:] - centre) / spread, slack, decision)
        if alarm is None:
            break
        start, end, score = alarm
        shift = float(means[after + start : after + end].mean()) - centre
        last = int(places[after + end - 1]) + block_hours
        found.append(Drift(int(places[after + start]), min(last, values.size), shift, score, decision))
        begin = after + end
    return found


def _blocks(values: Floats, hours: int, needed: int) -> tuple[Floats, Floats]:
    count = values.size // hours
    blocks = values[: count * hours].reshape(count, hours)
    known = np.isfinite(blocks)
    enough = known.sum(axis=1) >= needed
    sums = np.where(known, blocks, 0.0).sum(axis=1)
    means = sums[enough] / known.sum(axis=1)[enough]
    return means, np.flatnonzero(enough).astype(np.float64) * hours


def _first_alarm(deviations: Floats, slack: float, decision: float) -> tuple[int, int, float] | None:
    """First crossing: where the sum last stood at zero, the end (exclusive) and the signed score."""
    up = down = 0.0
    up_from = down_from = 0
    for place, deviation in enumerate(deviations.tolist()):
        up = max(0.0, up + deviation - slack)
        down = max(0.0, down - deviation - slack)
        up_from = place + 1 if up == 0.0 else up_from
        down_from = place + 1 if down == 0.0 else down_from
        if up > decision:
            return up_from, place + 1, up
        if down > decision:
            return down_from, place + 1, -down
    return None
