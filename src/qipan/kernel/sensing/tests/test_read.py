"""Histories have no seam, buckets follow the county's day, every value leads to its frame."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from qipan.kernel.sensing import cold, read
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.models import Datastream, FrameLog
from qipan.kernel.sensing.quality import Quality
from qipan.kernel.sensing.readings import FrameRecord
from qipan.kernel.sensing.tests.test_ingest import MN, T0, reading, station

pytestmark = pytest.mark.django_db


def rows(table: pa.Table) -> list[tuple[datetime, float | None, int]]:
    return list(
        zip(*(table[name].to_pylist() for name in ("ts", "value", "quality")), strict=True),
    )


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def put_into_lake(stream: Datastream, day: date, values: dict[datetime, float]) -> None:
    table = pa.table(
        {
            "day": pa.array([day] * len(values), pa.date32()),
            "datastream": pa.array([stream.pk] * len(values), pa.int32()),
            "ts": pa.array([ts.astimezone(UTC).replace(tzinfo=None) for ts in values], pa.timestamp("us")),
            "value": pa.array(list(values.values()), pa.float64()),
            "quality": pa.array([0] * len(values), pa.int32()),
            "version": pa.array([0] * len(values), pa.int32()),
        }
    )
    assert cold.write(table.drop_columns(["day"]), f"test:{day}") == len(values)


def test_hot_history_is_ordered_bounded_and_keeps_flagged_values() -> None:
    stream = station(low=0, high=100)
    store_batch([reading(3, 500.0), reading(1, 10.0), reading(2, None), reading(9, 1.0)])
    found = read.history([stream.pk], at(1), at(9))
    assert rows(found) == [
        (at(1), 10.0, 0),
        (at(2), None, int(Quality.MISSING)),
        (at(3), 500.0, int(Quality.RANGE)),
    ]
    assert rows(read.history([stream.pk], at(0), at(10), good_only=True)) == [
        (at(1), 10.0, 0),
        (at(9), 1.0, 0),
    ]


def test_hot_and_cold_are_one_series_without_doubles() -> None:
    stream = station()
    day = date(2026, 3, 1)
    put_into_lake(stream, day, {at(0): 1.0, at(1): 2.0})
    put_into_lake(stream, day - timedelta(days=1), {at(-1440): 0.5})
    store_batch([reading(1, 2.5), reading(2, 3.0)])
    assert rows(read.history([stream.pk], at(-2000), at(10))) == [
        (at(-1440), 0.5, 0),
        (at(0), 1.0, 0),
        (at(1), 2.5, 0),
        (at(2), 3.0, 0),
    ]
    hourly = read.history([stream.pk], at(-2000), at(10), step=3600)
    assert rows(hourly) == [(at(-1440), 0.5, 0), (at(0), pytest.approx((1.0 + 2.5 + 3.0) / 3), 0)]


def test_buckets_of_a_day_begin_at_the_county_midnight() -> None:
    stream = station(low=0)
    midnight = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
    minutes = (midnight - T0) / timedelta(minutes=1)
    store_batch([reading(minutes - 1, 10.0), reading(minutes, 20.0), reading(minutes + 5, -40.0)])
    daily = read.history([stream.pk], T0, T0 + timedelta(days=2), step=86_400)
    assert rows(daily) == [(midnight - timedelta(days=1), 10.0, 0), (midnight, 20.0, 0)]


def test_a_value_leads_to_its_frame() -> None:
    stream = station()
    frames = [
        FrameRecord(T0, "10.0.0.9:1", "hj212", MN, "in", b"##first", "accepted"),
        FrameRecord(T0, "10.0.0.9:1", "hj212", MN, "in", b"##second", "accepted"),
    ]
    store_batch([reading(0, frame=0), reading(1, frame=1), reading(2)], frames)
    found = read.frame_of(stream.pk, at(1))
    assert isinstance(found, FrameLog) and bytes(found.raw) == b"##second"
    assert read.frame_of(stream.pk, at(2)) is None
    assert read.frame_of(stream.pk, at(77)) is None


def test_latest_gives_only_streams_that_have_values() -> None:
    stream = station()
    other = Datastream.objects.create(thing=stream.thing, code="a34002")
    store_batch([reading(0, 35.0)])
    found = read.latest([stream.pk, other.pk])
    assert {number: row.value for number, row in found.items()} == {stream.pk: 35.0}


def test_wrong_questions_are_told() -> None:
    with pytest.raises(ValueError, match="time zone"):
        read.history([1], datetime(2026, 1, 1), datetime(2026, 1, 2))
    with pytest.raises(ValueError, match="step"):
        read.history([1], T0, T0 + timedelta(days=1), step=0)
    assert read.history([], T0, T0 + timedelta(days=1)).num_rows == 0
