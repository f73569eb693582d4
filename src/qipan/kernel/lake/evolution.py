"""Change of a table's columns by decision: what would happen, and doing it."""

from dataclasses import dataclass

from .catalogue import find, writer_lock
from .schema import Change, apply, changes
from .tables import Table


@dataclass(frozen=True)
class Plan:
    """What ``evolve`` would change, and how much data it concerns."""

    path: str
    changes: tuple[Change, ...]
    rows: int
    files: int


def plan(table: Table) -> Plan:
    """Compare a declaration with the stored table; no change for a table nobody wrote yet."""
    found = find(table.path)
    if found is None:
        return Plan(table.path, (), 0, 0)
    snapshot = found.current_snapshot()
    summary = snapshot.summary if snapshot else None
    rows, files = (int(summary[key] or 0) if summary else 0 for key in ("total-records", "total-data-files"))
    return Plan(table.path, tuple(changes(table, found.schema())), rows, files)


def evolve(table: Table) -> tuple[Change, ...]:
    """Add, rename and widen columns so that the table equals its declaration.

    No file is rewritten: old files are read through their field ids. Conflict when a difference
    would lose data; LookupError when the table does not exist.
    """
    with writer_lock(table.path):
        found = find(table.path)
        if found is None:
            raise LookupError(f"{table.path}: no such table")
        return tuple(apply(table, found))
