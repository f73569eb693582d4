"""What may be declared and written: types, nulls, order."""

from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.lake.tables import Table, conform, digest
from qipan.kernel.lake.tests.samples import STAGE, stage_rows

DAY = date(2026, 1, 1)


def test_a_declaration_names_its_fault() -> None:
    schema = pa.schema([("day", pa.date32())])
    with pytest.raises(ValueError, match="name"):
        Table("Bad", owner="water", schema=schema)
    with pytest.raises(ValueError, match="station is no column"):
        Table("t", owner="water", schema=schema, sort=("station",))
    with pytest.raises(ValueError, match="timestamp"):
        Table("t", owner="water", schema=pa.schema([("at", pa.timestamp("us", "UTC"))]), partition=None)
    with pytest.raises(ValueError, match="dictionary"):
        Table("t", owner="w", schema=pa.schema([("day", pa.dictionary(pa.int32(), pa.string()))]))


def test_rows_come_out_in_table_order() -> None:
    rows = pa.concat_tables([stage_rows(DAY, 2, station="b"), stage_rows(DAY, 2, station="a")])
    stored = conform(STAGE, rows.select(["level_m", "at", "station", "day"]))
    assert stored.column_names == ["day", "station", "at", "level_m"]
    assert stored.column("station").to_pylist() == ["a", "a", "b", "b"]


def test_a_null_in_a_required_column_is_named_with_its_row() -> None:
    rows = stage_rows(DAY, 3).set_column(1, "station", pa.array(["a", None, "c"]))
    with pytest.raises(InvalidInput, match="row 1") as caught:
        conform(STAGE, rows)
    assert caught.value.field == "station"


def test_a_value_that_does_not_fit_is_named_with_its_row() -> None:
    table = Table("n", owner="t", schema=pa.schema([("n", pa.int32())]), partition=None)
    values = list(range(100))
    values[70] = 2**40
    with pytest.raises(InvalidInput, match="row 70"):
        conform(table, pa.table({"n": pa.array(values, pa.int64())}))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("level_m", pa.array(["1", "2"])),
        ("at", pa.array([datetime(2026, 1, 1)] * 2, pa.timestamp("us", "UTC"))),
        ("station", pa.array([1, 2])),
        ("day", pa.array([datetime(2026, 1, 1)] * 2, pa.timestamp("us"))),
    ],
)
def test_another_kind_of_value_is_refused(column: Any, values: Any) -> None:
    rows = stage_rows(DAY, 2)
    rows = rows.set_column(rows.column_names.index(column), column, values)
    with pytest.raises(InvalidInput) as caught:
        conform(STAGE, rows)
    assert caught.value.field == column


def test_the_index_column_of_pandas_is_refused_and_dictionary_text_is_plain_text() -> None:
    rows = stage_rows(DAY, 2)
    with pytest.raises(InvalidInput, match="no such column"):
        conform(STAGE, rows.append_column("__index_level_0__", pa.array([0, 1])))
    coded = rows.set_column(1, "station", rows.column("station").dictionary_encode())
    assert conform(STAGE, coded).schema == STAGE.schema


def test_narrow_numbers_are_widened_and_an_absent_column_is_null() -> None:
    rows = stage_rows(DAY, 2)
    short = rows.set_column(3, "level_m", pa.array([1, 2], pa.int32()))
    assert conform(STAGE, short).column("level_m").to_pylist() == [1.0, 2.0]
    assert conform(STAGE, rows.drop(["level_m"])).column("level_m").to_pylist() == [None, None]
    with pytest.raises(InvalidInput, match="missing"):
        conform(STAGE, rows.drop(["station"]))


def test_the_digest_depends_on_values_not_on_chunks() -> None:
    whole = conform(STAGE, stage_rows(DAY, 4))
    pieces = pa.concat_tables([whole.slice(0, 2), whole.slice(2)])
    assert digest(whole) == digest(pieces)
    assert digest(whole) != digest(conform(STAGE, stage_rows(DAY, 4, level=2.0)))
