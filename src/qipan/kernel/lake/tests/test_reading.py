"""Expressions: pruned by their own filters, over old and new columns, stopped in time."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import ibis
import pyarrow as pa
import pytest
from pyiceberg.expressions import AlwaysTrue

from qipan.kernel import lake
from qipan.kernel.base.errors import Conflict
from qipan.kernel.lake.pruning import tables_of
from qipan.kernel.lake.tables import Table
from qipan.kernel.lake.tests.samples import STAGE, stage_rows

DAY, NEXT = date(2026, 1, 1), date(2026, 1, 2)
NAME = "water__stage"


def test_filters_on_the_table_prune_and_others_do_not() -> None:
    t = lake.table(STAGE)
    day = "EqualTo(term=Reference(name='day'), literal=literal('2026-01-01'))"
    assert day in repr(tables_of(t.filter(t.day == DAY, t.level_m > 1).count().as_table())[NAME])
    assert tables_of(t.select("level_m"))[NAME] == AlwaysTrue()
    assert tables_of(t)[NAME] == AlwaysTrue()
    assert tables_of(t.filter(t.station.upper() == "S1"))[NAME] == AlwaysTrue()
    grouped = t.group_by("day").agg(n=t.count())
    assert tables_of(grouped.filter(grouped.day == DAY))[NAME] == AlwaysTrue()


def test_two_uses_of_a_table_reach_the_union_of_their_filters(fresh_lake: Any) -> None:
    days = [DAY, NEXT, date(2026, 1, 3)]
    lake.append(STAGE, pa.concat_tables([stage_rows(day, 1, level=day.day) for day in days]), "a")
    t = lake.table(STAGE)
    left, right = t.filter(t.day == DAY), t.filter(t.day == NEXT).view()
    joined = left.join(right, "station").select("level_m", other="level_m_right")
    assert lake.query(joined).to_pylist() == [{"level_m": 1.0, "other": 2.0}]
    everything = t.view()
    whole = left.join(everything, "station").agg(n=ibis._.count())
    assert lake.query(whole).to_pylist() == [{"n": 3}]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda t: t.day.between(DAY, NEXT), 2),
        (lambda t: t.day.isin([DAY, date(2026, 1, 3)]), 2),
        (lambda t: (t.day == DAY) | (t.day == NEXT), 2),
        (lambda t: ibis.literal(NEXT) < t.day, 1),
        (lambda t: ~(t.day == DAY), 2),
        (lambda t: t.at >= ibis.timestamp("2026-01-02T00:00:00"), 2),
        (lambda t: t.level_m == 2.0, 1),
        (lambda t: t.station.isnull(), 0),
        (lambda t: t.at >= ibis.literal(datetime(2026, 1, 2, 8, tzinfo=timezone(timedelta(hours=8)))), 2),
        (lambda t: t.level_m == 2, 1),
        (lambda t: t.level_m.isin([1, 2.5, 3]), 2),
        (lambda t: t.day.cast("string") == "2026-01-02", 1),
        (lambda t: t.at > "2026-01-01 12:00", 2),
        (lambda t: t.level_m == t.level_m.max(), 1),
    ],
)
def test_pruned_answers_equal_unpruned_ones(fresh_lake: Any, build: Any, expected: Any) -> None:
    days = [DAY, NEXT, date(2026, 1, 3)]
    lake.append(STAGE, pa.concat_tables([stage_rows(day, 1, level=day.day) for day in days]), "a")
    t = lake.table(STAGE)
    assert lake.query(t.filter(build(t))).num_rows == expected


def test_new_renamed_and_widened_columns_read_old_files(fresh_lake: Any) -> None:
    old = Table("n", owner="t", partition=None, schema=pa.schema([("a", pa.int32()), ("b", pa.float32())]))
    lake.append(old, pa.table({"a": pa.array([1], pa.int32()), "b": pa.array([0.5], pa.float32())}), "1")
    columns = pa.schema([("count", pa.int64()), ("b", pa.float64()), ("c", pa.string())])
    new = Table("n", owner="t", partition=None, schema=columns, renamed=(("a", "count"),))
    with pytest.raises(Conflict, match=r"count \(rename"):
        lake.append(new, pa.table({"count": [2**40], "b": [1.0], "c": ["x"]}), "2")
    assert {(c.kind, c.column) for c in lake.plan(new).changes} == {
        ("rename", "count"), ("widen", "count"), ("widen", "b"), ("add", "c"),
    }  # fmt: skip
    lake.evolve(new)
    lake.append(new, pa.table({"count": [2**40], "b": [1.0], "c": ["x"]}), "2")
    assert lake.query(lake.table(new).order_by("count")).to_pylist() == [
        {"count": 1, "b": 0.5, "c": None},
        {"count": 2**40, "b": 1.0, "c": "x"},
    ]


def test_a_nullable_column_is_added_by_itself_a_narrower_one_is_refused(fresh_lake: Any) -> None:
    first = Table("n", owner="t", partition=None, schema=pa.schema([("a", pa.int64())]))
    lake.append(first, pa.table({"a": [1]}), "1")
    more = Table("n", owner="t", partition=None, schema=pa.schema([("a", pa.int64()), ("b", pa.string())]))
    lake.append(more, pa.table({"a": [2], "b": ["x"]}), "2")
    assert lake.query(lake.table(more).order_by("a")).to_pylist() == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]
    narrow = Table("n", owner="t", partition=None, schema=pa.schema([("a", pa.int32())]))
    with pytest.raises(Conflict, match="refuse"):
        lake.append(narrow, pa.table({"a": pa.array([3], pa.int32())}), "3")
    with pytest.raises(Conflict):
        lake.evolve(narrow)


def test_a_query_that_takes_too_long_is_stopped(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    t = lake.table(STAGE)
    big = t
    for _ in range(6):
        big = big.cross_join(t.view()).select(t.columns)
    with pytest.raises(TimeoutError):
        lake.query(big.agg(s=big.level_m.sum()), timeout_s=0.2)
    assert lake.query(t.count().as_table()).column(0)[0].as_py() == 24


def test_unknown_tables_and_engines_are_refused(fresh_lake: Any) -> None:
    with pytest.raises(LookupError, match="not a table"):
        lake.query(ibis.table({"a": "int64"}, name="elsewhere"))
    with pytest.raises(ValueError, match="spark"):
        lake.query(lake.table(STAGE), engine_name="spark")


def test_the_front_is_light() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        lake.nothing  # noqa: B018
