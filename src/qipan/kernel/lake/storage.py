"""The files below a table: which are there, which any kept state still needs."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from pyarrow import fs
from pyiceberg.table import Table as IcebergTable

# A writer that has not committed yet owns files nobody refers to; a day is longer than any commit.
ORPHAN_AGE = timedelta(hours=24)


@dataclass(frozen=True)
class StoredFile:
    """One file below the table's folder."""

    path: str
    size: int
    changed_at: datetime


def local(location: str) -> str:
    """A path for ``file:`` locations, bucket and key for other schemes.

    Nothing is decoded: a partition value with a colon is written to disk with its %3A.
    """
    parts = urlsplit(location)
    return parts.path if parts.scheme in ("file", "") else f"{parts.netloc}{parts.path}"


def filesystem(location: str) -> fs.FileSystem:
    """The file system a location belongs to."""
    scheme = urlsplit(location).scheme
    return fs.LocalFileSystem() if scheme in ("file", "") else fs.FileSystem.from_uri(location)[0]


def stored(found: IcebergTable) -> list[StoredFile]:
    """Every file below the table's folder."""
    system, folder = filesystem(found.location()), local(found.location())
    chosen = fs.FileSelector(folder, recursive=True, allow_not_found=True)
    return [
        StoredFile(info.path, info.size, info.mtime.astimezone(UTC))
        for info in system.get_file_info(chosen)
        if info.type == fs.FileType.File
    ]


def reachable(found: IcebergTable) -> set[str]:
    """Paths that a kept snapshot, tag or remembered metadata file needs."""
    metadata = found.metadata
    needed = {local(found.metadata_location)}
    needed |= {local(entry.metadata_file) for entry in metadata.metadata_log}
    needed |= {local(each.statistics_path) for each in metadata.statistics}
    seen: set[str] = set()
    for snapshot in metadata.snapshots:
        needed.add(local(snapshot.manifest_list))
        for manifest in snapshot.manifests(found.io):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            needed.add(local(manifest.manifest_path))
            entries = manifest.fetch_manifest_entry(found.io, discard_deleted=True)
            needed |= {local(entry.data_file.file_path) for entry in entries}
    return needed


def orphans(files: list[StoredFile], needed: set[str], now: datetime) -> list[StoredFile]:
    """Files nobody needs and that no running writer can own any more."""
    return [file for file in files if file.path not in needed and now - file.changed_at > ORPHAN_AGE]


def remove(found: IcebergTable, files: list[StoredFile]) -> None:
    """Delete files below the table's folder."""
    system, folder = filesystem(found.location()), local(found.location())
    for file in files:
        if not file.path.startswith(folder):
            raise ValueError(f"{file.path}: not below {folder}")
        system.delete_file(file.path)
