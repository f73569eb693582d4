"""Limits, batches and the health file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from qipan.kernel.sensing.gateway import health
from qipan.kernel.sensing.gateway.backlog import BATCH_ROWS, Backlog, Batch
from qipan.kernel.sensing.gateway.limits import BAN_S, Bans, TokenBucket
from qipan.kernel.sensing.readings import FrameRecord, Reading

NOON = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
FRAME = FrameRecord(NOON, "10.0.0.1:5000", "hj212", "1", "in", b"##", "accepted")


def reading(frame: int | None) -> Reading:
    return Reading("hj212", "1", "a34004", NOON, 1.0, None, 0, NOON, frame)


def test_bucket_lets_a_burst_pass_and_then_names_the_wait() -> None:
    bucket = TokenBucket(rate=10.0, burst=3.0)
    assert [bucket.take(100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert bucket.take(100.0) == pytest.approx(0.1)
    assert bucket.take(100.3) == 0.0


def test_five_times_nonsense_is_a_ban_for_ten_minutes() -> None:
    bans = Bans()
    assert [bans.nonsense("10.0.0.9", 50.0, trusted=False) for _ in range(5)] == [False] * 4 + [True]
    assert bans.banned("10.0.0.9", 50.0 + BAN_S - 1)
    assert not bans.banned("10.0.0.9", 50.0 + BAN_S)
    assert not bans.banned("10.0.0.8", 50.0)


def test_sense_clears_the_count_and_trusted_addresses_stay() -> None:
    bans = Bans()
    for _ in range(4):
        bans.nonsense("a", 0.0, trusted=False)
    bans.sense("a")
    assert not bans.nonsense("a", 0.0, trusted=False)
    assert not any(bans.nonsense("b", 0.0, trusted=True) for _ in range(50))


def test_batches_close_when_full_and_come_in_order() -> None:
    backlog = Backlog()
    backlog.add(FRAME, [reading(0)] * (BATCH_ROWS - 1), after=10)
    assert backlog.next_index == 1
    assert not backlog.has_closed
    backlog.add(FRAME, [reading(1)], after=20)
    assert backlog.has_closed
    assert backlog.next_index == 0
    backlog.add(FRAME, [reading(0)], after=30)
    first, second = backlog.take(), backlog.take()
    assert first is not None
    assert second is not None
    assert (len(first.readings), first.after) == (BATCH_ROWS, 20)
    assert (len(second.readings), second.after) == (1, 30)
    assert backlog.take() is None
    assert backlog.weight == 0


def test_memory_has_a_limit() -> None:
    backlog = Backlog(capacity=4)
    backlog.add(FRAME, [reading(0)] * 2)
    assert not backlog.crowded
    backlog.add(FRAME, ())
    assert backlog.crowded


def test_a_batch_is_cut_between_frames() -> None:
    batch = Batch([reading(0), reading(None), reading(1), reading(2)], [FRAME] * 3, 99)
    first, second = batch.halves()
    assert [each.frame for each in first.readings] == [0, None]
    assert [each.frame for each in second.readings] == [0, 1]
    assert (len(first.frames), len(second.frames), first.after) == (1, 2, 0)


def test_health_file_is_believed_only_while_it_is_fresh(tmp_path: Path) -> None:
    assert health.read(tmp_path)["ready"] is False
    health.write(tmp_path, {"ready": True, "reasons": []})
    assert health.read(tmp_path)["ready"] is True
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=11)):
        status = health.read(tmp_path)
    assert status["ready"] is False
    assert "no sign since" in status["reasons"][0]
