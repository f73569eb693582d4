"""Observations in the lake: the tables, and reads that give the same columns as the hot store."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from qipan.kernel import lake
from qipan.kernel.base.clock import county_day
from qipan.kernel.lake.tables import Table
from qipan.kernel.sensing import hot
from qipan.kernel.sensing.quality import BAD

_DAY = pa.field("day", pa.date32())
OBSERVATIONS = Table(
    name="observation",
    owner="sensing",
    schema=pa.schema([_DAY, *hot.SCHEMA]),
    partition="day",
    sort=("datastream", "ts"),
)
TEXTS = Table(
    name="text",
    owner="sensing",
    schema=pa.schema([_DAY, ("datastream", pa.int32()), ("ts", pa.timestamp("us")), ("text", pa.string())]),
    partition="day",
    sort=("datastream", "ts"),
)
BUCKET_OFFSET_S = 8 * 3600  # buckets begin with the county's day


def between(streams: Sequence[int], start: datetime, end: datetime, days: Collection[date]) -> pa.Table:
    """Observations of these streams with start ≤ ts < end on these county days."""
    if not days:
        return hot.SCHEMA.empty_table()
    rows = lake.table(OBSERVATIONS)
    wanted = rows.filter(
        rows.day.isin(sorted(days)),
        rows.datastream.isin(list(streams)),
        rows.ts >= hot.naive(start),
        rows.ts < hot.naive(end),
    ).select(hot.SCHEMA.names)
    return lake.query(wanted).cast(hot.SCHEMA)


def buckets(
    streams: Sequence[int], start: datetime, end: datetime, step_s: int, without: Collection[date]
) -> pa.Table:
    """Means of the good values per bucket, except on the days of ``without``: datastream, ts, value, n."""
    rows = lake.table(OBSERVATIONS)
    wanted = rows.filter(
        rows.day >= county_day(start),
        rows.day <= county_day(end),
        rows.datastream.isin(list(streams)),
        rows.ts >= hot.naive(start),
        rows.ts < hot.naive(end),
        (rows.quality.cast("int64") & BAD) == 0,
        rows.value.notnull(),
    )
    if without:
        wanted = wanted.filter(~wanted.day.isin(sorted(without)))
    seconds = wanted.ts.epoch_seconds() + BUCKET_OFFSET_S
    bucket = seconds - seconds % step_s - BUCKET_OFFSET_S
    grouped = wanted.mutate(bucket=bucket).group_by("datastream", "bucket")
    found = lake.query(grouped.agg(value=wanted.value.mean(), n=wanted.value.count()))
    return pa.table(
        {
            "datastream": found["datastream"].cast(pa.int32()),
            "ts": pc.multiply(found["bucket"].cast(pa.int64()), 1_000_000).cast(pa.timestamp("us")),
            "value": found["value"].cast(pa.float64()),
            "n": found["n"].cast(pa.int64()),
        }
    )
