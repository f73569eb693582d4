"""Past hours of the demo county: real series, moved in time, stored as observations and derived rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import transaction

from qipan.domains.governance.environment import bulk_air
from qipan.domains.governance.environment.forecast.dataset import History, read_prsa
from qipan.domains.governance.environment.models import AirHour, Site
from qipan.domains.governance.environment.quantities import FIELD_OF
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.jobs import defer, job
from qipan.kernel.sensing import cold
from qipan.kernel.sensing.models import Datastream

Report = Callable[[str, int, int], None]
PRSA = bulk_air.DATA / "prsa"
YEARS_MOVED = 11
# Enough for a first forecast model, which needs sixty days.
FIRST_DAYS = 75
ALL_DAYS = 980
HOUR = np.timedelta64(1, "h")


def build(scale: float, report: Report) -> None:
    """The last weeks at once; the years before in the background, since the first page need not wait."""
    if AirHour.objects.exists():
        return
    days = max(3, int(FIRST_DAYS * scale)) if scale < 1 else FIRST_DAYS
    first = _midnight(county_day(now())) - timedelta(days=days)
    write(first, now().replace(minute=0, second=0, microsecond=0), report)
    if scale >= 1:
        defer(fill_years, until=first.isoformat())


@job(name="environment.demo_history", queue="slow", retry=1)
def fill_years(until: str) -> None:
    """The demo county's earlier years, month by month, backwards."""
    end = datetime.fromisoformat(until)
    first = end - timedelta(days=ALL_DAYS - FIRST_DAYS)
    while end > first:
        start = max(first, end - timedelta(days=90))
        write(start, end, lambda *_: None)
        end = start


def write(start: datetime, end: datetime, report: Report) -> None:
    """Observations (lake), hours and days of the stations in (start, end]; ``start`` is a county midnight."""
    sites = list(Site.objects.filter(kind=Site.Kind.TOWNSHIP_AIR, thing__demo=True).order_by("code"))
    source = read_prsa(PRSA)
    times = np.arange(_np(start) + HOUR, _np(end) + HOUR, HOUR)
    columns = {site.pk: _series(source, times, number) for number, site in enumerate(sites)}
    with transaction.atomic():
        for done, site in enumerate(sites, start=1):
            bulk_air.write_site(site.pk, times, columns[site.pk])
            report("past hours", done, len(sites))
        _append(sites, times, columns)


def _series(source: History, times: "np.ndarray[Any, Any]", number: int) -> dict[str, "np.ndarray[Any, Any]"]:
    """One township's hours: a PRSA station by turns, with a factor that makes towns differ."""
    station = number % len(source.stations)
    factor = 0.85 + 0.3 * ((number * 7) % 18) / 17
    moved = np.array([_moved(one) for one in times.astype("datetime64[s]").tolist()], dtype="datetime64[h]")
    rows = (moved - source.times[0]).astype(np.int64)
    inside = (rows >= 0) & (rows < source.times.size)
    found = {}
    for name in FIELD_OF.values():
        values = np.full(times.size, np.nan)
        values[inside] = source.values[name][rows[inside], station] * factor
        found[name] = np.round(values / 1000, 3) if name == "co" else np.round(values, 1)
    return found


def _moved(instant: datetime) -> datetime:
    """The same county hour eleven years before (PRSA is in local time, as our days are)."""
    local = instant + timedelta(hours=8)
    day = 28 if (local.month, local.day) == (2, 29) else local.day
    return local.replace(year=local.year - YEARS_MOVED, day=day)


def _append(
    sites: list[Site], times: "np.ndarray[Any, Any]", columns: dict[int, dict[str, "np.ndarray[Any, Any]"]]
) -> None:
    streams = {
        (row.thing_id, row.code.split("/")[0]): row.pk
        for row in Datastream.objects.filter(
            thing__in=[site.thing_id for site in sites], code__endswith="/hour/avg"
        )
    }
    parts = []
    for site in sites:
        for factor, name in FIELD_OF.items():
            values = columns[site.pk][name]
            keep = np.isfinite(values)
            at = times[keep].astype("datetime64[us]")
            size = int(keep.sum())
            parts.append(
                pa.table(
                    {
                        "datastream": np.full(size, streams[(site.thing_id, factor)], dtype=np.int32),
                        "ts": at,
                        "value": values[keep],
                        "quality": np.zeros(size, dtype=np.int32),
                        "version": np.zeros(size, dtype=np.int16),
                    }
                )
            )
    cold.write(pa.concat_tables(parts), f"environment.demo:{times[0]}:{times[-1]}")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)


def _np(instant: datetime) -> np.datetime64:
    return np.datetime64(instant.astimezone(UTC).replace(tzinfo=None), "h")
