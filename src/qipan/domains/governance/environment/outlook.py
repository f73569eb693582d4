"""Tomorrow's daily AQI for residents: the newest issue's medians, township by township."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta

import numpy as np

from qipan.domains.governance.environment import forecasting
from qipan.domains.governance.environment.forecast.daily import DAY_HOURS, day_aqi
from qipan.domains.governance.environment.forecast.dataset import POLLUTANTS
from qipan.kernel import lake
from qipan.kernel.base.clock import COUNTY_ZONE, county_day, now

# An issue older than this says nothing about tomorrow any more.
STALE = timedelta(hours=24)
HOUR = timedelta(hours=1)


def tomorrow() -> dict[str, int]:
    """Daily AQI of the coming county day by station code; empty without a fresh forecast of that day."""
    return day_index(county_day(now()) + timedelta(days=1))


def day_index(day: date) -> dict[str, int]:
    """Daily AQI of a county day by station code, from the medians of the newest issue."""
    newest = _newest_issue()
    if newest is None:
        return {}
    midnight = lake.forecast.naive(datetime.combine(day, time(), COUNTY_ZONE))
    table = lake.table(forecasting.forecasts())
    chosen = table.filter(
        table.issued == newest,
        table.member == lake.forecast.MEDIAN,
        table.valid > midnight,
        table.valid <= midnight + DAY_HOURS * HOUR,
    )
    found = lake.query(chosen.select("valid", "place", "quantity", "value")).to_pylist()
    hours: dict[str, dict[str, np.ndarray]] = defaultdict(
        lambda: {name: np.full((DAY_HOURS, 1), np.nan) for name in POLLUTANTS}
    )
    for row in found:
        if row["quantity"] in POLLUTANTS and row["value"] is not None:
            number = int((row["valid"] - midnight) / HOUR) - 1
            scale = forecasting.MICROGRAMS.get(row["quantity"], 1.0)
            hours[row["place"]][row["quantity"]][number, 0] = row["value"] * scale
    indices = {place: float(day_aqi(values, day)[0, 0]) for place, values in hours.items()}
    return {place: int(value) for place, value in indices.items() if np.isfinite(value)}


def _newest_issue() -> datetime | None:
    table = lake.table(forecasting.forecasts())
    instant = lake.forecast.naive(now())
    chosen = table.filter(table.issued > instant - STALE, table.issued <= instant)
    newest: datetime | None = lake.query(chosen.agg(issued=chosen.issued.max()))["issued"][0].as_py()
    return newest
