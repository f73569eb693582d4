"""The county's air forecast: history from the stored hours, training, issues, and how good they were."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.db import transaction

from qipan.domains.governance.environment.forecast.conformal import PERCENTILES
from qipan.domains.governance.environment.forecast.dataset import POLLUTANTS, History
from qipan.domains.governance.environment.forecast.issue import HISTORY_HOURS, Issue, issue
from qipan.domains.governance.environment.forecast.model import ForecastModel
from qipan.domains.governance.environment.forecast.store import ModelStore, Promotion
from qipan.domains.governance.environment.forecast.train import LEAST_HOURS, train_small
from qipan.domains.governance.environment.models import AirHour, ForecastSkill, Site
from qipan.kernel import lake
from qipan.kernel.lake.skill import coverage, mae, me

MODEL = "air"
HOUR = timedelta(hours=1)
# Held back from the first training, so that the county starts with a skill it did not see.
HELD_BACK = timedelta(days=14)
HINDCAST_EVERY_H = 6
LEADS = (1, 3, 6, 12, 18, 24, 36, 48, 60, 72)
SKILL_DAYS = 60
MICROGRAMS = {"co": 1000.0}
HINDCAST = "hindcast"


def forecasts() -> "lake.Table":
    """The lake's table of this system's forecasts."""
    table: lake.Table = lake.forecast.store("environment")
    return table


def models() -> ModelStore:
    """Trained models below the home folder."""
    return ModelStore(Path(settings.QIPAN_HOME) / "models" / "environment" / "air")


def last_hour() -> datetime | None:
    """End of the newest hour for which at least half of the assessed stations have PM2.5."""
    sites = list(Site.objects.assessed().values_list("pk", flat=True))
    counts: dict[datetime, int] = defaultdict(int)
    rows = (
        AirHour.objects.filter(site__in=sites, pm25__isnull=False)
        .order_by("-hour")
        .values_list("hour", flat=True)
    )
    for hour in rows[: 6 * max(1, len(sites))]:
        counts[hour] += 1
    return max((hour for hour, count in counts.items() if count * 2 >= len(sites)), default=None)


def history(end: datetime, hours: int, stations: Sequence[str] | None = None) -> History:
    """Stored hours of the assessed stations up to ``end``; missing ones are NaN, CO in µg/m³."""
    codes = tuple(stations or Site.objects.assessed().order_by("code").values_list("code", flat=True))
    column = {code: number for number, code in enumerate(codes)}
    last = np.datetime64(end.astimezone(UTC).replace(tzinfo=None), "h")
    times = last - np.arange(hours - 1, -1, -1)
    values = {name: np.full((hours, len(codes)), np.nan) for name in POLLUTANTS}
    rows = AirHour.objects.filter(site__code__in=codes, hour__gt=end - hours * HOUR, hour__lte=end)
    for code, hour, *measured in rows.values_list("site__code", "hour", *POLLUTANTS).iterator(10_000):
        row = hours - 1 - int((end - hour) / HOUR)
        for name, value in zip(POLLUTANTS, measured, strict=True):
            if value is not None:
                values[name][row, column[code]] = value * MICROGRAMS.get(name, 1.0)
    return History(times, codes, values)


def first_hour() -> datetime | None:
    """End of the oldest stored hour of an assessed station."""
    hours = AirHour.objects.filter(site__in=Site.objects.assessed()).order_by("hour")
    return hours.values_list("hour", flat=True).first()


def train_model(end: datetime) -> Promotion:
    """Train on all hours before ``end`` and offer the model; a worse one is not put in force."""
    first = first_hour()
    if first is None:
        raise ValueError("history: no hours yet")
    hours = int((end - first) / HOUR) + 1
    return models().offer(train_small(history(end, hours)))


def issue_at(origin: datetime, *, source: str = "") -> Issue | None:
    """Issue from everything known at ``origin`` and store it; None without a model."""
    model = models().current()
    if model is None:
        return None
    made = _issue(model, origin)
    lake.forecast.write(forecasts(), lake.forecast.rows(MODEL, origin, _columns(made), source=source))
    return made


def _issue(model: ForecastModel, origin: datetime) -> Issue:
    known = history(origin, HISTORY_HOURS, model.card.stations)
    return issue(model, known, np.datetime64(origin.astimezone(UTC).replace(tzinfo=None), "h"))


def _columns(made: Issue) -> dict[str, pa.Array]:
    """Long columns of an issue: valid, place, quantity, member, value."""
    parts: dict[str, list[Any]] = defaultdict(list)
    leads, stations = len(made.valid), len(made.stations)
    for name, values in made.values.items():
        size = leads * stations * len(PERCENTILES)
        parts["valid"].append(np.repeat(made.valid.astype("datetime64[us]"), stations * len(PERCENTILES)))
        parts["place"].append(
            np.tile(np.repeat(np.array(made.stations, dtype=object), len(PERCENTILES)), leads)
        )
        parts["member"].append(
            np.tile(lake.forecast.QUANTILE + np.array(PERCENTILES, dtype=np.int32), leads * stations)
        )
        parts["quantity"].append(np.full(size, name, dtype=object))
        parts["value"].append(np.asarray(values, dtype=np.float64).reshape(size) / MICROGRAMS.get(name, 1.0))
    return {name: pa.array(np.concatenate(chunks)) for name, chunks in parts.items()}


def hindcast(end: datetime) -> int:
    """Issues for the held-back days, as they would have been made then; marked as hindcasts."""
    origin, made = end - HELD_BACK, 0
    while origin < end:
        made += issue_at(origin, source=HINDCAST) is not None
        origin += HINDCAST_EVERY_H * HOUR
    return made


def verify(until: datetime) -> int:
    """Recompute the scores of every pollutant and lead over the last weeks; gives the rows written."""
    since = until - timedelta(days=SKILL_DAYS)
    written = 0
    for name in POLLUTANTS:
        pairs = _pairs(name, since, until)
        for lead in LEADS:
            written += _write_skill(name, lead, pairs, since)
    return written


def _pairs(name: str, since: datetime, until: datetime) -> dict[int, dict[str, np.ndarray]]:
    """Median, bounds, what was observed and what stood at the issue, by lead."""
    table = lake.table(forecasts())
    rows = table.filter(
        table.quantity == name, table.issued > lake.forecast.naive(since), table.lead_h.isin(list(LEADS))
    )
    found = lake.query(rows.select("issued", "valid", "lead_h", "place", "member", "value", "source"))
    observed = {
        (code, lake.forecast.naive(hour)): value
        for code, hour, value in AirHour.objects.filter(
            site__in=Site.objects.assessed(), hour__gt=since, hour__lte=until
        )
        .filter(**{f"{name}__isnull": False})
        .values_list("site__code", "hour", name)
        .iterator(10_000)
    }
    grouped: dict[tuple[int, str, datetime, datetime], dict[int, float]] = defaultdict(dict)
    hindcasts = set()
    for row in found.to_pylist():
        grouped[row["lead_h"], row["place"], row["issued"], row["valid"]][row["member"]] = row["value"]
        if row["source"] == HINDCAST:
            hindcasts.add(row["issued"])
    return _by_lead(grouped, observed, hindcasts)


def _by_lead(
    grouped: dict[tuple[int, str, datetime, datetime], dict[int, float]],
    observed: dict[tuple[str, datetime], float],
    hindcasts: set[datetime],
) -> dict[int, dict[str, np.ndarray]]:
    lists: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for (lead, place, issued, valid), members in grouped.items():
        one = lists[lead]
        one["p50"].append(members.get(lake.forecast.MEDIAN, np.nan))
        one["p10"].append(members.get(lake.forecast.QUANTILE + 10, np.nan))
        one["p90"].append(members.get(lake.forecast.QUANTILE + 90, np.nan))
        one["observed"].append(observed.get((place, valid), np.nan))
        one["start"].append(observed.get((place, issued), np.nan))
        one["issued"].append(issued)
        one["hindcast"].append(issued in hindcasts)
    return {lead: {name: np.array(values) for name, values in one.items()} for lead, one in lists.items()}


@transaction.atomic
def _write_skill(name: str, lead: int, pairs: dict[int, dict[str, Any]], since: datetime) -> int:
    one = pairs.get(lead)
    if one is None:
        return 0
    error = mae(one["p50"], one["observed"])
    ForecastSkill.objects.update_or_create(
        pollutant=name,
        lead_h=lead,
        defaults={
            "issues": len(set(one["issued"].tolist())),
            "pairs": error.n,
            "mae": error.value,
            "bias": me(one["p50"], one["observed"]).value,
            "persistence_mae": mae(one["start"], one["observed"]).value,
            "coverage": coverage(one["p10"], one["p90"], one["observed"]).value,
            "since": since,
            "hindcast": bool(one["hindcast"].any()),
        },
    )
    return 1


def start_up() -> bool:
    """The first model and its hindcasts, once there is history enough; True when a model stands."""
    if models().current_name() is not None:
        return True
    end, first = last_hour(), first_hour()
    if end is None or first is None or (end - HELD_BACK - first) / HOUR < LEAST_HOURS:
        return False
    train_model(end - HELD_BACK)
    hindcast(end)
    verify(end)
    return True
