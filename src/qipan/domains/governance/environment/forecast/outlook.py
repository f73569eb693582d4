"""Daily AQI of the coming days from an hourly issue, with intervals."""

from datetime import date

import numpy as np

from .conformal import PERCENTILES
from .daily import DAY_HOURS, day_aqi
from .dataset import Array
from .features import area_mean
from .issue import Issue
from .model import BARE, FULL, PERSISTENCE, ForecastModel


def day_outlook(model: ForecastModel, issued: Issue, day: date) -> dict[str, Array]:
    """AQI of the next days: ``stations`` ``[day, station, percentile]``, ``county`` ``[day, 1, percentile]``.

    A day is 24 hours from the origin on; with the last hour of a day as origin that is the calendar day. The
    county is the mean concentration of its stations. ``day`` chooses the edition. ValueError when the model
    has no daily intervals or the issue no whole day.
    """
    # The weakest level among the pollutants is the level of the day.
    kind = max(issued.level.values(), key=(FULL, BARE, PERSISTENCE).index, default=PERSISTENCE)
    conformals = model.days.get(kind)
    whole = len(issued.valid) // DAY_HOURS
    if not conformals or not whole:
        raise ValueError("issue: no daily outlook without a horizon of whole days")
    middle = PERCENTILES.index(50)
    hours = {name: values[: whole * DAY_HOURS, :, middle] for name, values in issued.values.items()}
    county = {name: np.array(area_mean(values)[:, :1]) for name, values in hours.items()}
    result = {}
    for key, table in (("stations", hours), ("county", county)):
        aqi = day_aqi(table, day)
        result[key] = np.stack(
            [conformals[number].quantiles(aqi[number], recentre=True) for number in range(whole)]
        )
    return result
