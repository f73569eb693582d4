"""The store keeps each reading once, whatever comes twice, late or changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from qipan.kernel.base import events
from qipan.kernel.sensing import partitions
from qipan.kernel.sensing.events import ReadingsStored
from qipan.kernel.sensing.ingest import BatchResult, store_batch
from qipan.kernel.sensing.models import (
    Batch,
    Datastream,
    DeviceKey,
    FrameLog,
    Latest,
    ObservedProperty,
    Revision,
    Thing,
)
from qipan.kernel.sensing.quality import Quality
from qipan.kernel.sensing.readings import FrameRecord, Reading

pytestmark = pytest.mark.django_db
T0 = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
MN = "010000A8900016F000169DC0"


def station(**stream: Any) -> Datastream:
    thing = Thing.objects.create(code="s1", name="国控站", kind="air_station")
    DeviceKey.objects.create(thing=thing, protocol="hj212", key=MN, valid_from=T0)
    return Datastream.objects.create(thing=thing, code="a34004", unit="µg/m³", step_s=60, **stream)


def reading(minute: float = 0, value: float | None = 35.0, **changes: Any) -> Reading:
    ts = T0 + timedelta(minutes=minute)
    whole = Reading("hj212", MN, "a34004", ts, value, None, 0, ts + timedelta(seconds=2))
    return replace(whole, **changes)


def stored() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ts, value, quality, version FROM sensing_observation ORDER BY datastream_id, ts"
        )
        return list(cursor.fetchall())


def everything() -> dict[str, list[tuple[Any, ...]]]:
    tables = ("observation", "text", "framelog", "latest", "batch", "revision", "thing", "datastream")
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM sensing_{table} t ORDER BY t")
            found[table] = cursor.fetchall()
    return found


def test_a_batch_is_stored_with_latest_frames_and_batch_number() -> None:
    stream = station()
    frame = FrameRecord(T0, "10.0.0.9:4711", "hj212", MN, "in", b"##0001...", "accepted")
    result = store_batch([reading(0, 35.0, frame=0), reading(1, 36.5, frame=0)], [frame])
    assert (result.stored, result.doubles, result.revised, result.quarantined) == (2, 0, 0, 0)
    assert stored() == [(T0, 35.0, 0, 0), (T0 + timedelta(minutes=1), 36.5, 0, 0)]
    latest = Latest.objects.get(datastream=stream)
    assert (latest.value, latest.ts, latest.batch_id) == (36.5, T0 + timedelta(minutes=1), result.batch_id)
    batch = Batch.objects.get()
    assert (batch.rows, batch.datastream_ids, batch.hours) == (2, [stream.pk], [492_316])
    log = FrameLog.objects.get()
    assert (bytes(log.raw), log.outcome, log.key) == (b"##0001...", "accepted", MN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT frame_id FROM sensing_observation")
        assert cursor.fetchall() == [(log.pk,)]
    assert DeviceKey.objects.get().last_heard_at == T0 + timedelta(minutes=1, seconds=2)


def test_the_same_batch_again_changes_nothing() -> None:
    station()
    frame = FrameRecord(T0, "10.0.0.9:4711", "hj212", MN, "in", b"##0001...", "accepted")
    batch = [
        reading(0, 35.0, frame=0),
        reading(1, None, text="B"),
        reading(2, None),
        reading(3, 1.5, key="stranger"),
    ]
    first = store_batch(batch, [frame])
    before = everything()
    again = store_batch(batch, [frame])
    assert (first.stored, again.stored, again.doubles, again.revised) == (4, 0, 4, 0)
    assert again.batch_id is None
    assert everything() == before


def test_new_readings_among_doubles_are_stored() -> None:
    station()
    store_batch([reading(0, 35.0)])
    result = store_batch([reading(0, 35.0), reading(1, 36.0)])
    assert (result.stored, result.doubles) == (1, 1)
    assert [row[1] for row in stored()] == [35.0, 36.0]


def test_a_resent_different_value_replaces_and_is_kept_as_revision() -> None:
    stream = station()
    store_batch([reading(0, 35.0)])
    result = store_batch([reading(0, 53.0, received=T0 + timedelta(hours=1))])
    assert (result.stored, result.doubles, result.revised) == (0, 0, 1)
    assert stored() == [(T0, 53.0, int(Quality.DUPLICATE), 1)]
    revision = Revision.objects.get()
    assert (revision.old_value, revision.new_value, revision.cause, revision.applied) == (
        35.0,
        53.0,
        "resent",
        True,
    )
    assert Latest.objects.get(datastream=stream).value == 53.0


def test_a_replay_of_the_older_value_does_not_undo_the_newer() -> None:
    station()
    store_batch([reading(0, 35.0)])
    store_batch([reading(0, 53.0, received=T0 + timedelta(hours=1))])
    before = everything()
    assert store_batch([reading(0, 35.0)]).doubles == 1
    assert everything() == before


def test_what_a_person_set_is_not_replaced() -> None:
    stream = station()
    store_batch([reading(0, 35.0)])
    Revision.objects.create(
        datastream=stream, ts=T0, version=1, old_value=35.0, new_value=40.0, cause="corrected", at=T0
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE sensing_observation SET value = 40, version = 1, quality = 512")
    result = store_batch([reading(0, 53.0, received=T0 + timedelta(hours=1))])
    assert result.revised == 0
    assert stored() == [(T0, 40.0, 512, 1)]
    assert Revision.objects.filter(cause="resent", applied=False, new_value=53.0).count() == 1


def test_two_values_for_one_instant_in_one_batch_keep_both() -> None:
    station()
    result = store_batch([reading(0, 35.0), reading(0, 35.0), reading(0, 36.0, received=T0)])
    assert (result.stored, result.doubles, result.revised) == (1, 1, 1)
    assert stored() == [(T0, 36.0, int(Quality.DUPLICATE), 1)]


def test_a_late_reading_goes_to_its_day_and_leaves_the_latest_alone() -> None:
    stream = station(late_s=600)
    store_batch([reading(0, 35.0)])
    received = T0 + timedelta(minutes=1)
    store_batch([reading(-3 * 1440, 20.0, received=received)])
    assert Latest.objects.get(datastream=stream).value == 35.0
    assert stored()[0] == (T0 - timedelta(days=3), 20.0, int(Quality.LATE), 0)
    assert (T0 - timedelta(days=3)).date() in partitions.existing(partitions.OBSERVATION)


def test_unknown_keys_wait_in_quarantine_with_their_readings() -> None:
    ObservedProperty.objects.create(
        code="a34004", name="PM2.5", unit="µg/m³", family="air", aliases=["PM25"], low=0, high=1000
    )
    result = store_batch([reading(0, 35.0, key="newcomer", code="PM25"), reading(0, 1.0, key="newcomer")])
    assert (result.stored, result.quarantined) == (2, 1)
    thing = Thing.objects.get()
    assert (thing.state, thing.code) == ("quarantine", "hj212:newcomer")
    stream = Datastream.objects.get(code="PM25")
    assert (stream.unit, stream.confirmed, stream.high) == ("µg/m³", False, 1000.0)
    assert [row[2] for row in stored()] == [int(Quality.UNIT)] * 2


def test_impossible_times_are_refused_and_future_ones_flagged() -> None:
    station()
    result = store_batch(
        [
            reading(0, 1.0, ts=datetime(1999, 12, 31, tzinfo=UTC)),
            reading(0, 1.0, ts=T0 + timedelta(days=3), received=T0),
            reading(0, 1.0, ts=T0 + timedelta(hours=2), received=T0),
        ]
    )
    assert result.refused == {"clock": 2}
    assert stored() == [(T0 + timedelta(hours=2), 1.0, int(Quality.CLOCK), 0)]


def test_scale_range_and_not_a_number() -> None:
    station(scale=0.001, low=0.0, high=100.0)
    store_batch([reading(0, 75_600.0), reading(1, 120_000.0), reading(2, float("nan"))])
    assert [row[1:3] for row in stored()] == [
        (75.6, 0),
        (120.0, int(Quality.RANGE)),
        (None, int(Quality.MISSING)),
    ]


def test_a_paused_thing_is_marked_as_in_maintenance() -> None:
    station()
    Thing.objects.update(state=Thing.State.PAUSED)
    store_batch([reading(0, 35.0)])
    assert stored() == [(T0, 35.0, int(Quality.MAINTENANCE), 0)]


def test_a_failure_leaves_no_trace_and_the_replay_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    station()
    batch = [reading(0, 35.0), reading(0, 2.0, key="stranger")]
    before = everything()

    def crash(*_arguments: Any) -> int:
        raise ConnectionError("database went away")

    with monkeypatch.context() as patch:
        patch.setattr("qipan.kernel.sensing.ingest.announce", crash)
        with pytest.raises(ConnectionError):
            store_batch(batch)
    assert everything() == before
    assert store_batch(batch).stored == 2


def test_readings_stored_is_published_once_after_the_commit(
    django_capture_on_commit_callbacks: Any,
) -> None:
    stream = station()
    heard: list[ReadingsStored] = []
    events.subscribe(ReadingsStored, heard.append)
    with django_capture_on_commit_callbacks(execute=True):
        result = store_batch([reading(0, 35.0), reading(5, 36.0)])
        store_batch([reading(0, 35.0)])
    assert heard == [
        ReadingsStored(
            result.batch_id or 0, T0.isoformat(), (T0 + timedelta(minutes=5)).isoformat(), [stream.pk]
        )
    ]


def test_an_empty_batch_is_nothing() -> None:
    assert store_batch([]) == BatchResult()
