"""What the model sees: features known at the origin hour, and those that depend on the lead.

Everything at row ``t`` is made from hours ≤ ``t``; only ``weather_features`` looks ahead, and it looks
at a weather forecast, never at measurements.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .dataset import INPUT_FILL_HOURS, POLLUTANTS, WEATHER, Array, History, Hours, fill_forward

Matrix = npt.NDArray[np.float32]

LAGS = (0, 1, 2, 3, 4, 6, 9, 12, 18, 24, 36, 48, 72, 96, 120, 144, 167)
MEANS = (3, 6, 12, 24, 72, 168)
AREA_LAGS = (0, 3, 6, 12, 24)
INPUT_HOURS = 168
WEATHER_MEAN_HOURS = 24


@dataclass(frozen=True)
class Features:
    """Named features as ``[time, station, feature]`` in float32, NaN where unknown."""

    names: tuple[str, ...]
    values: Matrix


def lagged(values: Array, hours: int) -> Array:
    """``values`` of ``hours`` ≥ 0 earlier, NaN before the first row."""
    if hours == 0:
        return values
    shifted = np.full_like(values, np.nan)
    shifted[hours:] = values[:-hours]
    return shifted


def trailing_mean(values: Array, hours: int) -> Array:
    """Mean of the present values among the last ``hours`` rows (the row itself included)."""
    present = ~np.isnan(values)
    zero = np.zeros((1, *values.shape[1:]))
    total = np.concatenate([zero, np.cumsum(np.where(present, values, 0.0), axis=0)])
    count = np.concatenate([zero, np.cumsum(present, axis=0, dtype=np.float64)])
    first = np.maximum(np.arange(1, values.shape[0] + 1) - hours, 0)
    number = count[1:] - count[first]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(number > 0, (total[1:] - total[first]) / number, np.nan)


def area_mean(values: Array) -> Array:
    """Mean over the stations that report, repeated for every station."""
    present = ~np.isnan(values)
    number = present.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(
            number > 0, np.where(present, values, 0.0).sum(axis=1, keepdims=True) / number, np.nan
        )
    return np.broadcast_to(mean, values.shape)


def origin_features(history: History, pollutant: str) -> Features:
    """Features of every (hour, station) as an origin for ``pollutant``."""
    columns = _Columns()
    filled = {name: fill_forward(history.values[name], INPUT_FILL_HOURS) for name in history.pollutants}
    _own(columns, filled[pollutant])
    _others(columns, filled, pollutant)
    _area(columns, filled, pollutant)
    _weather(columns, history)
    _calendar(columns, history.times, len(history.stations))
    return Features(tuple(columns), np.stack(list(columns.values()), axis=2))


class _Columns(dict[str, Matrix]):
    """Columns in single precision: years of a network fit a small machine."""

    def __setitem__(self, name: str, values: npt.NDArray[np.floating]) -> None:
        super().__setitem__(name, values.astype(np.float32))


def _own(columns: _Columns, values: Array) -> None:
    for hours in LAGS:
        columns[f"lag{hours}"] = lagged(values, hours)
    for hours in MEANS:
        columns[f"mean{hours}"] = trailing_mean(values, hours)


def _others(columns: _Columns, filled: dict[str, Array], pollutant: str) -> None:
    for name in POLLUTANTS:
        if name in filled and name != pollutant:
            columns[name] = filled[name]
            columns[f"{name}_mean24"] = trailing_mean(filled[name], 24)


def _area(columns: _Columns, filled: dict[str, Array], pollutant: str) -> None:
    mean = area_mean(filled[pollutant])
    for hours in AREA_LAGS:
        columns[f"area_lag{hours}"] = lagged(mean, hours)
    for hours in MEANS:
        columns[f"area_mean{hours}"] = trailing_mean(mean, hours)


def _weather(columns: _Columns, history: History) -> None:
    for name in WEATHER:
        if name not in history.weather:
            continue
        now = fill_forward(history.weather[name], INPUT_FILL_HOURS)
        area = area_mean(now)
        columns[name] = area if name.startswith("wind") else now
        columns[f"{name}_change3"] = area - lagged(area, 3)
        columns[f"{name}_change24"] = area - lagged(area, 24)
        columns[f"{name}_mean24"] = trailing_mean(area, 24)
        if name.startswith("wind"):
            columns[f"{name}_mean3"] = trailing_mean(area, 3)
            columns[f"{name}_mean6"] = trailing_mean(area, 6)


def _calendar(columns: _Columns, times: Hours, stations: int) -> None:
    day = (times.astype("datetime64[D]") - times.astype("datetime64[Y]")).astype(np.float64)
    hour = (times.astype(np.int64) % 24).astype(np.float64)
    weekday = (times.astype("datetime64[D]").astype(np.int64) + 3) % 7
    shape = (times.size, stations)
    for name, column in {
        "season_sin": np.sin(day * 2 * np.pi / 365.25),
        "season_cos": np.cos(day * 2 * np.pi / 365.25),
        "hour": hour,
        "weekday": weekday.astype(np.float64),
    }.items():
        columns[name] = np.broadcast_to(column[:, None], shape)
    columns["station"] = np.broadcast_to(np.arange(stations, dtype=np.float64), shape)
