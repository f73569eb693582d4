"""Upkeep: small files merged, old snapshots forgotten, orphans removed, what is needed kept."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import time_machine

from qipan.kernel import lake
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.lake.catalogue import find
from qipan.kernel.lake.maintenance import maintain_all, needs_merge, partitions
from qipan.kernel.lake.models import LakeRun
from qipan.kernel.lake.tables import Table
from qipan.kernel.lake.tests.samples import STAGE, stage_rows

DAY = date(2026, 1, 1)


def existing(path: str) -> Any:
    return find(path)


def all_levels(**options: Any) -> Any:
    t = lake.table(STAGE)
    return lake.query(t.order_by("level_m").select("level_m"), **options).column(0).to_pylist()


def age(folder: Path, hours: int) -> None:
    """Make every file of the lake look older."""
    for path in folder.rglob("*"):
        stamp = path.stat().st_mtime - hours * 3600
        os.utime(path, (stamp, stamp))


def test_a_closed_day_of_many_files_becomes_one_sorted_file(fresh_lake: Any) -> None:
    for number in range(9):
        lake.append(STAGE, stage_rows(DAY, 2, station=f"s{9 - number}", level=number), f"b{number}")
    before = sorted(all_levels())
    run = lake.maintain(STAGE)
    assert (run.compacted, run.live_files > 0) == (1, True)
    [path] = lake.files(STAGE)
    assert sorted(all_levels()) == before
    stations = pq.ParquetFile(path).read().column("station").to_pylist()
    assert len(set(stations)) == 9 and stations == sorted(stations)
    assert lake.maintain(STAGE).compacted == 0


def test_today_and_a_dry_run_touch_nothing(fresh_lake: Any) -> None:
    today = county_day(now())
    for number in range(3):
        lake.append(STAGE, stage_rows(today, 1, level=number), f"today{number}")
        lake.append(STAGE, stage_rows(DAY, 1, level=number), f"old{number}")
    run = lake.maintain(STAGE, dry_run=True)
    assert (run.compacted, run.dry_run, len(lake.files(STAGE))) == (1, True, 6)
    assert lake.maintain(STAGE).compacted == 1
    assert len(lake.files(STAGE)) == 4


def test_expiry_alone_deletes_no_file_our_recipe_does(fresh_lake: Any) -> None:
    with time_machine.travel(now() - timedelta(days=10)):
        for number in range(4):
            lake.append(STAGE, stage_rows(DAY, 1, level=number), f"b{number}")
        lake.pin(STAGE, "kept", lake.history(STAGE)[0].snapshot_id)
    lake.maintain(STAGE)
    age(fresh_lake, 48)
    files_before = sum(path.is_file() for path in fresh_lake.rglob("*"))
    run = lake.maintain(STAGE)
    files_after = sum(path.is_file() for path in fresh_lake.rglob("*"))
    assert run.removed_files == files_before - files_after > 0
    assert run.all_files == run.live_files == files_after
    assert all_levels() == [0.0, 1.0, 2.0, 3.0]
    assert all_levels(as_of="kept") == [0.0]
    assert all_levels(as_of=now() - timedelta(days=6)) == [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(LookupError, match="history is kept"):
        all_levels(as_of=now() - timedelta(days=9))


def test_an_orphan_younger_than_a_day_stays(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY, 1), "a")
    data = Path(lake.files(STAGE)[0]).parent
    (data / "young.parquet").write_bytes(b"x")
    (data / "old.parquet").write_bytes(b"xyz")
    stamp = (now() - timedelta(hours=25)).timestamp()
    os.utime(data / "old.parquet", (stamp, stamp))
    dry = lake.maintain(STAGE, dry_run=True)
    assert (dry.removed_files, dry.removed_bytes, (data / "old.parquet").exists()) == (1, 3, True)
    assert lake.maintain(STAGE).removed_files == 1
    assert (data / "young.parquet").exists() and not (data / "old.parquet").exists()


def test_days_beyond_their_keeping_time_go(fresh_lake: Any) -> None:
    short = Table("short", owner="water", schema=STAGE.schema, sort=STAGE.sort, keep_days=30)
    today = county_day(now())
    for back in (29, 31, 60):
        lake.append(short, stage_rows(today - timedelta(days=back), 1), f"b{back}")
    assert lake.maintain(short).dropped == 2
    [kept] = partitions(existing(short.path))
    assert kept.value == today - timedelta(days=29)


def test_a_table_that_fails_stops_no_other(fresh_lake: Any) -> None:
    other = Table("other", owner="water", schema=STAGE.schema)
    lake.append(other, stage_rows(DAY, 1), "a")
    lake.append(STAGE, stage_rows(DAY, 1), "a")
    Path(lake.files(other)[0]).parent.parent.parent.joinpath("metadata").rename(fresh_lake / "away")
    runs = maintain_all()
    assert [(run.table, bool(run.note)) for run in runs] == [("water.other", True), ("water.stage", False)]
    assert LakeRun.objects.count() == 2


def test_partitions_by_text_are_merged_only_when_they_are_many(fresh_lake: Any) -> None:
    table = Table("runs", owner="w", partition="issue", schema=pa.schema([("issue", pa.string())]))
    for number in range(9):
        lake.append(table, pa.table({"issue": ["m:1"]}), f"b{number}")
    [partition] = partitions(existing(table.path))
    assert (partition.value, partition.files, needs_merge(partition, DAY)) == ("m:1", 9, True)
    lake.maintain(table)
    assert len(lake.files(table)) == 1
