"""What a table is, and what may be written into it."""

import hashlib
import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from qipan.kernel.base.errors import InvalidInput

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, eq=False)
class Table:
    """A table of the lake.

    Times are naive UTC in microseconds; the county's day is a column of its own (``date32``), so that
    no reader needs a time zone. ``partition`` names the column whose every value gets its own files
    (None: not partitioned), ``sort`` the order inside a file, ``keep_days`` how long closed partitions
    of a ``day`` table stay (None: for ever). ``renamed`` maps former column names to present ones.
    """

    name: str
    owner: str
    schema: pa.Schema
    partition: str | None = "day"
    sort: tuple[str, ...] = ()
    keep_days: int | None = None
    renamed: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """ValueError names the part of the declaration that is wrong."""
        for field, value in (("name", self.name), ("owner", self.owner)):
            if not _NAME.fullmatch(value):
                raise ValueError(f"{field}: {value!r} must be lower-case letters, digits and _")
        names = self.schema.names
        if len(set(names)) != len(names):
            raise ValueError("schema: a column name appears twice")
        for column in (*self.sort, *((self.partition,) if self.partition else ())):
            if column not in names:
                raise ValueError(f"{self.name}: {column} is no column of the schema")
        for column in self.schema:
            if not _allowed(column.type):
                raise ValueError(f"{self.name}: {column.name}: {column.type} cannot be stored")

    @property
    def identifier(self) -> tuple[str, str]:
        """Namespace and name in the catalogue."""
        return self.owner, self.name

    @property
    def path(self) -> str:
        """The name a person reads and the rows of this block carry: ``owner.name``."""
        return f"{self.owner}.{self.name}"


def _allowed(kind: pa.DataType) -> bool:
    if pa.types.is_timestamp(kind):
        return bool(kind.unit == "us" and kind.tz is None)
    return bool(
        pa.types.is_boolean(kind)
        or kind in (pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.date32(), pa.binary())
        or pa.types.is_string(kind)
        or pa.types.is_decimal128(kind)
    )


def conform(table: Table, rows: pa.Table) -> pa.Table:
    """The rows as the table stores them: declared columns and types, in table order.

    A nullable column may be absent. InvalidInput names the column, and the row where there is one:
    unknown or missing column, another kind of value, a value that does not fit, null where none may be.
    """
    unknown = sorted(set(rows.column_names) - set(table.schema.names))
    if unknown:
        raise InvalidInput(unknown[0], f"{table.path}: no such column")
    columns = [_column(field, rows) for field in table.schema]
    stored = pa.table(columns, schema=table.schema)
    if table.sort and stored.num_rows > 1:
        stored = stored.sort_by([(column, "ascending") for column in table.sort])
    return stored


def _column(field: pa.Field, rows: pa.Table) -> pa.ChunkedArray:
    if field.name not in rows.column_names:
        if not field.nullable:
            raise InvalidInput(field.name, "column is missing")
        return pa.chunked_array([pa.nulls(rows.num_rows, field.type)])
    given = rows.column(field.name)
    if pa.types.is_dictionary(given.type):
        given = given.cast(given.type.value_type)
    if not field.nullable and given.null_count:
        row = pc.index(pc.is_null(given), True).as_py()
        raise InvalidInput(field.name, f"row {row}: empty, but a value is required")
    if given.type == field.type:
        return given
    if not pa.types.is_null(given.type) and _kind(given.type) not in _accepted(field.type):
        raise InvalidInput(field.name, f"{given.type} given, {field.type} declared")
    try:
        return given.cast(field.type)
    except pa.ArrowInvalid as error:
        raise InvalidInput(field.name, f"row {_first_bad(given, field.type)}: {error}") from error


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "naive time" if kind.tz is None else "zoned time"
    tests = {
        "integer": pa.types.is_integer,
        "float": pa.types.is_floating,
        "text": lambda k: pa.types.is_string(k) or pa.types.is_large_string(k) or pa.types.is_string_view(k),
        "date": pa.types.is_date,
        "bytes": lambda k: pa.types.is_binary(k) or pa.types.is_large_binary(k),
        "decimal": pa.types.is_decimal,
        "boolean": pa.types.is_boolean,
    }
    return next((name for name, test in tests.items() if test(kind)), str(kind))


def _accepted(declared: pa.DataType) -> tuple[str, ...]:
    kind = _kind(declared)
    return ("integer", "float") if kind == "float" else (kind,)


def _first_bad(values: pa.ChunkedArray, kind: pa.DataType) -> int:
    """Row of the first value that cannot be cast, by halving."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            values.slice(low, middle - low).cast(kind)
            low = middle
        except pa.ArrowInvalid:
            high = middle
    return low


def digest(rows: pa.Table) -> str:
    """SHA-256 of rows in table order: the identity of a batch."""
    sha = hashlib.sha256()
    sink = pa.PythonFile(_Hashing(sha), mode="w")
    with pa.ipc.new_stream(sink, rows.schema.remove_metadata()) as writer:
        writer.write_table(rows.combine_chunks().replace_schema_metadata(None))
    return sha.hexdigest()


class _Hashing:
    """A file that keeps nothing but the hash of what is written."""

    closed = False

    def __init__(self, sha: "hashlib._Hash") -> None:
        self._sha = sha

    def write(self, data: bytes) -> int:
        """Add bytes to the hash."""
        self._sha.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing to give back."""
