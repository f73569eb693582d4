"""From readings to hours and days: what the stations sent becomes the values that are published.

Runs behind the store as one of its followers: each committed batch names its streams and hours, the
hours of the sites concerned are computed again, then the days that hold them. A crash loses nothing,
since the follower's place moves in the same transaction as the rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from django.db import transaction

from qipan.domains.governance.environment.models import AirDay, AirHour, Site
from qipan.domains.governance.environment.models.air import Version
from qipan.domains.governance.environment.quantities import FIELD_OF, ITEM_OF
from qipan.domains.governance.environment.rules import AirEvaluation, day_evaluation, hour_evaluation
from qipan.kernel.base.clock import COUNTY_ZONE, county_day
from qipan.kernel.sensing import read
from qipan.kernel.sensing.models import Batch, Datastream, Follower

FOLLOWER = "environment.air"
BATCHES = 500
HOUR = timedelta(hours=1)
HOUR_SUFFIX = "/hour/avg"
# Without an hourly mean from the station itself, three quarters of the hour's values must be there (HJ 663).
COMPLETENESS = 0.75
FIELDS = tuple(FIELD_OF.values())
Row = TypeVar("Row", AirHour, AirDay)


@dataclass(frozen=True)
class Stream:
    """A datastream of a site: which column it fills and whether it carries hourly means already."""

    site: int
    field: str
    hourly: bool
    step_s: int


def follow() -> int:
    """Compute what the batches since the last run touched; gives the number of hour rows written."""
    with transaction.atomic():
        Follower.objects.get_or_create(name=FOLLOWER)
        follower = Follower.objects.select_for_update().get(name=FOLLOWER)
        batches = list(Batch.objects.filter(pk__gt=follower.batch_id).order_by("pk")[:BATCHES])
        if not batches:
            return 0
        touched = _touched(batches)
        follower.batch_id = batches[-1].pk
        follower.save()
        return derive(touched)


def _touched(batches: Sequence[Batch]) -> dict[int, set[datetime]]:
    """Sites and the ends of their hours that the batches wrote to."""
    ids = {stream for batch in batches for stream in batch.datastream_ids}
    streams = streams_of(Datastream.objects.filter(pk__in=ids))
    touched: dict[int, set[datetime]] = defaultdict(set)
    for batch in batches:
        sites = {streams[stream].site for stream in batch.datastream_ids if stream in streams}
        ends = {datetime.fromtimestamp(hour * 3600, UTC) for hour in batch.hours}
        # A value at 10:20 belongs to the hour that ends at 11:00, an hourly mean stamped 11:00 as well.
        ends |= {end + HOUR for end in ends}
        for site in sites:
            touched[site] |= ends
    return touched


def streams_of(rows: Iterable[Datastream]) -> dict[int, Stream]:
    """Air datastreams by number, with what they fill."""
    found = list(rows)
    sites = dict(
        Site.objects.air().filter(thing__in={row.thing_id for row in found}).values_list("thing", "pk")
    )
    streams = {}
    for row in found:
        factor = row.code.removesuffix(HOUR_SUFFIX)
        if factor in FIELD_OF and row.thing_id in sites:
            hourly = row.code.endswith(HOUR_SUFFIX)
            streams[row.pk] = Stream(sites[row.thing_id], FIELD_OF[factor], hourly, row.step_s)
    return streams


def derive(touched: dict[int, set[datetime]]) -> int:
    """Compute the given hours of the given sites, then the days that hold them."""
    written = 0
    things = dict(Site.objects.filter(pk__in=touched).values_list("pk", "thing"))
    rows = Datastream.objects.filter(thing__in=things.values())
    streams = streams_of(rows)
    for site, hours in touched.items():
        own = {pk: stream for pk, stream in streams.items() if stream.site == site}
        if not own:
            continue
        values = _hour_values(own, min(hours) - HOUR, max(hours))
        filled = sorted(hours & set(values))
        written += _write_hours(site, filled, values)
        for day in sorted({county_day(hour - timedelta(seconds=1)) for hour in filled}):
            _write_day(site, day)
    return written


def _hour_values(
    streams: dict[int, Stream], start: datetime, end: datetime
) -> dict[datetime, dict[str, float]]:
    """Mean of each column in each hour of (start, end]; the station's own hourly means come first."""
    # The hour that ends at 11:00 holds (10:00, 11:00]; history takes [start, end).
    instant = timedelta(microseconds=1)
    table = read.history(list(streams), start + instant, end + instant, good_only=True)
    sums: dict[tuple[datetime, str], list[float]] = defaultdict(list)
    means: dict[datetime, dict[str, float]] = defaultdict(dict)
    for number, at, value in zip(
        table["datastream"].to_pylist(), table["ts"].to_pylist(), table["value"].to_pylist(), strict=True
    ):
        stream = streams[number]
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        if value is None:
            continue
        if stream.hourly:
            means[at][stream.field] = value
        else:
            sums[(_hour_end(at), stream.field)].append(value)
    steps = {stream.field: stream.step_s for stream in streams.values() if not stream.hourly}
    for (hour, name), found in sums.items():
        expected = 3600 / max(1, steps[name])
        if len(found) >= COMPLETENESS * expected:
            means[hour].setdefault(name, sum(found) / len(found))
    return means


