"""Time travel: only states that were the table, exactly as a replayed oracle says."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from qipan.kernel import lake
from qipan.kernel.lake.catalogue import find
from qipan.kernel.lake.models import LakeBatch
from qipan.kernel.lake.tests.samples import STAGE, stage_rows

DAY, NEXT = date(2026, 1, 1), date(2026, 1, 2)


def catalogue_of(path: str) -> Any:
    return find(path)


def levels(**options: Any) -> Any:
    return (
        lake.query(lake.table(STAGE).select("level_m").order_by("level_m"), **options).column(0).to_pylist()
    )


def test_an_overwrite_leaves_two_snapshots_and_one_moment(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY, 2), "a")
    lake.replace(STAGE, stage_rows(DAY, 1, level=7.0), f"day = '{DAY}'", "b")
    assert len(catalogue_of(STAGE.path).metadata.snapshots) == 3
    assert [(m.batch, m.rows) for m in lake.history(STAGE)] == [("a", 2), ("b", 1)]


def test_as_of_equals_a_replayed_oracle_at_random_times(fresh_lake: Any) -> None:
    random.seed(7)
    oracle: list[float] = []
    states: list[tuple[datetime, list[float]]] = []
    for step in range(12):
        if step % 3 == 2:
            lake.replace(STAGE, stage_rows(DAY, 1, level=step), f"day = '{DAY}'", f"r{step}")
            oracle = [float(step)]
        else:
            lake.append(STAGE, stage_rows(DAY, 2, level=step), f"a{step}")
            oracle = sorted([*oracle, float(step), step + 1.0])
        states.append((lake.history(STAGE)[-1].at, oracle))
    first, last = states[0][0], states[-1][0]
    span = int((last - first) / timedelta(milliseconds=1))
    for _ in range(40):
        moment = first + timedelta(milliseconds=random.randint(-5, span + 5))
        known = [state for at, state in states if at <= moment]
        assert levels(as_of=moment) == (known[-1] if known else [])


def test_tags_and_snapshots_name_a_state(fresh_lake: Any) -> None:
    row = lake.append(STAGE, stage_rows(DAY, 1), "a")
    assert lake.pin(STAGE, "2026q1") == row.snapshot_id
    lake.append(STAGE, stage_rows(NEXT, 1, level=5.0), "b")
    assert levels(as_of="2026q1") == levels(as_of=row.snapshot_id) == [1.0]
    assert lake.history(STAGE)[0].tags == ("2026q1",)
    assert lake.pin(STAGE, "2026q1", "2026q1") == row.snapshot_id
    with pytest.raises(ValueError, match="taken"):
        lake.pin(STAGE, "2026q1")
    with pytest.raises(LookupError, match="no tag"):
        levels(as_of="2025q4")
    lake.unpin(STAGE, "2026q1")
    with pytest.raises(LookupError, match="no tag"):
        lake.unpin(STAGE, "2026q1")


def test_a_time_needs_its_zone(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY, 1), "a")
    with pytest.raises(ValueError, match="zone"):
        levels(as_of=datetime(2026, 1, 1))
    assert levels(as_of=datetime(2000, 1, 1, tzinfo=UTC)) == []


def test_a_rolled_back_batch_can_be_written_again(fresh_lake: Any) -> None:
    first = lake.append(STAGE, stage_rows(DAY, 1), "a")
    lake.append(STAGE, stage_rows(NEXT, 1, level=5.0), "b")
    lake.rollback(STAGE, first.snapshot_id)
    assert levels() == [1.0]
    assert set(LakeBatch.objects.values_list("kind", flat=True)) == {"append", "rollback"}
    lake.append(STAGE, stage_rows(NEXT, 1, level=6.0), "b")
    assert levels() == [1.0, 6.0]
    with pytest.raises(LookupError, match="not behind"):
        lake.rollback(STAGE, datetime(2000, 1, 1, tzinfo=UTC))


def test_files_are_pruned_by_day(fresh_lake: Any) -> None:
    lake.append(STAGE, pa.concat_tables([stage_rows(DAY, 2), stage_rows(NEXT, 2)]), "a")
    assert len(lake.files(STAGE)) == 2
    [path] = lake.files(STAGE, where=f"day = '{NEXT}'")
    assert "day=2026-01-02" in path
