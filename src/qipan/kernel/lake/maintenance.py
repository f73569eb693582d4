"""Upkeep of tables: merge small files, forget old snapshots, remove files nobody needs.

PyIceberg expires snapshots without deleting a file and rewrites nothing, so the recipe is ours. Everything
is listed first and done second; a dry run stops after the list.
"""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable
from pyiceberg.types import DateType

from qipan.kernel.base.clock import county_day, now

from .catalogue import catalogue, paths, writer_lock
from .filters import below, equal
from .models import LakeBatch, LakeRun
from .snapshots import HISTORY_FROM, pointers
from .storage import orphans, reachable, remove, stored
from .tables import Table
from .writing import Commit, record, swap, write

log = logging.getLogger(__name__)
KEEP_SNAPSHOTS = timedelta(days=7)
MANY_FILES = 8
SMALL_FILE = 32 * 1024 * 1024
# A partition is merged in memory; a larger one stays as it is and the run says so.
LARGEST_MERGE = 1024 * 1024 * 1024


@dataclass(frozen=True)
class Partition:
    """The files of one value of the partition column (None: the whole table)."""

    column: str | None
    value: Any
    files: int
    size: int
    rows: int

    @property
    def where(self) -> BooleanExpression:
        """The rows of the partition."""
        if self.column is None:
            return AlwaysTrue()
        return equal(self.column, self.value)


def maintain(table: Table | str, *, dry_run: bool = False) -> LakeRun:
    """Keep one table in order; gives the record of what was (or, in a dry run, would be) done.

    LookupError when the table does not exist.
    """
    path = table if isinstance(table, str) else table.path
    found = _load(path)
    run = LakeRun(table=path, started_at=now(), dry_run=dry_run)
    run.dropped = _drop_expired_days(path, found, run)
    run.compacted = _compact(path, run)
    run.expired = _expire(path, dry_run)
    _clean(path, run)
    run.finished_at = now()
    run.save()
    return run


def maintain_all(*, dry_run: bool = False) -> list[LakeRun]:
    """Keep every table in order; a table that fails stops no other one."""
    runs = []
    for path in paths():
        try:
            runs.append(maintain(path, dry_run=dry_run))
        except Exception as error:
            log.exception("maintenance of %s failed", path)
            note = f"{type(error).__name__}: {error}"
            runs.append(LakeRun.objects.create(table=path, started_at=now(), dry_run=dry_run, note=note))
    return runs


def partitions(found: IcebergTable) -> list[Partition]:
    """The present partitions with their files."""
    fields = found.spec().fields
    column = fields[0].name if fields else None
    groups: dict[Any, list[FileScanTask]] = {}
    for task in found.scan().plan_files():
        value = task.file.partition[0] if column else None
        groups.setdefault(value, []).append(task)
    return [
        Partition(
            column,
            _typed(found, column, value),
            len(tasks),
            sum(task.file.file_size_in_bytes for task in tasks),
            sum(task.file.record_count for task in tasks),
        )
        for value, tasks in groups.items()
    ]


def _typed(found: IcebergTable, column: str | None, value: Any) -> Any:
    """A day comes out of the manifest as a number of days."""
    if column and value is not None and isinstance(found.schema().find_type(column), DateType):
        return date(1970, 1, 1) + timedelta(days=value) if isinstance(value, int) else value
    return value


def needs_merge(partition: Partition, today: date) -> bool:
    """Whether many or small files of a partition nobody writes any more should become one."""
    if isinstance(partition.value, date):
        small = partition.size / partition.files < SMALL_FILE
        return partition.value < today and (partition.files > MANY_FILES or (partition.files > 1 and small))
    return partition.files > MANY_FILES


def _load(path: str) -> IcebergTable:
    owner, name = path.split(".")
    if not catalogue().table_exists((owner, name)):
        raise LookupError(f"{path}: no such table")
    return catalogue().load_table((owner, name))


def _drop_expired_days(path: str, found: IcebergTable, run: LakeRun) -> int:
    keep = found.properties.get("qipan.keep-days", "")
    if not keep:
        return 0
    limit = county_day(now()) - timedelta(days=int(keep))
    old = [p for p in partitions(found) if isinstance(p.value, date) and p.value < limit]
    if old and not run.dry_run:
        column = str(old[0].column)
        commit = Commit(
            f"keep:{limit.isoformat()}:{run.started_at.isoformat()}",
            LakeBatch.Kind.MAINTAIN,
            sum(p.rows for p in old),
        )
        with writer_lock(path):
            landed = write(
                _load(path),
                commit,
                lambda to, notes: to.delete(below(column, limit.isoformat()), snapshot_properties=notes),
            )
            record(path, commit, landed)
    return len(old)


def _compact(path: str, run: LakeRun) -> int:
    today = county_day(now())
    merged = 0
    for partition in partitions(_load(path)):
        if not needs_merge(partition, today):
            continue
        if partition.size > LARGEST_MERGE:
            run.note += f"{partition.value}: {partition.size} bytes, too large to merge\n"
            continue
        merged += 1
        if not run.dry_run:
            _merge(path, partition, run.started_at)
    return merged


def _merge(path: str, partition: Partition, started: datetime) -> None:
    """Rewrite a partition as one sorted file; a writer that came in between is merged too."""
    commit = Commit(f"merge:{partition.value}:{started.isoformat()}", LakeBatch.Kind.MAINTAIN, partition.rows)
    with writer_lock(path):
        found = _load(path)
        rows = found.scan(row_filter=partition.where).to_arrow()
        order = [column for column in found.properties.get("qipan.sort", "").split(",") if column]
        if order:
            rows = rows.sort_by([(column, "ascending") for column in order])
        landed = write(found, commit, lambda to, notes: swap(found, to, rows, partition.where, notes))
        record(path, commit, landed)


def _expire(path: str, dry_run: bool) -> int:
    """Forget snapshots older than a week; tags, and the state at the beginning of that week, stay."""
    limit = now() - KEEP_SNAPSHOTS
    with writer_lock(path):
        found = _load(path)
        kept = {reference.snapshot_id for reference in found.metadata.refs.values()}
        # What the table was when the week began still answers "as of" questions about the week.
        kept |= set([snapshot.snapshot_id for at, snapshot in pointers(found) if at <= limit][-1:])
        old = [
            snapshot.snapshot_id
            for snapshot in found.metadata.snapshots
            if snapshot.timestamp_ms < limit.timestamp() * 1000 and snapshot.snapshot_id not in kept
        ]
        if old and not dry_run:
            with found.transaction() as transaction:
                transaction.set_properties({HISTORY_FROM: str(int(limit.timestamp() * 1000))})
            found.maintenance.expire_snapshots().by_ids(old).commit()
        return len(old)


def _clean(path: str, run: LakeRun) -> None:
    """Remove files that no kept state needs."""
    found = _load(path)
    files = stored(found)
    needed = reachable(found)
    useless = orphans(files, needed, now())
    for file in useless:
        log.info(
            "%s: %s %s (%d bytes)", path, "would remove" if run.dry_run else "remove", file.path, file.size
        )
    if not run.dry_run:
        remove(found, useless)
    run.removed_files = len(useless)
    run.removed_bytes = sum(file.size for file in useless)
    run.live_files = sum(file.path in needed for file in files)
    run.all_files = len(files) - (0 if run.dry_run else len(useless))