def _hour_end(at: datetime) -> datetime:
    """End of the hour that holds an instant; the full hour belongs to the hour it ends."""
    whole = at.replace(minute=0, second=0, microsecond=0)
    return whole if whole == at else whole + HOUR


def _write_hours(site: int, hours: list[datetime], values: dict[datetime, dict[str, float]]) -> int:
    if not hours:
        return 0
    known = _known_hours(site, hours[0] - 24 * HOUR, hours[-1])
    rows = []
    for hour in hours:
        row = known.get(hour) or AirHour(site_id=site, hour=hour)
        for name in FIELDS:
            setattr(row, name, values[hour].get(name))
        known[hour] = row
        rows.append(row)
    for row in rows:
        last = [known.get(row.hour - back * HOUR) for back in range(23, -1, -1)]
        series = {ITEM_OF[name]: [getattr(one, name) if one else None for one in last] for name in FIELDS}
        _take(row, hour_evaluation(series, county_day(row.hour - timedelta(seconds=1))))
    return _upsert(AirHour, rows, ("site", "hour"))


def _known_hours(site: int, start: datetime, end: datetime) -> dict[datetime, AirHour]:
    rows = AirHour.objects.filter(site=site, hour__gt=start - HOUR, hour__lte=end)
    return {row.hour: row for row in rows}


def _write_day(site: int, day: date) -> None:
    midnight = datetime.combine(day, time(), COUNTY_ZONE).astimezone(UTC)
    rows = {
        row.hour: row
        for row in AirHour.objects.filter(site=site, hour__gt=midnight, hour__lte=midnight + 24 * HOUR)
    }
    hours = [rows.get(midnight + number * HOUR) for number in range(1, 25)]
    series = {ITEM_OF[name]: [getattr(one, name) if one else None for one in hours] for name in FIELDS}
    row = AirDay.objects.filter(site=site, day=day).first() or AirDay(site_id=site, day=day)
    result = day_evaluation(series, day)
    row.hours = sum(one is not None and one.aqi is not None for one in hours)
    for name in FIELDS:
        item = f"{ITEM_OF[name]}_{'8H' if name == 'o3' else '24H'}"
        reported = result.reported.get(item)
        setattr(row, name, float(reported) if reported is not None else None)
    _take(row, result)
    _upsert(AirDay, [row], ("site", "day"))


def _take(row: AirHour | AirDay, result: AirEvaluation) -> None:
    """Set what the evaluation says; a published value that changes is marked as revised."""
    index = result.aqi.value
    if row.pk and row.version != Version.RAW and row.aqi != index:
        row.revised = True
    row.aqi = index
    row.grade = result.aqi.grade.level if result.aqi.grade else 0
    row.primary = [item.split("_")[0] for item in result.aqi.primary]
    row.rule_version = result.aqi.version
    row.version = Version.QA1


def _upsert(model: type[Row], rows: Sequence[Row], unique: tuple[str, str]) -> int:
    update = [
        *FIELDS,
        "aqi",
        "grade",
        "primary",
        "rule_version",
        "version",
        "flags",
        "revised",
        "computed_at",
    ]
    if model is AirDay:
        update.append("hours")
    fresh = [row for row in rows if row.pk is None]
    old = [row for row in rows if row.pk is not None]
    model._default_manager.bulk_create(
        fresh, update_conflicts=True, unique_fields=list(unique), update_fields=update
    )
    model._default_manager.bulk_update(old, update)
    return len(rows)
