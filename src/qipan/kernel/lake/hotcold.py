"""Hot and cold rows as one table: what is in PostgreSQL and what is already in the lake.

The flush tells each append up to which sequence number of the hot store everything is now in the lake (its
mark). A reader first fixes a snapshot and its mark, then asks the hot store for the rows beyond that
mark. Both parts are fixed before the reading starts: no gap and no double, also while a flush commits.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.expressions import AlwaysTrue, BooleanExpression

from .catalogue import find
from .snapshots import MARK, ancestors, note
from .tables import Table, conform


@dataclass(frozen=True)
class Watermark:
    """A snapshot (None: nothing in the lake yet) and the hot sequence number it holds everything up to."""

    snapshot_id: int | None
    mark: int


def watermark(table: Table) -> Watermark:
    """The present snapshot and its mark."""
    found = find(table.path)
    chain = ancestors(found) if found is not None else []
    if not chain:
        return Watermark(None, 0)
    # A foreign engine's commit carries no mark; the one it grew from still tells the truth.
    mark = next((int(text) for text in (note(snapshot, MARK) for snapshot in chain) if text), 0)
    return Watermark(chain[0].snapshot_id, mark)


def union(
    table: Table,
    hot: Callable[[int], pa.Table],
    *,
    where: str | BooleanExpression | None = None,
    late: pa.Table | None = None,
    keys: tuple[str, ...] = (),
) -> pa.Table:
    """Lake rows that match ``where`` with the hot rows beyond the mark, columns as declared.

    ``hot(mark)`` gives the hot rows with a greater sequence number, itself filtered like ``where``.
    ``late`` are rows older than the hot store that wait for the nightly merge: one whose ``keys`` are in
    the lake already is left out. ValueError for late rows without keys.
    """
    if late is not None and not keys:
        raise ValueError("keys: late rows need them")
    point = watermark(table)
    fresh = conform(table, hot(point.mark))
    cold = _cold(table, where or AlwaysTrue(), point.snapshot_id)
    parts = [cold, fresh]
    if late is not None and late.num_rows:
        waiting = conform(table, late).join(cold.select(list(keys)), list(keys), join_type="left anti")
        parts.append(waiting.select(table.schema.names).cast(table.schema))
    return pa.concat_tables(parts)


def _cold(table: Table, where: str | BooleanExpression, snapshot_id: int | None) -> pa.Table:
    found = find(table.path)
    if found is None or snapshot_id is None:
        return table.schema.empty_table()
    rows = found.scan(row_filter=where, snapshot_id=snapshot_id).to_arrow()
    return conform(table, rows.select([n for n in table.schema.names if n in rows.column_names]))
