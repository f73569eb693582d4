"""Moves days from the hot store to the lake: write, compare, and only then drop the partition."""

import hashlib
import logging
from datetime import date, timedelta

import pyarrow as pa
from django.conf import settings
from django.db import connection, transaction

from qipan.kernel.base.clock import county_day, now
from qipan.kernel.sensing import cold, hot, partitions

log = logging.getLogger(__name__)
HOT_DAYS = 14
FRAME_DAYS = 30
_ORDER = [("datastream", "ascending"), ("ts", "ascending")]


def flush(keep_days: int | None = None) -> list[date]:
    """Move every day older than ``keep_days`` (setting SENSING_HOT_DAYS); gives the days that went.

    A day that receives readings meanwhile stays for the next run.
    """
    keep = keep_days if keep_days is not None else getattr(settings, "SENSING_HOT_DAYS", HOT_DAYS)
    limit = county_day(now()) - timedelta(days=keep)
    old = [day for day in partitions.existing(partitions.OBSERVATION) if day < limit]
    return [day for day in old if flush_day(day)]


def flush_day(day: date) -> bool:
    """Move one day; False when it changed under our hands or did not read back as written."""
    start, end = partitions.bounds(day)
    rows, texts = hot.of_day(start, end), hot.texts_of_day(start, end)
    if rows.num_rows:
        cold.write(rows, f"hot:{_digest(rows)}", texts)
        if not _reads_back(rows, day):
            log.error("flush of %s: the lake does not hold what was written; the hot day stays", day)
            return False
    with transaction.atomic():
        if _digest(_locked(day)) != _digest(rows):
            return False
        partitions.drop(partitions.TEXT, day)
        partitions.drop(partitions.OBSERVATION, day)
    return True


def _locked(day: date) -> pa.Table:
    """The day's rows again, with every writer of its partition kept out until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {partitions.OBSERVATION}_{day:%Y%m%d} IN ACCESS EXCLUSIVE MODE")
    return hot.of_day(*partitions.bounds(day))


def _reads_back(rows: pa.Table, day: date) -> bool:
    """Whether the lake gives every hot row back, value for value."""
    stored = cold.whole_day(cold.OBSERVATIONS, day)
    names = ["datastream", "ts", "value", "quality", "version"]
    keys = ["datastream", "ts"]
    mine = stored.join(rows.select(keys), keys, join_type="left semi").select(names).sort_by(_ORDER)
    return bool(mine.cast(hot.SCHEMA).equals(rows.sort_by(_ORDER)))


def _digest(rows: pa.Table) -> str:
    """A fingerprint of the rows in their order."""
    sha = hashlib.sha256(str(rows.num_rows).encode())
    for column in rows.combine_chunks().columns:
        for chunk in column.chunks:
            for buffer in chunk.buffers():
                sha.update(buffer if buffer is not None else b"-")
    return sha.hexdigest()
