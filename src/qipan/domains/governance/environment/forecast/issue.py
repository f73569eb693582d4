"""Issue of a forecast: hours 1…72 with quantiles, and on which level of the fall-back chain it stands.

Full (with a weather forecast) → without weather → persistence with climatology. Which of them made a value is
part of the result; nothing falls back in silence.
"""

from dataclasses import dataclass

import numpy as np

from .blend import mix
from .conformal import PERCENTILES
from .dataset import Array, History, Hours
from .design import Inputs, prepare
from .model import BARE, FULL, HORIZON, PERSISTENCE, ForecastModel, PollutantModel, group_of

# Same-hour means reach back 28 days, means and lags 7; a month of history gives every feature its due.
HISTORY_HOURS = 24 * 29
STALE_WEATHER_H = 12


@dataclass(frozen=True)
class WeatherAhead:
    """A weather forecast made at ``issued``: ``values[name]`` is ``[lead 1…n, station]``."""

    issued: np.datetime64
    values: dict[str, Array]


@dataclass(frozen=True)
class Issue:
    """One issue: ``values[pollutant]`` is ``[lead, station, percentile]`` in µg/m³, CO too.

    ``level[pollutant]``: FULL, BARE or PERSISTENCE; ``reasons`` says why it is not the best one.
    """

    origin: np.datetime64
    stations: tuple[str, ...]
    valid: Hours
    values: dict[str, Array]
    level: dict[str, str]
    reasons: tuple[str, ...]
    model_digest: str


def issue(
    model: ForecastModel,
    history: History,
    origin: np.datetime64,
    weather: WeatherAhead | None = None,
    *,
    horizon: int = HORIZON,
) -> Issue:
    """Forecast from everything known at the ``origin`` hour; later rows of the history are not looked at.

    ValueError when the origin is outside the history, the horizon outside 1…72, or the stations are not the
    model's.
    """
    if not 1 <= horizon <= HORIZON:
        raise ValueError(f"horizon: {horizon} is not in 1…{HORIZON}")
    if history.stations != model.card.stations:
        raise ValueError("stations: not those the model was trained for")
    known = _known(history, origin)
    reasons: list[str] = []
    timeline = _timeline(known, weather, origin, horizon, reasons)
    values, level = {}, {}
    for pollutant, own in model.pollutants.items():
        kind = _kind(own, timeline is not None, pollutant, reasons)
        values[pollutant], level[pollutant] = _pollutant(
            model, known, pollutant, kind, timeline=timeline if kind == FULL else None, horizon=horizon
        )
        if level[pollutant] == PERSISTENCE and kind != PERSISTENCE:
            reasons.append(f"{pollutant}: no value of the last hours at any station")
    valid = origin.astype("datetime64[h]") + np.arange(1, horizon + 1)
    return Issue(origin, history.stations, valid, values, level, tuple(reasons), model.card.data_digest)


def _known(history: History, origin: np.datetime64) -> History:
    history.index(origin)
    return history.window(origin - np.timedelta64(HISTORY_HOURS - 1, "h"), origin)


def _timeline(
    known: History,
    weather: WeatherAhead | None,
    origin: np.datetime64,
    horizon: int,
    reasons: list[str],
) -> dict[str, Array] | None:
    """Measured weather and the forecast behind it; None, with the reason, without a usable forecast."""
    if weather is None or not known.weather:
        reasons.append("no weather forecast" if weather is None else "no measured weather")
        return None
    age = (origin - weather.issued).astype("timedelta64[h]").astype(int)
    if age > STALE_WEATHER_H:
        reasons.append(f"weather forecast is {age} h old")
        return None
    joined = {}
    for name, measured in known.weather.items():
        ahead = weather.values.get(name)
        if ahead is None or len(ahead) < horizon or np.isnan(ahead[:horizon]).all():
            reasons.append(f"weather forecast lacks {name}")
            return None
        joined[name] = np.concatenate([measured, ahead])
    return joined


def _kind(own: PollutantModel, weather: bool, pollutant: str, reasons: list[str]) -> str:
    if weather and FULL in own.groups:
        return FULL
    if BARE in own.groups:
        return BARE
    reasons.append(f"{pollutant}: not trained")
    return PERSISTENCE


def _pollutant(
    model: ForecastModel,
    known: History,
    pollutant: str,
    kind: str,
    *,
    timeline: dict[str, Array] | None,
    horizon: int,
) -> tuple[Array, str]:
    """Quantiles ``[lead, station, percentile]`` of one pollutant and the level they were made on."""
    own = model.pollutants[pollutant]
    result = np.full((horizon, len(known.stations), len(PERCENTILES)), np.nan)
    inputs = prepare(_with(known, pollutant), pollutant, timeline)
    fresh = ~np.isnan(inputs.start[-1])
    mask = np.zeros(inputs.start.shape, dtype=bool)
    mask[-1] = fresh
    if not fresh.any():
        kind = PERSISTENCE
    for lead in range(1, horizon + 1):
        weight, conformal = own.persistence[group_of(lead)]
        result[lead - 1] = conformal.quantiles(_fall_back(own, inputs, lead, weight))
        if kind != PERSISTENCE:
            group = own.groups[kind][group_of(lead)]
            median = model.predict(inputs, pollutant, lead, mask, kind)
            result[lead - 1, fresh] = group.conformal.quantiles(median)
    return result, kind


def _with(known: History, pollutant: str) -> History:
    """A history that has the pollutant, all missing when it is not measured any more."""
    if pollutant in known.values:
        return known
    empty = np.full((known.times.size, len(known.stations)), np.nan)
    return History(known.times, known.stations, {**known.values, pollutant: empty}, known.weather)


def _fall_back(own: PollutantModel, inputs: Inputs, lead: int, weight: float) -> Array:
    """Present value and usual value of the valid hour; the usual one alone where nothing is measured."""
    usual = own.climatology.at(inputs.times[-1:] + np.timedelta64(lead, "h"))[0]
    return np.maximum(mix(inputs.start[-1], usual, weight), 0.0)
