"""`qipan doctor`: what a person would look at first when something is wrong, each with what to do."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from qipan.kernel.access import audit
from qipan.kernel.modules import registry

DOORS = (("web", "QIPAN_PORT", 8000), ("HJ 212", "QIPAN_HJ212_PORT", 7212))
FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    name: str
    good: bool
    said: str


def findings() -> Iterator[Finding]:
    """Everything that is looked at, in the order of how much depends on it."""
    yield Finding("Python", sys.version_info >= (3, 11), sys.version.split()[0])
    yield _disk(Path(settings.QIPAN_HOME))
    yield from _database()
    yield from (_door(*door) for door in DOORS)
    yield Finding("assets", any(Path(settings.STATIC_ROOT).glob("*")), str(settings.STATIC_ROOT))
    yield Finding("modules", True, ", ".join(module.label for module in registry.systems()))
    chain = audit.verify()
    yield Finding("audit chain", chain.intact, chain.fault or f"{chain.entries} entries sealed")


def _disk(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    return Finding("disk", free > FREE_BYTES, f"{free / 1024**3:.1f} GiB free at {home}")


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("select version(), pg_database_size(current_database())")
        version, size = cursor.fetchone()
    yield Finding("database", True, f"{version.split(',')[0]}, {size / 1024**2:.0f} MiB")
    executor = MigrationExecutor(connection)
    pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    yield Finding("tables", not pending, f"{len(pending)} migrations pending" if pending else "up to date")


def _door(name: str, variable: str, default: int) -> Finding:
    port = int(os.environ.get(variable, default))
    with socket.socket() as probe:
        probe.settimeout(1)
        listening = probe.connect_ex(("127.0.0.1", port)) == 0
    return Finding(
        f"door {name}", listening, f"port {port} {'answers' if listening else 'is closed: start ./qipan up'}"
    )
