"""Checks flag what is implausible and nothing else."""

from collections import deque
from datetime import timedelta

from qipan.kernel.sensing.quality import Checks, Memory, Quality, examine, good, is_spike, time_bits


def bits(values: list[float], checks: Checks) -> list[int]:
    memory = Memory()
    return [examine(value, checks, memory) for value in values]


def test_range_is_inclusive() -> None:
    assert bits([0.0, 100.0, -0.1, 100.1], Checks(low=0, high=100)) == [0, 0, 8, 8]


def test_step_needs_a_neighbour() -> None:
    assert bits([50.0, 55.0, 66.0], Checks(step=10)) == [0, 0, int(Quality.SPIKE)]


def test_stuck_counts_equal_values_within_resolution() -> None:
    assert bits([5.0, 5.05, 5.0, 5.2, 5.2], Checks(stuck=3, resolution=0.1)) == [0, 0, 32, 0, 0]


def test_hampel_accuses_only_with_a_full_moving_window() -> None:
    calm = [10.0, 11.0, 10.5, 9.5, 10.2, 10.8, 9.9]
    assert bits([*calm, 30.0, 10.1], Checks(spike=True)) == [0] * 7 + [16, 0]
    assert not is_spike(99.0, deque([10.0] * 7, maxlen=7))
    assert not is_spike(99.0, deque(calm[:6], maxlen=7))


def test_time_bits() -> None:
    assert time_bits(timedelta(seconds=-301), None) == 128
    assert time_bits(timedelta(seconds=-299), None) == 0
    assert time_bits(timedelta(seconds=601), timedelta(seconds=600)) == 64
    assert time_bits(timedelta(days=9), None) == 0


def test_good_leaves_informative_bits_in() -> None:
    assert good(0) and good(Quality.LATE | Quality.ESTIMATED | Quality.UNIT)
    assert not any(good(bit) for bit in (1, 2, 4, 8, 16, 32))
