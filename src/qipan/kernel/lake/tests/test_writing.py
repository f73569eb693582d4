"""Writes happen once, wholly, and never beside each other."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from django.db import connections

from qipan.kernel import lake
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput
from qipan.kernel.lake.catalogue import find
from qipan.kernel.lake.models import LakeBatch, LakeHold
from qipan.kernel.lake.tables import conform
from qipan.kernel.lake.tests.samples import STAGE, stage_rows

DAY, NEXT = date(2026, 1, 1), date(2026, 1, 2)


def count(table: Any = STAGE, **options: Any) -> Any:
    return lake.query(lake.table(table).count().as_table(), **options).column(0)[0].as_py()


def test_a_table_nobody_wrote_is_empty(fresh_lake: Any) -> None:
    assert lake.files(STAGE) == []
    assert count() == 0
    assert lake.history(STAGE) == []


def test_the_same_batch_lands_once(fresh_lake: Any) -> None:
    first = lake.append(STAGE, stage_rows(DAY), "a")
    again = lake.append(STAGE, stage_rows(DAY), "a")
    assert first.pk == again.pk
    assert (first.rows, first.total_rows, first.total_files) == (24, 24, 1)
    assert count() == 24


def test_a_batch_key_with_other_rows_is_a_conflict(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    with pytest.raises(Conflict, match="other rows"):
        lake.append(STAGE, stage_rows(DAY, level=5.0), "a")
    assert count() == 24


def test_a_crash_between_commit_and_record_is_mended_by_the_next_try(fresh_lake: Any) -> None:
    row = lake.append(STAGE, stage_rows(DAY), "a")
    LakeBatch.objects.all().delete()
    again = lake.append(STAGE, stage_rows(DAY), "a")
    assert again.snapshot_id == row.snapshot_id
    assert count() == 24


def test_a_wrong_row_lets_nothing_land(fresh_lake: Any) -> None:
    rows = stage_rows(DAY).set_column(1, "station", pa.array([None] * 24, pa.string()))
    with pytest.raises(InvalidInput):
        lake.append(STAGE, rows, "a")
    assert find(STAGE.path) is None
    assert LakeBatch.objects.count() == 0


def test_replace_takes_out_one_day_only(fresh_lake: Any) -> None:
    lake.append(STAGE, pa.concat_tables([stage_rows(DAY), stage_rows(NEXT)]), "a")
    lake.replace(STAGE, stage_rows(DAY, 3, level=9.0), "day = '2026-01-01'", "b")
    t = lake.table(STAGE)
    found = lake.query(t.group_by("day").agg(n=t.count(), low=t.level_m.min()).order_by("day"))
    assert found.to_pylist() == [{"day": DAY, "n": 3, "low": 9.0}, {"day": NEXT, "n": 24, "low": 1.0}]


def test_replace_can_cut_through_a_file(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    lake.replace(STAGE, stage_rows(DAY, 1, level=-1.0), "level_m >= 11", "b")
    t = lake.table(STAGE)
    levels = lake.query(t.select("level_m").order_by("level_m")).column(0).to_pylist()
    assert levels == [-1.0] + [float(n) for n in range(1, 11)]


def test_upsert_replaces_equal_keys_and_keeps_the_others(fresh_lake: Any) -> None:
    lake.append(STAGE, pa.concat_tables([stage_rows(DAY, 3), stage_rows(NEXT, 3)]), "a")
    lake.upsert(STAGE, stage_rows(DAY, 4, level=100.0).slice(2), ("day", "station", "at"), "b")
    t = lake.table(STAGE)
    levels = lake.query(t.filter(t.day == DAY).order_by("at").select("level_m")).column(0).to_pylist()
    assert levels == [1.0, 2.0, 102.0, 103.0]
    assert count() == 7
    with pytest.raises(InvalidInput, match="twice"):
        lake.upsert(
            STAGE, pa.concat_tables([stage_rows(DAY, 1), stage_rows(DAY, 1)]), ("day", "station", "at"), "c"
        )


def test_a_held_table_takes_no_writes(fresh_lake: Any) -> None:
    LakeHold.objects.create(table=STAGE.path, reason="files are missing", since=now())
    with pytest.raises(Conflict, match="files are missing"):
        lake.append(STAGE, stage_rows(DAY), "a")


def test_strange_values_come_back_as_they_went(fresh_lake: Any) -> None:
    rows = pa.table(
        {
            "day": pa.array([date(1900, 1, 1), date(2262, 4, 12), date(2262, 4, 12)], pa.date32()),
            "station": ["", "站", "x" * 10_000_000],
            "at": pa.array(
                [datetime(1900, 1, 1), datetime(2262, 4, 12, 23), datetime(2262, 4, 12)], pa.timestamp("us")
            ),
            "level_m": [math.nan, math.inf, -math.inf],
        }
    )
    lake.append(STAGE, rows, "a")
    found = lake.query(lake.table(STAGE).order_by("day", "at"))
    assert found.column("day").to_pylist() == [date(1900, 1, 1), date(2262, 4, 12), date(2262, 4, 12)]
    assert [len(text) for text in found.column("station").to_pylist()] == [0, 10_000_000, 1]
    levels = found.column("level_m").to_pylist()
    assert math.isnan(levels[0]) and levels[1:] == [-math.inf, math.inf]


def test_four_writers_lose_and_double_nothing(fresh_lake: Any) -> Any:
    """The writers are threads with connections of their own; what they commit is swept up."""

    def alone(work: Any) -> Any:
        def run(argument: Any) -> Any:
            try:
                return work(argument)
            finally:
                connections.close_all()

        return run

    @alone
    def write(number: int) -> None:
        for part in range(5):
            # Every batch is tried by two of the writers.
            key = f"{number // 2}-{part}"
            lake.append(STAGE, stage_rows(DAY, 10, station=key), key)

    @alone
    def sweep(path: str) -> int:
        return LakeBatch.objects.filter(table=path).delete()[0]

    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, range(4)))
        t = lake.table(STAGE)
        found = lake.query(t.group_by("station").agg(n=t.count()).order_by("station")).to_pylist()
        assert found == [{"station": f"{n}-{p}", "n": 10} for n in range(2) for p in range(5)]
    finally:
        with ThreadPoolExecutor(1) as pool:
            [swept] = pool.map(sweep, [STAGE.path])
    assert swept == 10


def test_writers_that_know_nothing_of_our_lock_lose_nothing_either(fresh_lake: Any) -> None:
    """Another program commits through the same catalogue: the retries in the table's properties save both."""
    lake.append(STAGE, stage_rows(DAY, 1, station="ours-0"), "0")

    def foreign(number: int) -> None:
        table: Any = find(STAGE.path)
        for part in range(4):
            rows = conform(STAGE, stage_rows(DAY, 1, station=f"foreign-{number}-{part}"))
            table.append(rows)

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(foreign, number) for number in range(3)]
        for number in range(1, 5):
            lake.append(STAGE, stage_rows(DAY, 1, station=f"ours-{number}"), str(number))
        for one in working:
            one.result()
    stations = lake.query(lake.table(STAGE).select("station")).column(0).to_pylist()
    expected = [f"foreign-{n}-{p}" for n in range(3) for p in range(4)] + [f"ours-{n}" for n in range(5)]
    assert sorted(stations) == sorted(expected)
    # What they committed is part of the table's history too.
    assert len(lake.history(STAGE)) == 17
