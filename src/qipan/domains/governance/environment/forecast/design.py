"""The rows a model learns from and answers for: an origin hour, a station and a lead.

A model forecasts the change from the *start* (the present concentration), measured in units of a *scale*
(the level of the last day): episodes of any strength then look alike, and weighting each row by its scale
makes the absolute error in units of scale the absolute error in µg/m³ again.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dataset import INPUT_FILL_HOURS, WEATHER, Array, History, Hours, fill_forward
from .features import Features, Matrix, area_mean, lagged, origin_features, trailing_mean

DAY = 24
WEEK_DAYS, MONTH_DAYS = 7, 28
SPREAD_SHARE = 0.25

VALID_HOUR = "valid_hour"
_SAME_HOURS = (
    "same_hour1", "same_hour2", "same_hour3", "same_hour_week", "usual_change",
    "area_same_hour1", "area_same_hour2", "area_same_hour_week", "area_usual_change",
)  # fmt: skip

Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Inputs:
    """What is known at every origin hour for one pollutant, arrays ``[time, station]``.

    ``week`` and ``month`` are means of the same hour over 7 and 28 days, of the station and of the area.
    ``weather`` reaches up to the longest lead beyond ``times``; empty without a weather forecast.
    """

    times: Hours
    origin: Features
    start: Array
    recent: Array
    filled: Array
    area: Array
    week: Array
    month: Array
    area_week: Array
    area_month: Array
    weather: dict[str, tuple[Array, Array]]

    def scale(self, spread: float, mask: Mask) -> Array:
        """Level of the last day at the chosen origins, with ``spread`` (µg/m³) as a floor; never missing."""
        recent, start = self.recent[mask], self.start[mask]
        level = 0.5 * np.fmax(recent, start) + 0.5 * recent
        return np.where(np.isnan(level), 1.0, level / spread + SPREAD_SHARE) * spread


def prepare(history: History, pollutant: str, weather: dict[str, Array] | None = None) -> Inputs:
    """Inputs of every origin hour of a history.

    ``weather``: measured and then forecast weather, ``[time + leads, station]``, names of ``WEATHER``.
    """
    filled = fill_forward(history.values[pollutant], INPUT_FILL_HOURS)
    area = np.array(area_mean(filled))
    recent = trailing_mean(filled, DAY)
    start = np.where(np.isnan(filled), np.where(np.isnan(area), trailing_mean(area, 72), area), filled)
    return Inputs(
        times=history.times,
        origin=origin_features(history, pollutant),
        start=start,
        recent=np.where(np.isnan(recent), trailing_mean(area, DAY), recent),
        filled=filled,
        area=area,
        week=same_hour_mean(filled, WEEK_DAYS),
        month=same_hour_mean(filled, MONTH_DAYS),
        area_week=same_hour_mean(area, WEEK_DAYS),
        area_month=same_hour_mean(area, MONTH_DAYS),
        weather=_summed(weather or {}),
    )


def same_hour_mean(values: Array, days: int) -> Array:
    """Mean of the present values at this hour on the last ``days`` days, today included."""
    total = np.zeros_like(values)
    count = np.zeros_like(values)
    for day in range(days):
        shifted = lagged(values, DAY * day) if DAY * day < len(values) else np.full_like(values, np.nan)
        present = ~np.isnan(shifted)
        total += np.where(present, shifted, 0.0)
        count += present
    with np.errstate(invalid="ignore"):
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _summed(weather: dict[str, Array]) -> dict[str, tuple[Array, Array]]:
    """Area mean of each weather quantity and its running sum, from which means over any hours follow."""
    table = {}
    for name in WEATHER:
        if name in weather:
            mean = np.array(area_mean(weather[name])[:, :1])
            filled = fill_forward(mean, INPUT_FILL_HOURS)
            table[name] = (filled, np.concatenate([np.zeros((1, 1)), np.nancumsum(filled, axis=0)]))
    return table


def columns(inputs: Inputs) -> tuple[str, ...]:
    """Names of the columns of ``design``."""
    ahead = tuple(f"{name}_{part}" for name in inputs.weather for part in ("valid", "day", "way", "turn"))
    return (*inputs.origin.names, *_SAME_HOURS, VALID_HOUR, "lead", *ahead)


def concentrations(names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Numbers of the columns that are concentrations."""
    others = {"season_sin", "season_cos", "hour", "weekday", "station", VALID_HOUR, "lead"}
    return np.array(
        [
            number
            for number, name in enumerate(names)
            if name not in others and not name.startswith(WEATHER) and not name.endswith("usual_change")
        ]
    )


def design(inputs: Inputs, lead: int, mask: Mask) -> Matrix:
    """Feature rows ``[row, feature]`` of the chosen (time, station) origins at one lead."""
    rows, stations = np.nonzero(mask)
    ahead = [
        *_same_hours(inputs, lead, rows, stations),
        ((inputs.times[rows].astype(np.int64) + lead) % DAY).astype(np.float64),
        np.full(rows.size, float(lead)),
        *_weather_ahead(inputs, lead, rows),
    ]
    own = inputs.origin.values[rows, stations]
    return np.concatenate([own, np.stack(ahead, axis=1).astype(np.float32)], axis=1)


def earlier(values: Array, rows: Places, stations: Places, hours: int) -> Array:
    """Values so many hours before the chosen rows, NaN before the first one."""
    found = values[np.maximum(rows - hours, 0), stations]
    return np.where(rows >= hours, found, np.nan)


def _same_hours(inputs: Inputs, lead: int, rows: Places, stations: Places) -> list[Array]:
    """What was measured at the valid hour of the day on the last days, and how that hour differs from now."""
    back = -lead % DAY

    def at(values: Array, days: int = 0) -> Array:
        return earlier(values, rows, stations, back + DAY * days)

    return [
        at(inputs.filled),
        at(inputs.filled, 1),
        at(inputs.filled, 2),
        at(inputs.week),
        at(inputs.month) - inputs.month[rows, stations],
        at(inputs.area),
        at(inputs.area, 1),
        at(inputs.area_week),
        at(inputs.area_month) - inputs.area_month[rows, stations],
    ]


def _weather_ahead(inputs: Inputs, lead: int, rows: Places) -> list[Array]:
    """Weather at the valid hour, over the day before it, over the way there, and its change from now."""
    found = []
    for values, running in inputs.weather.values():
        valid = np.minimum(rows + lead, len(values) - 1)
        first = np.maximum(valid + 1 - DAY, 0)
        day = (running[valid + 1, 0] - running[first, 0]) / (valid + 1 - first)
        way = (running[valid + 1, 0] - running[rows + 1, 0]) / lead
        found += [values[valid, 0], day, way, values[valid, 0] - values[rows, 0]]
    return found
