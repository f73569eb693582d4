"""Days move to the lake whole, roll-ups follow what was stored, late readings find their day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from qipan.kernel.sensing import cold, flush, partitions, read, rollups
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.models import Batch, ColdDay, DayRollup, Follower, HourRollup
from qipan.kernel.sensing.tests.test_ingest import T0, reading, station
from qipan.kernel.sensing.tests.test_read import at, rows

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 1)


def test_a_flushed_day_reads_as_before_and_its_partition_is_gone() -> None:
    stream = station(low=0, high=100)
    store_batch([reading(0, 1.0), reading(1, None), reading(2, 300.0), reading(3, None, text="B")])
    before = rows(read.history([stream.pk], at(-10), at(10)))
    assert flush.flush_day(DAY) is True
    assert DAY not in partitions.existing(partitions.OBSERVATION)
    assert rows(read.history([stream.pk], at(-10), at(10))) == before
    assert read.texts([stream.pk], at(-10), at(10)) == [(stream.pk, at(3), "B")]
    assert ColdDay.objects.get().day == DAY


def test_a_late_reading_of_a_flushed_day_joins_it_at_the_next_flush() -> None:
    stream = station()
    store_batch([reading(0, 1.0), reading(1, 2.0)])
    flush.flush_day(DAY)
    store_batch([reading(1, 2.5), reading(2, 3.0)])
    whole = [(at(0), 1.0, 0), (at(1), 2.5, 0), (at(2), 3.0, 0)]
    assert rows(read.history([stream.pk], at(-10), at(10))) == whole
    assert flush.flush_day(DAY) is True
    assert rows(read.history([stream.pk], at(-10), at(10))) == whole


def test_a_day_that_changes_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = station()
    store_batch([reading(0, 1.0)])
    write = cold.write

    def write_and_receive(*arguments: Any) -> int:
        store_batch([reading(5, 9.0)])
        return int(write(*arguments))

    monkeypatch.setattr(cold, "write", write_and_receive)
    assert flush.flush_day(DAY) is False
    assert rows(read.history([stream.pk], at(0), at(10))) == [(at(0), 1.0, 0), (at(5), 9.0, 0)]


def test_only_days_beyond_the_hot_ones_move(monkeypatch: pytest.MonkeyPatch) -> None:
    station()
    monkeypatch.setattr(flush, "now", lambda: datetime(2026, 3, 4, tzinfo=UTC))
    store_batch([reading(0, 1.0), reading(1440, 2.0)])
    assert flush.flush(keep_days=2) == [DAY]


def test_hours_and_days_are_counted_and_counted_again() -> None:
    stream = station(low=0)
    store_batch([reading(0, 10.0), reading(1, 20.0), reading(2, -5.0), reading(60, 40.0)])
    assert rollups.follow() == 2
    assert rollups.follow() == 0
    first = HourRollup.objects.get(datastream=stream, bucket=T0)
    assert (first.n, first.n_good, first.low, first.high, first.mean) == (3, 2, 10.0, 20.0, 15.0)
    assert (first.first, first.last) == (10.0, 20.0)
    assert first.completeness == pytest.approx(2 / 60)
    day = DayRollup.objects.get(datastream=stream)
    assert (day.bucket, day.n, day.n_good) == (datetime(2026, 2, 28, 16, tzinfo=UTC), 4, 3)
    assert day.mean == pytest.approx(70 / 3)
    store_batch([reading(3, 60.0)])
    rollups.follow()
    assert HourRollup.objects.get(datastream=stream, bucket=T0).mean == 30.0
    assert DayRollup.objects.get(datastream=stream).mean == pytest.approx(130 / 4)


def test_a_late_reading_of_a_cold_hour_counts_with_the_old_ones() -> None:
    stream = station()
    store_batch([reading(0, 10.0)])
    rollups.follow()
    flush.flush_day(DAY)
    store_batch([reading(1, 20.0)])
    rollups.follow()
    assert HourRollup.objects.get(datastream=stream).mean == 15.0


def test_batches_stay_until_all_followers_have_read_them() -> None:
    station()
    for minute in range(3):
        store_batch([reading(minute, 1.0)])
    Batch.objects.update(at=T0)
    numbers = list(Batch.objects.order_by("pk").values_list("pk", flat=True))
    Follower.objects.create(name="slow", batch_id=numbers[0])
    assert rollups.forget_batches() == 1
    rollups.follow()
    Follower.objects.filter(name="slow").update(at=datetime(2026, 1, 1, tzinfo=UTC) - timedelta(days=1))
    assert rollups.forget_batches() == 1
    assert list(Batch.objects.values_list("pk", flat=True)) == numbers[2:]
