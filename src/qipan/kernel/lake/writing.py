"""Writes: each one atomic, and once per batch key however often it is tried."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.expressions import BooleanExpression
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.snapshots import Snapshot

from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput

from .catalogue import ensure, writer_lock
from .filters import among
from .models import LakeBatch, LakeHold
from .snapshots import BATCH, DIGEST, MARK, PART, ancestors, note, total
from .tables import Table, conform, digest

Change = Callable[[Transaction, dict[str, str]], None]


@dataclass(frozen=True)
class Commit:
    """One commit to be made: its key and what to remember about it."""

    batch: str
    kind: LakeBatch.Kind
    rows: int
    digest: str = ""
    mark: int | None = None


def append(table: Table, rows: pa.Table, batch: str, *, mark: int | None = None) -> LakeBatch:
    """Add rows under a batch key; the same batch again has no effect and gives the first commit.

    ``mark``: the hot store's sequence number up to which everything is now in the lake (see ``union``).
    InvalidInput names row and column of what does not fit, and nothing lands. Conflict when the key was
    used for other rows, or the table takes no writes.
    """
    stored = conform(table, rows)
    commit = Commit(batch, LakeBatch.Kind.APPEND, stored.num_rows, digest(stored), mark)
    return _once(table, commit, lambda found, to, notes: to.append(stored, notes))


def replace(
    table: Table, rows: pa.Table, where: str | BooleanExpression, batch: str | None = None
) -> LakeBatch:
    """Put ``rows`` in the place of those that match ``where`` (``"day = '2026-01-01'"``), in one step.

    Without a ``batch`` key every call is a new commit. Errors as in ``append``.
    """
    stored = conform(table, rows)
    identity = digest(stored)
    commit = Commit(batch or _key("replace"), LakeBatch.Kind.REPLACE, stored.num_rows, identity)

    def change(found: IcebergTable, to: Transaction, notes: dict[str, str]) -> None:
        swap(found, to, stored, where, notes)

    return _once(table, commit, change)


def upsert(table: Table, rows: pa.Table, keys: tuple[str, ...], batch: str) -> LakeBatch:
    """Add rows; a stored row with the same ``keys`` makes way. For small sets in a partitioned table.

    The partitions of the new rows are rewritten whole, so a key keeps its partition column. InvalidInput when
    the new rows hold a key twice; else errors as in ``append``.
    """
    stored = conform(table, rows)
    if table.partition is None or table.partition not in keys:
        raise ValueError(f"keys: must hold the partition column of {table.path}")
    if stored.group_by(list(keys)).aggregate([]).num_rows != stored.num_rows:
        raise InvalidInput(keys[0], "the same key twice")
    partition = table.partition
    values = set(stored.column(partition).to_pylist())

    def change(found: IcebergTable, to: Transaction, notes: dict[str, str]) -> None:
        place = among(partition, values)
        old = found.scan(row_filter=place).to_arrow().select(table.schema.names).cast(table.schema)
        kept = old.join(stored.select(list(keys)), list(keys), join_type="left anti")
        merged = pa.concat_tables([kept.select(table.schema.names).cast(table.schema), stored])
        swap(found, to, conform(table, merged), place, notes)

    commit = Commit(batch, LakeBatch.Kind.REPLACE, stored.num_rows, digest(stored))
    return _once(table, commit, change)


def swap(
    found: IcebergTable,
    to: Transaction,
    rows: pa.Table,
    where: str | BooleanExpression,
    notes: dict[str, str],
) -> None:
    """Take out and put in; the snapshot between is marked, as nobody may travel to it."""
    if list(found.scan(row_filter=where).plan_files()):
        to.delete(where, snapshot_properties={PART: notes[BATCH]})
    to.append(rows, snapshot_properties=notes)


def _key(word: str) -> str:
    return f"{word}:{now().isoformat()}"


def _once(
    table: Table, commit: Commit, change: Callable[[IcebergTable, Transaction, dict[str, str]], None]
) -> LakeBatch:
    if done := _recorded(table.path, commit):
        return done
    if hold := LakeHold.objects.filter(table=table.path).first():
        raise Conflict(f"{table.path}: {hold.reason}")
    with writer_lock(table.path):
        if done := _recorded(table.path, commit):
            return done
        found = ensure(table)
        landed = _landed(found, commit)
        if landed is None:
            landed = write(found, commit, lambda to, notes: change(found, to, notes))
        return record(table.path, commit, landed)


def write(found: IcebergTable, commit: Commit, change: Change) -> Snapshot:
    """Make one commit of a table whose writer lock is held; gives the new snapshot."""
    chain = ancestors(found)
    mark = max([commit.mark or 0, *(int(note(snapshot, MARK) or 0) for snapshot in chain[:1])])
    notes = {BATCH: commit.batch, DIGEST: commit.digest, MARK: str(mark)}
    with found.transaction() as transaction:
        change(transaction, notes)
    snapshot = found.current_snapshot()
    if snapshot is None:
        raise RuntimeError(f"{found.name()}: the commit left no snapshot")
    return snapshot


def record(path: str, commit: Commit, snapshot: Snapshot) -> LakeBatch:
    """Write down a commit that stands in the table."""
    row, _ = LakeBatch.objects.get_or_create(
        table=path,
        batch=commit.batch,
        defaults={
            "kind": commit.kind,
            "snapshot_id": snapshot.snapshot_id,
            "rows": commit.rows,
            "digest": commit.digest,
            "at": now(),
            "total_rows": total(snapshot, "total-records"),
            "total_files": total(snapshot, "total-data-files"),
            "total_bytes": total(snapshot, "total-files-size"),
        },
    )
    return row


def _recorded(path: str, commit: Commit) -> LakeBatch | None:
    row = LakeBatch.objects.filter(table=path, batch=commit.batch).first()
    if row is not None:
        _same(path, commit, row.digest)
    return row


def _landed(found: IcebergTable, commit: Commit) -> Snapshot | None:
    """The snapshot of a batch that was committed by a process that died before it wrote that down."""
    for snapshot in ancestors(found):
        if note(snapshot, BATCH) == commit.batch:
            _same(".".join(found.name()), commit, note(snapshot, DIGEST))
            return snapshot
    return None


def _same(path: str, commit: Commit, known: str) -> None:
    if known != commit.digest:
        raise Conflict(f"{path}: batch {commit.batch!r} was written with other rows")
