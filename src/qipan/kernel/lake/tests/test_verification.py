"""Verification names what is missing, holds the table, and offers a way back."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from qipan.kernel import lake
from qipan.kernel.base.errors import Conflict
from qipan.kernel.lake.tests.samples import STAGE, stage_rows
from qipan.kernel.lake.verification import metadata_locations, repair

DAY = date(2026, 1, 1)


def test_a_whole_table_has_no_problems(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    lake.replace(STAGE, stage_rows(DAY, 3), f"day = '{DAY}'", "b")
    assert lake.verify(STAGE) == []


def test_a_missing_and_a_cut_file_are_named_and_hold_the_table(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    lake.append(STAGE, stage_rows(DAY, station="s2"), "b")
    first, second = (Path(path) for path in lake.files(STAGE))
    data = first.read_bytes()
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1])
    problems = lake.verify(STAGE, hold=True)
    size = second.stat().st_size
    assert sorted(problems) == sorted([f"{first}: missing", f"{second}: {size} bytes, {size + 1} promised"])
    with pytest.raises(Conflict, match="missing"):
        lake.append(STAGE, stage_rows(DAY, station="s3"), "c")
    first.write_bytes(data)
    assert len(lake.verify(STAGE)) == 1


def test_a_mended_table_takes_writes_again(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    path = Path(lake.files(STAGE)[0])
    away = path.rename(path.with_suffix(".away"))
    assert len(lake.verify(STAGE, hold=True)) == 1
    away.rename(path)
    assert lake.verify(STAGE, hold=True) == []
    lake.append(STAGE, stage_rows(DAY, station="s3"), "c")


def test_a_lost_metadata_file_is_reported_and_repaired_by_decision(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    lake.append(STAGE, stage_rows(DAY, station="s2"), "b")
    with pytest.raises(ValueError, match="present"):
        repair(STAGE)
    location, previous = metadata_locations(STAGE.path)
    Path(location.removeprefix("file://")).unlink()
    [problem] = lake.verify(STAGE)
    assert location in problem and problem.endswith("is present")
    assert repair(STAGE) == previous
    assert lake.verify(STAGE) == []
    assert lake.query(lake.table(STAGE).count().as_table()).column(0)[0].as_py() == 24


def test_an_unknown_table_is_an_error(fresh_lake: Any) -> None:
    with pytest.raises(LookupError):
        lake.verify("water.nothing")
