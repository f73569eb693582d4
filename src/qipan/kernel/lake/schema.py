"""Columns of a stored table against its declaration: what is added by itself, what a person decides."""

from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.table import Table as IcebergTable
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)

from qipan.kernel.base.errors import Conflict

from .tables import Table

_TYPES: dict[pa.DataType, IcebergType] = {
    pa.bool_(): BooleanType(),
    pa.int32(): IntegerType(),
    pa.int64(): LongType(),
    pa.float32(): FloatType(),
    pa.float64(): DoubleType(),
    pa.string(): StringType(),
    pa.date32(): DateType(),
    pa.timestamp("us"): TimestampType(),
    pa.binary(): BinaryType(),
}
_WIDER = {(IntegerType(), LongType()), (FloatType(), DoubleType())}


@dataclass(frozen=True)
class Change:
    """One difference between declaration and table.

    ``kind``: add, rename, widen (all loss-free), or refuse (needs a new table).
    """

    kind: str
    column: str
    detail: str
    automatic: bool = False


def iceberg_type(kind: pa.DataType) -> IcebergType:
    """Type of the format for a declared Arrow type."""
    if pa.types.is_decimal128(kind):
        return DecimalType(kind.precision, kind.scale)
    return _TYPES[kind]


def iceberg_schema(table: Table) -> Schema:
    """Schema of a new table; field ids count from 1 and are never used again."""
    return Schema(
        *(
            NestedField(number, field.name, iceberg_type(field.type), required=not field.nullable)
            for number, field in enumerate(table.schema, start=1)
        )
    )


def changes(table: Table, stored: Schema) -> list[Change]:
    """What must happen to the stored columns so that they equal the declaration."""
    former = {new: old for old, new in table.renamed}
    have = {field.name: field for field in stored.fields}
    found = []
    for field in table.schema:
        name = field.name
        old = former.get(name, "")
        if name not in have and old in have:
            found.append(Change("rename", name, f"{old} → {name}"))
            name = old
        if name not in have:
            found.append(_addition(field))
            continue
        present, wanted = have[name].field_type, iceberg_type(field.type)
        if present != wanted:
            kind = "widen" if (present, wanted) in _WIDER else "refuse"
            found.append(Change(kind, field.name, f"{present} → {wanted}"))
    return found + _unwritten(table, have, set(former.values()))


def _addition(field: pa.Field) -> Change:
    if field.nullable:
        return Change("add", field.name, str(field.type), automatic=True)
    return Change("refuse", field.name, "a new column must be allowed to be empty: old rows have no value")


def _unwritten(table: Table, have: dict[str, NestedField], former: set[str]) -> list[Change]:
    """Stored columns the declaration no longer has: they stay, if they may be empty."""
    return [
        Change("refuse", name, "declared no longer, but a value is required")
        for name, field in have.items()
        if name not in table.schema.names and name not in former and field.required
    ]


def add_columns(table: Table, found: IcebergTable) -> IcebergTable:
    """Add the columns that need no decision; Conflict names the differences that do."""
    wanted = changes(table, found.schema())
    open_points = [f"{c.column} ({c.kind}: {c.detail})" for c in wanted if not c.automatic]
    if open_points:
        raise Conflict(f"{table.path}: {'; '.join(open_points)}")
    if wanted:
        with found.update_schema() as update:
            for change in wanted:
                update.add_column(change.column, iceberg_type(table.schema.field(change.column).type))
    return found


def apply(table: Table, found: IcebergTable) -> list[Change]:
    """Bring a stored table to its declaration: add, rename, widen; Conflict when one is refused."""
    wanted = changes(table, found.schema())
    refused = [f"{c.column}: {c.detail}" for c in wanted if c.kind == "refuse"]
    if refused:
        raise Conflict(f"{table.path}: {'; '.join(refused)}")
    former = {new: old for old, new in table.renamed}
    with found.transaction() as transaction:
        with transaction.update_schema() as update:
            for change in (one for one in wanted if one.kind == "rename"):
                update.rename_column(former[change.column], change.column)
        with transaction.update_schema() as update:
            for change in (one for one in wanted if one.kind in ("add", "widen")):
                kind = iceberg_type(table.schema.field(change.column).type)
                write = update.add_column if change.kind == "add" else update.update_column
                write(change.column, field_type=kind)
    return wanted


_DUCKDB: dict[IcebergType, str] = {
    BooleanType(): "BOOLEAN",
    IntegerType(): "INTEGER",
    LongType(): "BIGINT",
    FloatType(): "FLOAT",
    DoubleType(): "DOUBLE",
    StringType(): "VARCHAR",
    DateType(): "DATE",
    TimestampType(): "TIMESTAMP",
    BinaryType(): "BLOB",
}


def duckdb_type(kind: IcebergType) -> str:
    """Type of the embedded query engine."""
    if isinstance(kind, DecimalType):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return _DUCKDB[kind]
