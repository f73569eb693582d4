"""Hours and days of every datastream, counted again wherever a batch has touched them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min

from qipan.kernel.base.clock import county_day, now
from qipan.kernel.sensing import cold, partitions, read
from qipan.kernel.sensing.models import Batch, Datastream, Follower, HourRollup
from qipan.kernel.sensing.quality import BAD, good

NAME = "sensing.rollups"
BATCHES = 2_000
KEEP_BATCHES = timedelta(days=1)
# A follower that has not come on for so long is taken to be gone; batches no longer wait for it.
PATIENCE = timedelta(days=3)
_HOUR = timedelta(hours=1)
_COLUMNS = "datastream_id, bucket, n, n_good, low, high, mean, total, first, last, completeness"
_SET = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[2:])

_HOURS = f"""
INSERT INTO sensing_hourrollup ({_COLUMNS})
SELECT n.d, n.h, count(*), count(o.value) FILTER (WHERE g.ok),
    min(o.value) FILTER (WHERE g.ok), max(o.value) FILTER (WHERE g.ok), avg(o.value) FILTER (WHERE g.ok),
    sum(o.value) FILTER (WHERE g.ok), (array_agg(o.value ORDER BY o.ts) FILTER (WHERE g.ok))[1],
    (array_agg(o.value ORDER BY o.ts DESC) FILTER (WHERE g.ok))[1],
    least(1.0, count(o.value) FILTER (WHERE g.ok) * max(s.step_s) / 3600.0)
FROM unnest(%s::int4[], %s::timestamptz[]) AS n(d, h)
JOIN sensing_datastream s ON s.id = n.d
JOIN sensing_observation o ON o.datastream_id = n.d AND o.ts >= n.h AND o.ts < n.h + interval '1 hour'
    AND o.ts >= %s AND o.ts < %s
CROSS JOIN LATERAL (SELECT o.quality & {BAD} = 0 AND o.value IS NOT NULL AS ok) g
GROUP BY n.d, n.h
ON CONFLICT (datastream_id, bucket) DO UPDATE SET {_SET}
"""
_DAYS = f"""
INSERT INTO sensing_dayrollup ({_COLUMNS})
SELECT h.datastream_id, n.day, sum(h.n), sum(h.n_good), min(h.low), max(h.high),
    sum(h.total) / nullif(sum(h.n_good), 0), sum(h.total),
    (array_agg(h.first ORDER BY h.bucket) FILTER (WHERE h.first IS NOT NULL))[1],
    (array_agg(h.last ORDER BY h.bucket DESC) FILTER (WHERE h.last IS NOT NULL))[1],
    least(1.0, sum(h.n_good) * max(s.step_s) / 86400.0)
FROM unnest(%s::int4[], %s::timestamptz[]) AS n(d, day)
JOIN sensing_datastream s ON s.id = n.d
JOIN sensing_hourrollup h ON h.datastream_id = n.d AND h.bucket >= n.day
    AND h.bucket < n.day + interval '1 day'
GROUP BY h.datastream_id, n.day
ON CONFLICT (datastream_id, bucket) DO UPDATE SET {_SET}
"""


def follow() -> int:
    """Count the hours again that the batches since the last run touched; gives the number of hours."""
    # made before the long transaction, whose end nobody should have to wait for
    Follower.objects.get_or_create(name=NAME)
    with transaction.atomic():
        follower = Follower.objects.select_for_update(skip_locked=True).filter(name=NAME).first()
        if follower is None:
            return 0
        rows = Batch.objects.filter(pk__gt=follower.batch_id).order_by("pk")[:BATCHES]
        batches = list(rows.values_list("pk", "datastream_ids", "hours"))
        if not batches:
            return 0
        touched = {(stream, hour) for _pk, streams, hours in batches for stream in streams for hour in hours}
        follower.batch_id = batches[-1][0]
        follower.save()
        return recount((stream, datetime.fromtimestamp(hour * 3600, UTC)) for stream, hour in sorted(touched))


def recount(hours: Iterable[tuple[int, datetime]]) -> int:
    """Count these (datastream, hour) again, then the county days that hold them."""
    wanted = list(hours)
    if not wanted:
        return 0
    in_lake = cold.streams_on({county_day(hour) for _stream, hour in wanted})
    old = [item for item in wanted if (county_day(item[1]), item[0]) in in_lake]
    _recount_from_history(old)
    hot = [item for item in wanted if (county_day(item[1]), item[0]) not in in_lake]
    if hot:
        starts = [hour for _stream, hour in hot]
        with connection.cursor() as cursor:
            cursor.execute(_HOURS, [[stream for stream, _h in hot], starts, min(starts), max(starts) + _HOUR])
    days = sorted({(stream, partitions.bounds(county_day(hour))[0]) for stream, hour in wanted})
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, [[stream for stream, _d in days], [day for _s, day in days]])
    return len(wanted)


def _recount_from_history(wanted: Sequence[tuple[int, datetime]]) -> None:
    """Hours of streams that have something of that day in the lake: late readings, corrections, imports."""
    steps = dict(Datastream.objects.filter(pk__in={s for s, _h in wanted}).values_list("pk", "step_s"))
    by_day: dict[date, set[tuple[int, datetime]]] = {}
    for stream, hour in wanted:
        by_day.setdefault(county_day(hour), set()).add((stream, hour))
    for day, pairs in by_day.items():
        readings: dict[tuple[int, datetime], list[tuple[float | None, int]]] = {}
        table = read.history(sorted({stream for stream, _hour in pairs}), *partitions.bounds(day))
        names = ("datastream", "ts", "value", "quality")
        for stream, ts, value, flags in zip(*(table[name].to_pylist() for name in names), strict=True):
            hour = ts.replace(minute=0, second=0, microsecond=0)
            if (stream, hour) in pairs:
                readings.setdefault((stream, hour), []).append((value, flags))
        HourRollup.objects.bulk_create(
            [_hour(stream, hour, found, steps[stream]) for (stream, hour), found in readings.items()],
            update_conflicts=True,
            unique_fields=["datastream_id", "bucket"],
            update_fields=_COLUMNS.split(", ")[2:],
        )


def _hour(
    stream: int, hour: datetime, readings: Sequence[tuple[float | None, int]], step_s: int
) -> HourRollup:
    values = [value for value, flags in readings if value is not None and good(flags)]
    return HourRollup(
        datastream_id=stream,
        bucket=hour,
        n=len(readings),
        n_good=len(values),
        low=min(values, default=None),
        high=max(values, default=None),
        mean=sum(values) / len(values) if values else None,
        total=sum(values) if values else None,
        first=values[0] if values else None,
        last=values[-1] if values else None,
        completeness=min(1.0, len(values) * step_s / 3600.0),
    )


def forget_batches() -> int:
    """Delete batches that are a day old and that every follower has read; gives how many."""
    at = now()
    living = Follower.objects.filter(at__gt=at - PATIENCE)
    read_by_all = living.aggregate(least=Min("batch_id"))["least"]
    old = Batch.objects.filter(at__lt=at - KEEP_BATCHES)
    if read_by_all is not None:
        old = old.filter(pk__lte=read_by_all)
    newest = Batch.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return old.exclude(pk=newest).delete()[0]
