"""Is everything there that the catalogue promises? Used after a restore, and by whoever doubts."""

from collections.abc import Iterable

import pyarrow.parquet as pq
from django.db import connection
from pyarrow import fs
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table as IcebergTable
from sqlalchemy import text

from qipan.kernel.base.clock import now

from .catalogue import catalogue, writer_lock
from .models import LakeHold
from .place import catalogue_name
from .snapshots import total
from .storage import filesystem, local
from .tables import Table

SAMPLE = 50


def verify(table: Table | str, *, hold: bool = False) -> list[str]:
    """Problems of a table, one line each; an empty list when all its files are as the catalogue says.

    Every file of the present state and of every tag must exist with its size, the row counts must add up,
    and the Parquet footers of a sample must agree. With ``hold`` a table with problems takes no writes from
    now on, and one without is released. LookupError when the table does not exist.
    """
    path = table if isinstance(table, str) else table.path
    problems = _problems(path)
    if hold and problems:
        reason = "; ".join(problems[:5])
        LakeHold.objects.update_or_create(table=path, defaults={"reason": reason, "since": now()})
    elif hold:
        LakeHold.objects.filter(table=path).delete()
    return problems


def _problems(path: str) -> list[str]:
    owner, name = path.split(".")
    try:
        found = catalogue().load_table((owner, name))
    except NoSuchTableError as error:
        raise LookupError(f"{path}: no such table") from error
    except FileNotFoundError:
        location, previous = metadata_locations(path)
        state = "present" if previous and _exists(previous) else "missing"
        return [f"{location}: metadata file is missing; the one before it ({previous}) is {state}"]
    problems: list[str] = []
    for snapshot_id in {reference.snapshot_id for reference in found.metadata.refs.values()}:
        problems += _snapshot_problems(found, snapshot_id)
    return problems


def _snapshot_problems(found: IcebergTable, snapshot_id: int) -> list[str]:
    snapshot = found.snapshot_by_id(snapshot_id)
    if snapshot is None:
        return [f"snapshot {snapshot_id} is missing"]
    try:
        files = [
            entry.data_file
            for manifest in snapshot.manifests(found.io)
            for entry in manifest.fetch_manifest_entry(found.io, discard_deleted=True)
        ]
    except FileNotFoundError as error:
        return [f"snapshot {snapshot_id}: {error}"]
    problems = list(_file_problems(found, files))
    rows, promised = sum(file.record_count for file in files), total(snapshot, "total-records")
    if rows != promised:
        problems.append(f"snapshot {snapshot_id}: {rows} rows in its files, {promised} in its summary")
    return problems


def _file_problems(found: IcebergTable, files: list[DataFile]) -> Iterable[str]:
    system = filesystem(found.location())
    step = max(1, len(files) // SAMPLE)
    for number, file in enumerate(files):
        path = local(file.file_path)
        info = system.get_file_info(path)
        if info.type != fs.FileType.File:
            yield f"{path}: missing"
        elif info.size != file.file_size_in_bytes:
            yield f"{path}: {info.size} bytes, {file.file_size_in_bytes} promised"
        elif number % step == 0:
            rows = pq.read_metadata(path, filesystem=system).num_rows
            if rows != file.record_count:
                yield f"{path}: {rows} rows, {file.record_count} promised"


def repair(table: Table | str) -> str:
    """Make the previous metadata file the table again when the present one is missing.

    A person's decision, never automatic: the last commit is lost. Gives the location now in force;
    ValueError when there is nothing to repair or nothing to fall back to.
    """
    path = table if isinstance(table, str) else table.path
    with writer_lock(path):
        location, previous = metadata_locations(path)
        if location and _exists(location):
            raise ValueError(f"{path}: its metadata file is present")
        if not previous or not _exists(previous):
            raise ValueError(f"{path}: the previous metadata file is missing too")
        owner, name = path.split(".")
        with catalogue().engine.begin() as link:
            link.execute(
                text(
                    "UPDATE iceberg_tables SET metadata_location = previous_metadata_location,"
                    " previous_metadata_location = NULL WHERE catalog_name = :catalogue"
                    " AND table_namespace = :owner AND table_name = :name"
                ),
                {"catalogue": catalogue_name(), "owner": owner, "name": name},
            )
        return previous


def metadata_locations(path: str) -> tuple[str, str]:
    """Present and previous metadata file of a table as the catalogue has them ("" when there is none)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT metadata_location, previous_metadata_location FROM lake.iceberg_tables"
            " WHERE catalog_name = %s AND table_namespace = %s AND table_name = %s",
            [catalogue_name(), *path.split(".")],
        )
        row = cursor.fetchone() or ("", "")
    return row[0] or "", row[1] or ""


def _exists(location: str) -> bool:
    return bool(filesystem(location).get_file_info(local(location)).type == fs.FileType.File)
