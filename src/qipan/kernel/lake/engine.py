"""The embedded query engine: DuckDB behind Ibis, one connection per thread, kept inside its limits."""

import os
import threading
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
from django.conf import settings
from ibis.backends.duckdb import Backend
from ibis.expr.types import Expr
from pyiceberg.schema import Schema

from .schema import duckdb_type

_local = threading.local()


def connection() -> Backend:
    """This thread's connection: offline, with a memory limit beyond which it spills to a folder."""
    if getattr(_local, "pid", None) != os.getpid():
        spill = Path(settings.QIPAN_HOME) / "tmp" / "lake"
        spill.mkdir(parents=True, exist_ok=True)
        _local.backend = ibis.duckdb.connect(
            ":memory:",
            threads=int(getattr(settings, "LAKE_THREADS", 2)),
            memory_limit=str(getattr(settings, "LAKE_MEMORY", "512MB")),
            temp_directory=str(spill),
            autoinstall_known_extensions=False,
            autoload_known_extensions=False,
        )
        _local.pid = os.getpid()
    backend: Backend = _local.backend
    return backend


def show_files(name: str, files: list[str], schema: Schema) -> None:
    """Give Parquet files the name of a table; columns are found by field id, absent ones are null."""
    if files:
        listed = ", ".join(_text(path) for path in files)
        columns = ", ".join(
            f"{field.field_id}: {{name: {_text(field.name)}, type: '{duckdb_type(field.field_type)}', "
            "default_value: NULL}"
            for field in schema.fields
        )
        source = f"read_parquet([{listed}], schema = MAP {{{columns}}}, hive_partitioning = false)"
        body = f"SELECT * FROM {source}"
    else:
        nulls = ", ".join(
            f'CAST(NULL AS {duckdb_type(field.field_type)}) AS "{field.name}"' for field in schema.fields
        )
        body = f"SELECT {nulls} WHERE false"
    connection().con.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {body}')


def show_rows(name: str, rows: pa.Table) -> None:
    """Give rows in memory the name of a table."""
    connection().con.register(f"{name}__rows", rows)
    connection().con.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT * FROM "{name}__rows"')


def run(expression: Expr, timeout_s: float | None) -> pa.Table:
    """Result of an expression over the shown tables; TimeoutError when it takes longer."""
    backend = connection()
    raw = backend.con
    alarm = threading.Timer(timeout_s, raw.interrupt) if timeout_s else None
    if alarm:
        alarm.start()
    try:
        return backend.to_pyarrow(expression)
    except duckdb.InterruptException as error:
        raise TimeoutError(f"query stopped after {timeout_s} s") from error
    finally:
        if alarm:
            alarm.cancel()


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
