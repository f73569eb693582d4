"""Day partitions of observations, texts and frames: made ahead and on demand, dropped when cold."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta

import psycopg
from django.db import connection, transaction

from qipan.kernel.base.clock import COUNTY_ZONE, county_day, now

OBSERVATION = "sensing_observation"
TEXT = "sensing_text"
FRAME = "sensing_framelog"
TABLES = (OBSERVATION, TEXT, FRAME)
AHEAD_DAYS = 3

# Partitions that are known to exist in this process's database; only commits add to it.
_known: set[tuple[str, date]] = set()


def bounds(day: date) -> tuple[datetime, datetime]:
    """First instant of a county day and of the next one, UTC."""
    start = datetime.combine(day, time(), COUNTY_ZONE)
    end = datetime.combine(day + timedelta(days=1), time(), COUNTY_ZONE)
    return start.astimezone(UTC), end.astimezone(UTC)


def ensure(table: str, days: Iterable[date]) -> None:
    """Make the partitions of these days if they are missing."""
    missing = {day for day in days if (table, day) not in _known}
    if not missing:
        return
    with connection.cursor() as cursor:
        for day in sorted(missing):
            cursor.execute("SELECT sensing_partition(%s, %s)", [table, day])
    transaction.on_commit(lambda: _known.update((table, day) for day in missing))


def with_partitions(table: str, days: Iterable[date], write: Callable[[], None]) -> None:
    """Run ``write`` in a savepoint, with the partitions of these days in place.

    What this process knows of partitions may be out of date, since another one drops those that are cold.
    """
    wanted = list(days)
    ensure(table, wanted)
    try:
        with transaction.atomic():
            write()
    except psycopg.errors.CheckViolation:
        _known.clear()
        ensure(table, wanted)
        with transaction.atomic():
            write()


def make_ahead() -> None:
    """Make today's partitions and those of the next days, so that no reading has to wait for one."""
    today = county_day(now())
    for table in TABLES:
        ensure(table, [today + timedelta(days=ahead) for ahead in range(AHEAD_DAYS + 1)])


def existing(table: str) -> list[date]:
    """Days that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass",
            [table],
        )
        names = [row[0] for row in cursor.fetchall()]
    stamps = (re.fullmatch(rf"{table}_(\d{{8}})", name) for name in names)
    return sorted(datetime.strptime(stamp[1], "%Y%m%d").date() for stamp in stamps if stamp)


def drop(table: str, day: date) -> None:
    """Drop the partition of a day with all its rows. ValueError for a table that is not partitioned here."""
    if table not in TABLES:
        raise ValueError(f"table: {table} has no day partitions")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}_{day:%Y%m%d}")
    _known.discard((table, day))


def drop_old_frames(keep_days: int) -> list[date]:
    """Drop frame logs older than ``keep_days``; gives the days that went."""
    limit = county_day(now()) - timedelta(days=keep_days)
    old = [day for day in existing(FRAME) if day < limit]
    for day in old:
        drop(FRAME, day)
    return old
