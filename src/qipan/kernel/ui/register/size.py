"""How large a table is, without counting it: what may be sorted and offered as a choice."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, models, transaction

LARGE = 100_000
TIMEOUT_S = 8
ESTIMATE = "select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass(%s)"
_KEEP_S = 60.0
_known: dict[str, tuple[float, int]] = {}


def estimated_rows(model: type[models.Model]) -> int:
    """Rows by PostgreSQL's own estimate, at most a minute old; 0 for a table never analysed."""
    table = model._meta.db_table
    held = _known.get(table)
    if held is not None and time.monotonic() - held[0] < _KEEP_S:
        return held[1]
    with connection.cursor() as cursor:
        cursor.execute(
            "select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass(%s)", [table]
        )
        row = cursor.fetchone()
    count = int(row[0]) if row else 0
    _known[table] = (time.monotonic(), count)
    return count


@contextmanager
def bounded_time(model: type[models.Model]) -> Iterator[None]:
    """Queries of a large table end after TIMEOUT_S with OperationalError, which the face explains."""
    if estimated_rows(model) < LARGE:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"set local statement_timeout = '{TIMEOUT_S}s'")
        yield
        cursor.execute("set local statement_timeout = default")


def indexed(model: type[models.Model], path: str) -> bool:
    """Whether rows can be read in the order of ``path`` from an index."""
    name = path.lstrip("-")
    if name == "pk" or "__" in name:
        return name == "pk"
    field = next((f for f in model._meta.concrete_fields if f.name == name), None)
    if field is None:
        return False
    if getattr(field, "db_index", False) or field.unique or field.primary_key:
        return True
    leading = {index.fields[0].lstrip("-") for index in model._meta.indexes if index.fields}
    unique = [c.fields for c in model._meta.constraints if isinstance(c, models.UniqueConstraint)]
    return name in leading | {fields[0] for fields in unique if fields}


def sortable(model: type[models.Model], path: str) -> bool:
    """A large table is sorted only along its indexes: anything else would read it whole."""
    return bool(path) and (indexed(model, path) or estimated_rows(model) < LARGE)
