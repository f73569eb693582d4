"""Hot and cold rows as one table: no gap, no double, whenever the flush commits."""

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from qipan.kernel import lake
from qipan.kernel.lake.tests.samples import STAGE, stage_rows

DAY = date(2026, 1, 1)
KEYS = ("station", "at")


def hot_store(last: int) -> Any:
    """Hourly rows with sequence numbers 1 … last, as a hot store answers."""
    return lambda mark: stage_rows(DAY, last).slice(mark)


def levels(rows: pa.Table) -> list[float]:
    return sorted(rows.column("level_m").to_pylist())


def test_rows_are_seen_once_before_and_after_every_flush(fresh_lake: Any) -> None:
    everything = [1.0 + n for n in range(20)]
    assert lake.watermark(STAGE).mark == 0
    assert levels(lake.union(STAGE, hot_store(20))) == everything
    lake.append(STAGE, stage_rows(DAY, 8), "hot:1-8", mark=8)
    assert lake.watermark(STAGE).mark == 8
    assert levels(lake.union(STAGE, hot_store(20))) == everything
    lake.append(STAGE, stage_rows(DAY, 20).slice(8), "hot:9-20", mark=20)
    assert levels(lake.union(STAGE, hot_store(20))) == everything


def test_a_flush_that_commits_while_we_read_doubles_nothing(fresh_lake: Any) -> Any:
    def slow(mark: int) -> pa.Table:
        lake.append(STAGE, stage_rows(DAY, 5), "hot:1-5", mark=5)
        return hot_store(6)(mark)

    assert levels(lake.union(STAGE, slow)) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_other_commits_carry_the_mark_on(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY, 5), "hot:1-5", mark=5)
    lake.append(STAGE, stage_rows(date(2025, 1, 1), 2), "import:1")
    lake.append(STAGE, stage_rows(DAY, 5, station="b"), "x")
    lake.maintain(STAGE)
    assert lake.watermark(STAGE).mark == 5


def test_late_rows_yield_to_what_the_lake_has(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY, 3), "hot:1-3", mark=3)
    late = stage_rows(DAY, 4, level=100.0)
    rows = lake.union(STAGE, hot_store(3), late=late, keys=KEYS)
    assert levels(rows) == [1.0, 2.0, 3.0, 103.0]
    with pytest.raises(ValueError, match="keys"):
        lake.union(STAGE, hot_store(3), late=late)


def test_the_filter_prunes_the_cold_part(fresh_lake: Any) -> None:
    lake.append(STAGE, pa.concat_tables([stage_rows(DAY, 2), stage_rows(date(2026, 1, 2), 2)]), "a")
    rows = lake.union(STAGE, lambda mark: STAGE.schema.empty_table(), where=f"day = '{DAY}'")
    assert rows.num_rows == 2
