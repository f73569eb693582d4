"""Reading values: the latest, a history without a seam between hot and cold, the frame behind a value."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from qipan.kernel.base.clock import county_day
from qipan.kernel.sensing import cold, hot, partitions
from qipan.kernel.sensing.models import FrameLog, Latest
from qipan.kernel.sensing.quality import BAD, Quality

SCHEMA = pa.schema(
    [
        ("datastream", pa.int32()),
        ("ts", pa.timestamp("us", tz="UTC")),
        ("value", pa.float64()),
        ("quality", pa.int32()),
    ]
)


def latest(datastream_ids: Iterable[int]) -> dict[int, Latest]:
    """The newest value of each datastream that has one, by datastream number."""
    return Latest.objects.in_bulk(list(datastream_ids))


def history(
    datastream_ids: Sequence[int],
    start: datetime,
    end: datetime,
    step: int | None = None,
    *,
    good_only: bool = False,
) -> pa.Table:
    """Observations with start ≤ ts < end, hot and cold as one series, by datastream and instant.

    Columns of ``SCHEMA``. With ``step`` (seconds) each row is the mean of the good values of one bucket,
    stamped with the bucket's start (buckets begin with the county's day); a bucket without a good value
    has no row. ``good_only`` leaves flagged values out. ValueError for naive times or a step below 1.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("start, end: need a time zone")
    if step is not None and step < 1:
        raise ValueError(f"step: {step} seconds")
    if not datastream_ids or start >= end:
        return SCHEMA.empty_table()
    # Hot first: a day that moves to the lake meanwhile is then seen twice, never not at all.
    hot_days = set(partitions.existing(partitions.OBSERVATION))
    fresh = hot.between(datastream_ids, start, end)
    cold_days = cold.days_between(county_day(start), county_day(end))
    if step is None:
        return _finish(_merge(fresh, cold.between(datastream_ids, start, end, cold_days)), good_only)
    both = _merge(fresh, cold.between(datastream_ids, start, end, cold_days & hot_days))
    parts = [_buckets(both, step)]
    if cold_days - hot_days:
        parts.append(cold.buckets(datastream_ids, start, end, step, cold_days - hot_days))
    return _finish(_join_buckets(pa.concat_tables(parts)), good_only=False)


def frame_of(datastream_id: int, ts: datetime) -> FrameLog | None:
    """The frame that brought a value, while the value is hot and its frame is kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT frame_id FROM sensing_observation WHERE datastream_id = %s AND ts = %s",
            [datastream_id, ts],
        )
        found = cursor.fetchone()
    return FrameLog.objects.filter(pk=found[0]).first() if found and found[0] else None


def texts(datastream_ids: Sequence[int], start: datetime, end: datetime) -> list[tuple[int, datetime, str]]:
    """Texts with start ≤ ts < end, hot and cold: values of text streams, and devices' own flags."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT datastream_id, ts, text FROM sensing_text"
            " WHERE datastream_id = ANY(%s) AND ts >= %s AND ts < %s",
            [list(datastream_ids), start, end],
        )
        found = {(stream, ts): text for stream, ts, text in cursor.fetchall()}
    days = cold.days_between(county_day(start), county_day(end))
    if days:
        for stream, ts, text in cold.texts_between(datastream_ids, start, end, days):
            found.setdefault((stream, ts), text)
    return [(stream, ts, text) for (stream, ts), text in sorted(found.items())]


def _merge(fresh: pa.Table, old: pa.Table) -> pa.Table:
    """Both as one; where both have an instant of a stream, the hot row stands."""
    if not old.num_rows:
        return fresh
    keys = ["datastream", "ts"]
    only_old = old.join(fresh.select(keys), keys, join_type="left anti").select(hot.SCHEMA.names)
    return pa.concat_tables([fresh, only_old.cast(hot.SCHEMA)])


def _buckets(rows: pa.Table, step: int) -> pa.Table:
    usable = pc.and_(
        pc.equal(pc.bit_wise_and(rows["quality"], pa.scalar(BAD, pa.int32())), 0), rows["value"].is_valid()
    )
    rows = rows.filter(usable)
    seconds = rows["ts"].cast(pa.int64()).to_numpy() // 1_000_000 + cold.BUCKET_OFFSET_S
    bucket = (seconds // step * step - cold.BUCKET_OFFSET_S) * 1_000_000
    keyed = pa.table(
        {
            "datastream": rows["datastream"],
            "ts": pa.array(bucket.astype(np.int64)).cast(pa.timestamp("us")),
            "value": rows["value"],
        }
    )
    found = keyed.group_by(["datastream", "ts"]).aggregate([("value", "mean"), ("value", "count")])
    return found.select(["datastream", "ts", "value_mean", "value_count"]).rename_columns(
        ["datastream", "ts", "value", "n"]
    )


def _join_buckets(parts: pa.Table) -> pa.Table:
    """A bucket that reaches over the seam has a mean from each side: weigh them by their counts."""
    weighed = parts.append_column("total", pc.multiply(parts["value"], parts["n"].cast(pa.float64())))
    found = weighed.group_by(["datastream", "ts"]).aggregate([("total", "sum"), ("n", "sum")])
    value = pc.divide(found["total_sum"], found["n_sum"].cast(pa.float64()))
    quality = pa.array(np.zeros(found.num_rows, np.int32))
    return pa.table(
        [found["datastream"], found["ts"], value, quality], names=["datastream", "ts", "value", "quality"]
    )


def _finish(rows: pa.Table, good_only: bool) -> pa.Table:
    if good_only:
        bad = pc.bit_wise_and(rows["quality"], pa.scalar(BAD | int(Quality.MISSING), pa.int32()))
        rows = rows.filter(pc.and_(pc.equal(bad, 0), rows["value"].is_valid()))
    ordered = rows.select(["datastream", "ts", "value", "quality"]).sort_by(
        [("datastream", "ascending"), ("ts", "ascending")]
    )
    return ordered.cast(SCHEMA)
