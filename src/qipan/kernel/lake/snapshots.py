"""What a table was at a time: its pointer through the snapshots, tags, and the way back.

One commit may leave two snapshots (the rows taken out, then the new ones in); only the last of them was
ever the table. The ones between carry ``qipan.part`` and are no answer to "what was it at that time".
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.refs import SnapshotRefType
from pyiceberg.table.snapshots import Snapshot

from qipan.kernel.base.clock import now

from .catalogue import find, writer_lock
from .models import LakeBatch
from .tables import Table

AsOf = datetime | str | int | None
BATCH, DIGEST, MARK, PART = "qipan.batch", "qipan.digest", "qipan.mark", "qipan.part"
HISTORY_FROM = "qipan.history-from"
MAIN = "main"


@dataclass(frozen=True)
class Moment:
    """The table from ``at`` on, until the next moment."""

    snapshot_id: int
    at: datetime
    batch: str
    operation: str
    rows: int
    files: int
    tags: tuple[str, ...]


def total(snapshot: Snapshot, key: str) -> int:
    """A total of a snapshot's summary (``total-records``, ``total-data-files``, ``total-files-size``)."""
    return int((snapshot.summary[key] if snapshot.summary else None) or 0)


def note(snapshot: Snapshot, key: str) -> str:
    """One of our own properties of a snapshot, "" when it carries none."""
    return str((snapshot.summary.additional_properties.get(key) if snapshot.summary else "") or "")


def pointers(found: IcebergTable) -> list[tuple[datetime, Snapshot]]:
    """When each snapshot became the table, oldest first; the ones inside a commit are left out."""
    moments = []
    for entry in found.metadata.snapshot_log:
        snapshot = found.snapshot_by_id(entry.snapshot_id)
        if snapshot is not None and not note(snapshot, PART):
            moments.append((datetime.fromtimestamp(entry.timestamp_ms / 1000, UTC), snapshot))
    return moments


def ancestors(found: IcebergTable) -> list[Snapshot]:
    """The present snapshot and those it grew from, newest first, as far as they are kept."""
    chain = []
    snapshot = found.current_snapshot()
    while snapshot is not None:
        chain.append(snapshot)
        parent = snapshot.parent_snapshot_id
        snapshot = found.snapshot_by_id(parent) if parent is not None else None
    return chain


def resolve(found: IcebergTable, as_of: AsOf) -> int | None:
    """Snapshot of a time, tag or snapshot id (None: the present one); None when the table was empty then.

    LookupError for an unknown tag or snapshot, and for a time whose snapshots have expired. ValueError for a
    time without zone.
    """
    if as_of is None:
        current = found.current_snapshot()
        return current.snapshot_id if current else None
    if isinstance(as_of, datetime):
        return _at(found, as_of)
    if isinstance(as_of, str):
        reference = found.metadata.refs.get(as_of)
        if reference is None:
            raise LookupError(f"{found.name()}: no tag {as_of!r}")
        return reference.snapshot_id
    if found.snapshot_by_id(as_of) is None:
        raise LookupError(f"{found.name()}: no snapshot {as_of}")
    return as_of


def _at(found: IcebergTable, moment: datetime) -> int | None:
    if moment.tzinfo is None:
        raise ValueError("as_of: a time needs its zone")
    kept_from = int(found.properties.get(HISTORY_FROM, "0"))
    if moment.timestamp() * 1000 < kept_from:
        kept = datetime.fromtimestamp(kept_from / 1000, UTC).isoformat()
        raise LookupError(f"{found.name()}: history is kept from {kept}; earlier only by tag")
    known = [snapshot for at, snapshot in pointers(found) if at <= moment]
    return known[-1].snapshot_id if known else None


def history(table: Table) -> list[Moment]:
    """What became the table when, oldest first."""
    found = find(table.path)
    if found is None:
        return []
    tags: dict[int, list[str]] = {}
    for name, reference in found.metadata.refs.items():
        if reference.snapshot_ref_type == SnapshotRefType.TAG:
            tags.setdefault(reference.snapshot_id, []).append(name)
    return [
        Moment(
            snapshot.snapshot_id,
            at,
            note(snapshot, BATCH),
            snapshot.summary.operation.value if snapshot.summary else "",
            total(snapshot, "total-records"),
            total(snapshot, "total-data-files"),
            tuple(sorted(tags.get(snapshot.snapshot_id, ()))),
        )
        for at, snapshot in pointers(found)
    ]


def pin(table: Table, tag: str, as_of: AsOf = None) -> int:
    """Keep a state for ever under a tag (a version, a quarter's freeze); gives its snapshot.

    A tag never moves: ValueError when it is taken by another snapshot. LookupError when there is no state.
    """
    with writer_lock(table.path):
        found = _existing(table)
        snapshot = resolve(found, as_of)
        if snapshot is None:
            raise LookupError(f"{table.path}: empty at that time")
        taken = found.metadata.refs.get(tag)
        if taken is not None:
            if taken.snapshot_id == snapshot and tag != MAIN:
                return snapshot
            raise ValueError(f"tag: {tag!r} is taken")
        found.manage_snapshots().create_tag(snapshot, tag).commit()
        return snapshot


def unpin(table: Table, tag: str) -> None:
    """Give up a tag; its snapshot then expires like any other. LookupError when there is none."""
    with writer_lock(table.path):
        found = _existing(table)
        if tag == MAIN or tag not in found.metadata.refs:
            raise LookupError(f"{table.path}: no tag {tag!r}")
        found.manage_snapshots().remove_tag(tag).commit()


def rollback(table: Table, as_of: AsOf) -> LakeBatch:
    """Make an earlier state the table again; batches written since then may be written anew.

    LookupError when the state is unknown or does not lie behind the present one.
    """
    with writer_lock(table.path):
        found = _existing(table)
        target = resolve(found, as_of)
        current = found.current_snapshot()
        chain = {snapshot.snapshot_id for snapshot in ancestors(found)}
        if target is None or current is None or target not in chain:
            raise LookupError(f"{table.path}: {as_of} is not behind the present state")
        found.manage_snapshots().rollback_to_snapshot(target).commit()
        kept = {snapshot.snapshot_id for snapshot in ancestors(found)}
        LakeBatch.objects.filter(table=table.path, snapshot_id__in=chain - kept).delete()
        snapshot = found.snapshot_by_id(target)
        assert snapshot is not None
        return LakeBatch.objects.create(
            table=table.path,
            batch=f"rollback:{current.snapshot_id}-{target}",
            kind=LakeBatch.Kind.ROLLBACK,
            snapshot_id=target,
            rows=total(snapshot, "total-records"),
            at=now(),
            total_rows=total(snapshot, "total-records"),
            total_files=total(snapshot, "total-data-files"),
            total_bytes=total(snapshot, "total-files-size"),
        )


def _existing(table: Table) -> IcebergTable:
    found = find(table.path)
    if found is None:
        raise LookupError(f"{table.path}: no such table")
    return found
