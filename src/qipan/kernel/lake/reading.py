"""Reads: the files a filter leaves, and expressions over tables as they are or were."""

import ibis
import pyarrow as pa
from ibis.expr.types import Expr
from ibis.expr.types import Table as IbisTable
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable

from . import engine
from .catalogue import find
from .pruning import tables_of
from .schema import iceberg_schema
from .snapshots import AsOf, resolve
from .storage import local
from .tables import Table

_SEPARATOR = "__"
_known: dict[str, Table] = {}


def table(declared: Table) -> IbisTable:
    """The table as the start of an expression; every column of the declaration is there."""
    name = f"{declared.owner}{_SEPARATOR}{declared.name}"
    _known[name] = declared
    return ibis.table(ibis.Schema.from_pyarrow(declared.schema), name=name)


def files(declared: Table, where: str | BooleanExpression | None = None, as_of: AsOf = None) -> list[str]:
    """Paths of the Parquet files that can hold rows matching ``where``, at a time, tag or snapshot.

    Errors as in ``snapshots.resolve``; Unreadable rows (deletes by another engine) are not taken out here.
    """
    found = find(declared.path)
    if found is None:
        return []
    return [local(task.file.file_path) for task in _tasks(found, where or AlwaysTrue(), as_of)]


def query(
    expression: Expr, as_of: AsOf = None, engine_name: str = "auto", *, timeout_s: float | None = None
) -> pa.Table:
    """Result of an Ibis expression over tables of ``table(...)``.

    ``as_of``: a time (with zone), a tag or a snapshot id for every table in the expression. LookupError for
    an unknown table, tag or snapshot; TimeoutError after ``timeout_s`` seconds.
    """
    if engine_name not in ("auto", "duckdb"):
        raise ValueError(f"engine: {engine_name!r} is not installed")
    for name, where in tables_of(expression).items():
        _show(name, where, as_of)
    return engine.run(expression, timeout_s)


def _show(name: str, where: BooleanExpression, as_of: AsOf) -> None:
    declared = _known.get(name)
    if declared is None:
        raise LookupError(f"{name}: not a table of the lake")
    found = find(declared.path)
    if found is None:
        engine.show_files(name, [], iceberg_schema(declared))
        return
    try:
        tasks = _tasks(found, where, as_of)
    except (TypeError, ValueError):
        # A constant of another kind than its column: the catalogue cannot compare them, the engine can.
        where = AlwaysTrue()
        tasks = _tasks(found, where, as_of)
    if any(task.delete_files for task in tasks):
        # Another engine left deletes beside the files: its rows are merged before we look at them.
        scan = found.scan(row_filter=where, snapshot_id=resolve(found, as_of))
        engine.show_rows(name, scan.to_arrow())
        return
    engine.show_files(name, [local(task.file.file_path) for task in tasks], found.schema())


def _tasks(found: IcebergTable, where: str | BooleanExpression, as_of: AsOf) -> list[FileScanTask]:
    snapshot = resolve(found, as_of)
    if snapshot is None:
        return []
    tasks = list(found.scan(row_filter=where, snapshot_id=snapshot).plan_files())
    return sorted(tasks, key=lambda task: task.file.file_path)
