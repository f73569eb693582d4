"""The explanation of a station's index, from the rows that it was made of."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext

from qipan.domains.governance.environment.models import AirHour, Site
from qipan.domains.governance.environment.quantities import FIELD_OF, ITEM_OF
from qipan.domains.governance.environment.rules import (
    AirEvaluation,
    RuleTable,
    day_evaluation,
    hour_evaluation,
    tables,
)
from qipan.kernel.base.clock import COUNTY_ZONE, county_day, local

HOUR = timedelta(hours=1)


def edition_table(edition: str) -> RuleTable | None:
    """The IAQI table of an edition by its year, None for the one of the day itself."""
    return next((table for table in tables("iaqi") if edition and table.version.endswith(edition)), None)


def of_hour(site: Site, hour: datetime, edition: str) -> dict[str, Any]:
    """Explanation of the hour that ends at ``hour``."""
    series = _series(site, [hour - back * HOUR for back in range(23, -1, -1)])
    day = county_day(hour - timedelta(seconds=1))
    result = hour_evaluation(series, day, edition=edition_table(edition))
    return _told(result, f"{local(hour):%Y-%m-%d %H:00}", edition, {"hour": hour.isoformat()})


def of_day(site: Site, day: date, edition: str) -> dict[str, Any]:
    """Explanation of a county day."""
    midnight = datetime.combine(day, time(), COUNTY_ZONE).astimezone(UTC)
    series = _series(site, [midnight + number * HOUR for number in range(1, 25)])
    result = day_evaluation(series, day, edition=edition_table(edition))
    return _told(result, day.isoformat(), edition, {"day": day.isoformat()})


def _series(site: Site, hours: list[datetime]) -> dict[str, list[float | None]]:
    rows = {
        row.hour: row for row in AirHour.objects.filter(site=site, hour__gte=hours[0], hour__lte=hours[-1])
    }
    return {
        ITEM_OF[name]: [getattr(rows[hour], name) if hour in rows else None for hour in hours]
        for name in FIELD_OF.values()
    }


def _told(result: AirEvaluation, when: str, edition: str, query: dict[str, str]) -> dict[str, Any]:
    return {
        "when": when,
        "edition": edition,
        "query": query,
        "aqi": result.aqi,
        "lines": [line.render(gettext) for line in result.aqi.explain()],
        "statistics": [(item, one, result.reported.get(item)) for item, one in result.statistics.items()],
        "details": result.aqi.details(),
    }
