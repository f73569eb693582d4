"""What the air is now: the newest hours of the stations, as pages and map layers show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean
from typing import Any

from django.db.models import Max, QuerySet

from qipan.domains.governance.environment.models import AirHour, Grade, Site
from qipan.domains.governance.environment.quantities import FIELD_OF
from qipan.domains.governance.environment.rules import table_on
from qipan.kernel.access.decide import rows_for
from qipan.kernel.access.models import Actor
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.sensing.models import Latest

# An hour older than this is shown as missing, never as the present air.
FRESH = timedelta(hours=3)
MISSING_COLOUR = "#9aa0a6"
FIELDS = tuple(FIELD_OF.values())


@dataclass(frozen=True)
class AirNow:
    """A site with its newest hour, None when it has none that is fresh."""

    site: Site
    hour: AirHour | None

    @property
    def aqi(self) -> int | None:
        """AQI of that hour."""
        return self.hour.aqi if self.hour else None

    @property
    def colour(self) -> str:
        """Colour of its grade (HJ 633), grey without one."""
        return grade_colour(self.hour.grade if self.hour else Grade.NONE)


def grade_colour(level: int) -> str:
    """The standard's RGB of a grade as #rrggbb; grey where there is none."""
    if level == Grade.NONE:
        return MISSING_COLOUR
    rows = table_on("aqi_grades", county_day(now())).rows
    return "#{:02x}{:02x}{:02x}".format(*rows[level - 1]["rgb"])


def last_hour() -> datetime | None:
    """End of the newest hour that any assessed station has."""
    found: datetime | None = AirHour.objects.filter(site__in=Site.objects.assessed()).aggregate(
        last=Max("hour")
    )["last"]
    return found


def air_now(sites: "QuerySet[Site]") -> list[AirNow]:
    """Newest fresh hour of each site, two queries whatever their number."""
    since = now() - FRESH
    rows = (
        AirHour.objects.filter(site__in=sites, hour__gt=since)
        .order_by("site_id", "-hour")
        .distinct("site_id")
    )
    newest = {row.site_id: row for row in rows}
    return [AirNow(site, newest.get(site.pk)) for site in sites.select_related("township", "thing")]


def county_aqi(stations: Iterable[AirNow]) -> int | None:
    """Mean AQI of the assessed stations that have one, rounded; None when fewer than half have."""
    found = list(stations)
    known = [one.aqi for one in found if one.aqi is not None]
    return round(fmean(known)) if known and len(known) * 2 >= len(found) else None


def visible_sites(actor: Actor, *kinds: str) -> "QuerySet[Site]":
    """Active sites of these kinds that the actor may see."""
    rows = Site.objects.active().filter(kind__in=kinds) if kinds else Site.objects.active()
    return rows_for(actor, "environment.site.view", rows)


def last_heard(sites: Iterable[Site]) -> dict[int, datetime]:
    """Newest arrival of any value by thing."""
    things = [site.thing_id for site in sites]
    rows = (
        Latest.objects.filter(datastream__thing__in=things)
        .values("datastream__thing")
        .annotate(at=Max("received_at"))
    )
    return {row["datastream__thing"]: row["at"] for row in rows}


def readable(row: AirHour | Any) -> list[tuple[str, float | None, str]]:
    """Six concentrations of an hour or day row as (name, value, unit)."""
    names = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO₂", "no2": "NO₂", "co": "CO", "o3": "O₃"}
    return [(names[name], getattr(row, name), "mg/m³" if name == "co" else "µg/m³") for name in FIELDS]
