"""Watching micro-stations: each quarter of an hour is judged once, high ones become alarms and cases."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from qipan.domains.governance.environment import alarms
from qipan.domains.governance.environment.models import AlarmCursor, HighValueAlarm, Outlet, Site
from qipan.domains.governance.environment.places import Point, distance_m
from qipan.domains.governance.environment.program import program
from qipan.domains.governance.environment.rules import table_on
from qipan.domains.governance.environment.standards import RuleTable
from qipan.kernel.access import audit
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.cases.actions import open_case
from qipan.kernel.sensing import read
from qipan.kernel.sensing.models import Datastream, Latest

QUANTITIES = {"PM25": "a34004", "PM10": "a34002"}
INTERVAL = timedelta(minutes=15)
MOST_INTERVALS = 16
# Readings of the last minutes may still be on their way.
SETTLE = timedelta(minutes=1)
KG_PER_TONNE_YEAR = 1000 / 365


def watch() -> int:
    """Judge the intervals that have ended since the last run; gives the number of new alarms."""
    return sum(_watch_quantity(quantity, factor) for quantity, factor in QUANTITIES.items())


@transaction.atomic
def _watch_quantity(quantity: str, factor: str) -> int:
    streams = _streams(factor)
    newest = Latest.objects.filter(datastream__in=streams).aggregate(at=Max("ts"))["at"]
    if newest is None:
        return 0
    end = _floor(min(newest, now() - SETTLE))
    cursor, _made = AlarmCursor.objects.select_for_update().get_or_create(
        quantity=quantity, defaults={"until": end - INTERVAL}
    )
    start = max(cursor.until, end - MOST_INTERVALS * INTERVAL)
    opened = 0
    while start < end:
        start += INTERVAL
        opened += _judge_interval(quantity, streams, start)
    cursor.until = max(cursor.until, end)
    cursor.save()
    return opened


def _streams(factor: str) -> dict[int, Site]:
    sites = {
        site.thing_id: site
        for site in Site.objects.active()
        .filter(kind__in=(Site.Kind.MICRO, Site.Kind.TOWNSHIP_AIR), thing__lon__isnull=False)
        .select_related("thing", "township", "organisation")
    }
    rows = Datastream.objects.filter(thing__in=sites, code=factor).values_list("pk", "thing")
    return {pk: sites[thing] for pk, thing in rows}


def _floor(instant: datetime) -> datetime:
    seconds = int(instant.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(INTERVAL.total_seconds()), UTC)


def _judge_interval(quantity: str, streams: dict[int, Site], end: datetime) -> int:
    table = table_on("high_value_alarm", county_day(end))
    back = max(int(table.limit("of_intervals")), int(table.limit("calm_intervals")))
    readings = _interval_means(streams, end - back * INTERVAL, end)
    places = {
        site.code: Point(site.code, float(site.thing.lon or 0), float(site.thing.lat or 0))
        for site in streams.values()
    }
    by_code = {site.code: (pk, site) for pk, site in streams.items()}
    opened = 0
    for pk, site in by_code.values():
        if site.kind != Site.Kind.MICRO or site.code not in readings[end]:
            continue
        neighbours = _neighbours(site, places, streams, table)
        judged = [
            alarms.judge(site.code, at, quantity, values, neighbours=neighbours, table=table)
            for at, values in sorted(readings.items())
            if site.code in values
        ]
        opened += _settle(site, pk, judged, table)
    return opened


def _interval_means(
    streams: dict[int, Site], start: datetime, end: datetime
) -> dict[datetime, dict[str, float]]:
    """Means of the good values of each interval, by interval end and site code."""
    table = read.history(list(streams), start, end, step=int(INTERVAL.total_seconds()))
    found: dict[datetime, dict[str, float]] = defaultdict(dict)
    columns = (table[name].to_pylist() for name in ("datastream", "ts", "value"))
    for number, bucket, value in zip(*columns, strict=True):
        bucket = bucket.replace(tzinfo=UTC) if bucket.tzinfo is None else bucket.astimezone(UTC)
        found[bucket + INTERVAL][streams[number].code] = value
    return found


def _neighbours(
    site: Site, places: dict[str, Point], streams: dict[int, Site], table: RuleTable
) -> list[str]:
    own = places[site.code]
    micro = [places[one.code] for one in streams.values() if one.kind == Site.Kind.MICRO]
    station = [
        one.code
        for one in streams.values()
        if one.kind == Site.Kind.TOWNSHIP_AIR and one.township_id == site.township_id
    ]
    return station + [point.code for point in alarms.nearest(own, micro, table)]


def _settle(site: Site, stream: int, judged: list[alarms.Judgement], table: RuleTable) -> int:
    """Open, prolong or end the alarm of a site; 1 when one was opened."""
    last = judged[-1]
    alarm = HighValueAlarm.objects.filter(
        site=site, quantity=last.quantity, state=HighValueAlarm.State.OPEN
    ).first()
    if alarm is None:
        return _open(site, stream, judged, table) if alarms.is_alarm(judged, table) else 0
    if last.high:
        alarm.last_at, alarm.intervals = last.time, alarm.intervals + 1
        if last.value > alarm.peak:
            alarm.peak, alarm.peak_median = last.value, last.median or 0.0
        alarm.save()
    elif alarms.has_fallen_back(judged, table):
        alarm.state, alarm.fallen_at = HighValueAlarm.State.FALLEN, last.time
        alarm.save()
    return 0


def _open(site: Site, stream: int, judged: list[alarms.Judgement], table: RuleTable) -> int:
    last = judged[-1]
    near = _merged(site, last, table)
    if near is not None:
        near.last_at, near.intervals = last.time, near.intervals + 1
        near.save()
        return 0
    peak = max((one for one in judged if one.high), key=lambda one: one.value)
    alarm = HighValueAlarm.objects.create(
        site=site,
        quantity=last.quantity,
        started_at=min(one.time for one in judged if one.high),
        last_at=last.time,
        peak=peak.value,
        peak_median=peak.median or 0.0,
        intervals=sum(one.high for one in judged),
        reason=[str(one.reason) for one in judged if one.high],
        suspects=_suspects(site, last.time, table),
        datastream_id=stream,
    )
    alarm.case = open_case(
        "environment.high_value",
        _("%(site)s %(quantity)s 高值") % {"site": site.name, "quantity": alarm.quantity},
        alarm.reason[-1],
        by=program(),
        place=site.thing,
        cause=alarm,
        source="device",
        organisation=site.organisation,
        client_key=f"environment.alarm:{alarm.pk}",
        demo=site.thing.demo,
    )
    alarm.save()
    audit.record(program(), "environment.alarm.open", alarm, changes={"case": str(alarm.case.pk)})
    return 1


def _merged(site: Site, last: alarms.Judgement, table: RuleTable) -> HighValueAlarm | None:
    """An open alarm of the same quantity so near in place and time that it is the same event."""
    since = last.time - timedelta(hours=float(table.limit("merge_hours")))
    rows = HighValueAlarm.objects.filter(
        quantity=last.quantity, state=HighValueAlarm.State.OPEN, last_at__gte=since
    )
    own = Point(site.code, float(site.thing.lon or 0), float(site.thing.lat or 0))
    within = float(table.limit("merge_within_m"))
    for alarm in rows.select_related("site__thing"):
        thing = alarm.site.thing
        if distance_m(own, Point("", float(thing.lon or 0), float(thing.lat or 0))) <= within:
            return alarm
    return None


def _suspects(site: Site, at: datetime, table: RuleTable) -> list[dict[str, Any]]:
    """Upwind sources by the township station's wind, likeliest first."""
    wind = {
        row.datastream.code: row.value
        for row in Latest.objects.filter(
            datastream__thing__in=Site.objects.filter(
                kind=Site.Kind.TOWNSHIP_AIR, township=site.township
            ).values("thing"),
            datastream__code__in=("a01007", "a01008"),
            ts__gte=at - timedelta(hours=2),
        ).select_related("datastream")
    }
    sources = [
        alarms.Source(
            Point(outlet.site.code, float(outlet.site.thing.lon), float(outlet.site.thing.lat)),
            outlet.firm,
            "outlet",
            float(outlet.quotas.get("a34013", 1)) * KG_PER_TONNE_YEAR,
        )
        for outlet in Outlet.objects.select_related("site__thing")
        if outlet.site.thing.lon is not None and outlet.site.thing.lat is not None
    ]
    own = Point(site.code, float(site.thing.lon or 0), float(site.thing.lat or 0))
    found = alarms.suspects(
        own, wind.get("a01008") or 0.0, wind.get("a01007") or 0.0, sources, table=table, confirmed=None
    )
    return [
        {
            "site": one.source.place.code,
            "name": one.source.name,
            "distance_m": round(one.distance_m),
            "share": round(one.share, 2),
        }
        for one in found[:5]
    ]
