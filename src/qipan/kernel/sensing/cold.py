"""Observations in the lake: the tables, and reads that give the same columns as the hot store."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from qipan.kernel import lake
from qipan.kernel.lake.tables import Table
from qipan.kernel.sensing import hot
from qipan.kernel.sensing.models import ColdDay
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
# Buckets and partitions begin with the county's day.
BUCKET_OFFSET_S = 8 * 3600


def write(rows: pa.Table, key: str, texts: pa.Table | None = None) -> int:
    """Put observations (columns of ``hot.SCHEMA``) into the lake; the only way in, as it notes their days.

    Streams that have nothing on their days yet are appended in one commit; a day on which one of them has
    is merged, the new rows winning. ``key`` names this write: the same write again does nothing. ``texts`` go
    to their own table. Gives the number of rows written.
    """
    rows = rows.select(hot.SCHEMA.names).cast(hot.SCHEMA).append_column(_DAY, _days_of(rows))
    days = set(pc.unique(rows["day"]).to_pylist())
    taken = _taken(days, pc.unique(rows["datastream"]).to_pylist())
    fresh = rows.filter(pc.invert(pc.is_in(rows["day"], pa.array(sorted(taken), pa.date32()))))
    if fresh.num_rows:
        ordered = fresh.sort_by([("day", "ascending"), ("datastream", "ascending"), ("ts", "ascending")])
        lake.append(OBSERVATIONS, ordered.select(OBSERVATIONS.schema.names), key)
    for day in sorted(taken):
        _put(
            OBSERVATIONS, day, rows.filter(pc.equal(rows["day"], pa.scalar(day, pa.date32()))), f"{key}:{day}"
        )
    if texts is not None and texts.num_rows:
        own_days = _days_of(texts)
        for day in pc.unique(own_days).to_pylist():
            own = texts.filter(pc.equal(own_days, pa.scalar(day, pa.date32())))
            _put(TEXTS, day, own, f"{key}:text:{day}")
    ColdDay.objects.bulk_create([ColdDay(day=day) for day in sorted(days)], ignore_conflicts=True)
    return int(rows.num_rows)


def _taken(days: Collection[date], streams: Sequence[int]) -> set[date]:
    """Days of these on which one of the streams has something in the lake already."""
    known = days_between(min(days), max(days)) & set(days) if days else set()
    if not known:
        return set()
    rows = lake.table(OBSERVATIONS)
    found = lake.query(
        rows.filter(rows.day.isin(sorted(known)), rows.datastream.isin(streams)).select("day").distinct()
    )
    return set(found["day"].to_pylist())


def _days_of(rows: pa.Table) -> pa.ChunkedArray:
    offset = pa.scalar(timedelta(seconds=BUCKET_OFFSET_S), pa.duration("us"))
    return pc.cast(pc.floor_temporal(pc.add(rows["ts"], offset), unit="day"), pa.date32())


def _put(table: Table, day: date, part: pa.Table, key: str) -> None:
    """Replace one day of a table by the part and whatever else was there."""
    names = [name for name in table.schema.names if name != "day"]
    part = part.select(names)
    keys = ["datastream", "ts"]
    old = whole_day(table, day)
    kept = old.join(part.select(keys), keys, join_type="left anti").select(names)
    part = pa.concat_tables([part, kept.cast(part.schema)])
    part = part.sort_by([("datastream", "ascending"), ("ts", "ascending")])
    days = pa.array([day] * part.num_rows, pa.date32())
    lake.replace(table, part.add_column(0, _DAY, days), f"day = '{day}'", key)


def whole_day(table: Table, day: date) -> pa.Table:
    """Everything a table holds of one county day, without the day itself."""
    rows = lake.table(table)
    names = [name for name in table.schema.names if name != "day"]
    schema = pa.schema([table.schema.field(name) for name in names])
    return lake.query(rows.filter(rows.day == day).select(names)).cast(schema)


def streams_on(days: Collection[date]) -> set[tuple[date, int]]:
    """(day, datastream) of everything that the lake holds on these days."""
    known = days_between(min(days), max(days)) & set(days) if days else set()
    if not known:
        return set()
    rows = lake.table(OBSERVATIONS)
    found = lake.query(rows.filter(rows.day.isin(sorted(known))).select("day", "datastream").distinct())
    return set(zip(found["day"].to_pylist(), found["datastream"].to_pylist(), strict=True))


def days_between(start: date, end: date) -> set[date]:
    """Days from start to end (both included) that are in the lake."""
    return set(ColdDay.objects.filter(day__gte=start, day__lte=end).values_list("day", flat=True))


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


def texts_between(
    streams: Sequence[int], start: datetime, end: datetime, days: Collection[date]
) -> list[tuple[int, datetime, str]]:
    """Texts of these streams with start ≤ ts < end on these county days."""
    rows = lake.table(TEXTS)
    wanted = rows.filter(
        rows.day.isin(sorted(days)),
        rows.datastream.isin(list(streams)),
        rows.ts >= hot.naive(start),
        rows.ts < hot.naive(end),
    )
    found = lake.query(wanted.select("datastream", "ts", "text")).to_pylist()
    return [(row["datastream"], row["ts"].replace(tzinfo=UTC), row["text"]) for row in found]


def buckets(
    streams: Sequence[int], start: datetime, end: datetime, step_s: int, days: Collection[date]
) -> pa.Table:
    """Means of the good values per bucket, on these county days: datastream, ts, value, n."""
    rows = lake.table(OBSERVATIONS)
    wanted = rows.filter(
        rows.day.isin(sorted(days)),
        rows.datastream.isin(list(streams)),
        rows.ts >= hot.naive(start),
        rows.ts < hot.naive(end),
        (rows.quality.cast("int64") & BAD) == 0,
        rows.value.notnull(),
    )
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
