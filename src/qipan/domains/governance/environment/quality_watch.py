"""The checks of hour values, run over the last two days: findings become flags, never twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import Max

from qipan.domains.governance.environment import situation
from qipan.domains.governance.environment.models import AirHour, QualityFlag, Site
from qipan.domains.governance.environment.places import Point, distance_m
from qipan.domains.governance.environment.quality import NEAR, Flag, check_station
from qipan.domains.governance.environment.quantities import ITEM_OF
from qipan.domains.governance.environment.rules import table_on
from qipan.domains.governance.environment.series import Floats
from qipan.domains.governance.environment.standards import RuleTable
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.sensing.models import Datastream

WINDOW = 48
HOUR = timedelta(hours=1)
KINDS = (Site.Kind.TOWNSHIP_AIR, Site.Kind.MICRO)


@dataclass(frozen=True)
class Silent:
    """A site that was not heard for longer than the rule allows; ``heard`` None: never."""

    site: Site
    heard: datetime | None


def check(end: datetime | None = None) -> int:
    """Check the 48 hours up to ``end`` (the last full hour) of every air station; new flags."""
    last = end or now().replace(minute=0, second=0, microsecond=0)
    table = table_on("air_quality_control", county_day(last))
    sites = list(Site.objects.active().filter(kind__in=KINDS).select_related("thing"))
    values = _values(sites, last)
    made = 0
    for site in sites:
        if site.pk not in values:
            continue
        found = check_station(values[site.pk], table, neighbours=_neighbours(site, sites, values, table))
        made += _keep(site, last - (WINDOW - 1) * HOUR, found, table.version)
    return made


def _values(sites: list[Site], last: datetime) -> dict[int, dict[str, Floats]]:
    """Hour values by site and item; items that a site never measured are left out."""
    rows = AirHour.objects.filter(site__in=sites, hour__gt=last - WINDOW * HOUR, hour__lte=last)
    found: dict[int, dict[str, Floats]] = {}
    for site, hour, *measured in rows.values_list("site_id", "hour", *ITEM_OF):
        number = WINDOW - 1 - int((last - hour) / HOUR)
        for item, value in zip(ITEM_OF.values(), measured, strict=True):
            if value is not None:
                series = found.setdefault(site, {}).setdefault(item, np.full(WINDOW, np.nan))
                series[number] = value
    return found


def _neighbours(
    site: Site, sites: list[Site], values: dict[int, dict[str, Floats]], table: RuleTable
) -> dict[str, Floats]:
    """Per item the nearest other sites of the same kind, [hour, station]."""
    count = int(table.limit("drift_neighbours"))
    own = _point(site)
    if own is None:
        return {}
    near = sorted(
        (distance_m(own, place), other.pk)
        for other in sites
        if other.pk != site.pk and other.kind == site.kind and (place := _point(other)) is not None
    )
    found = {}
    for item in values[site.pk]:
        columns = [values[pk][item] for _metres, pk in near if item in values.get(pk, {})][:count]
        if columns:
            found[item] = np.stack(columns, axis=1)
    return found


def _point(site: Site) -> Point | None:
    if site.thing.lon is None or site.thing.lat is None:
        return None
    return Point(site.code, float(site.thing.lon), float(site.thing.lat))


@transaction.atomic
def _keep(site: Site, start: datetime, found: list[Flag], version: str) -> int:
    """Write findings as flags: grow the open ones, respect decisions, drop what no longer holds."""
    kept: set[int] = set()
    made = 0
    for flag in found:
        row, fresh = _flag(site, start, flag, version)
        made += fresh
        if row is not None:
            kept.add(row.pk)
    # Near the window's start a run may look shorter than it was: what began there is left alone.
    gone = QualityFlag.objects.filter(
        site=site, state=QualityFlag.State.AUTO, case=None, first__gte=start + NEAR * HOUR
    )
    gone.filter(last__lte=start + (WINDOW - 1) * HOUR).exclude(pk__in=kept).delete()
    return made


def _flag(site: Site, start: datetime, flag: Flag, version: str) -> tuple[QualityFlag | None, bool]:
    first, last = start + flag.first * HOUR, start + (flag.last - 1) * HOUR
    same = QualityFlag.objects.filter(
        site=site, quantity=flag.quantity, check_code=flag.check, first__lte=last, last__gte=first
    )
    decided = same.exclude(state=QualityFlag.State.AUTO).aggregate(until=Max("last"))["until"]
    if decided is not None:
        first = max(first, decided + HOUR)
    if first > last:
        return None, False
    row = same.filter(state=QualityFlag.State.AUTO, last__gte=first).order_by("first").first()
    fresh = row is None
    if row is None:
        row = QualityFlag(site=site, quantity=flag.quantity, check_code=flag.check, first=first)
    row.first, row.last = min(row.first, first), last
    row.effect, row.evidence, row.rule_version = flag.effect, dict(flag.evidence), version
    row.save()
    return row, fresh


def silent(sites: list[Site]) -> list[Silent]:
    """Sites not heard for longer than the allowed number of their longest reporting interval."""
    table = table_on("air_quality_control", county_day(now()))
    allowed = float(table.limit("silence_intervals"))
    steps = dict(
        Datastream.objects.filter(thing__in=[site.thing_id for site in sites])
        .values("thing")
        .annotate(step=Max("step_s"))
        .values_list("thing", "step")
    )
    heard = situation.last_heard(sites)
    instant = now()
    found = []
    for site in sites:
        step, at = steps.get(site.thing_id), heard.get(site.thing_id)
        if step and (at is None or instant - at > allowed * timedelta(seconds=step)):
            found.append(Silent(site, at))
    return sorted(found, key=lambda one: (one.heard is not None, one.heard or instant))
