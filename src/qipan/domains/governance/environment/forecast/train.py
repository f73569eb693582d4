"""Training: one small set of boosted trees per pollutant and horizon group.

The trees learn the change from the present value with the absolute error as loss. On the weeks held out of
them (see ``sample``) the share against climatology, the intervals and the validation score are found. Then
(``refit``) the trees that go into service are grown anew on everything, a winter has few episodes to spare.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from qipan.domains.governance.environment import forecast

from .blend import best_weight, climatology, mix
from .conformal import Conformal, calibrate
from .daily import DAY_HOURS, day_aqi
from .dataset import Array, History
from .design import VALID_HOUR, columns, concentrations, prepare
from .linear import Linear, fit_linear
from .model import (
    BARE,
    FULL,
    GROUPS,
    PERSISTENCE,
    Card,
    ForecastModel,
    GroupModel,
    PollutantModel,
    group_of,
    raw_forecast,
    with_line,
)
from .sample import Sample, Sampler, Tally, held_out

if TYPE_CHECKING:
    from .boosting import Booster

FLOOR_SHARE = 0.1
LINE_FLOOR = 0.07
AQI_FLOOR = 20.0
DAYS = 3
LEAST_HOURS = 24 * 60

# Trees and leaves per horizon group, chosen on the winter 2015-16 of the PRSA stations with the years before
# as training. Without weather ahead, more trees beyond half a day only learn the winters they have seen.
TREES = {FULL: (170, 180, 180, 160, 150, 140, 120, 100, 100), BARE: (170, 180, 180, 140, 60, 36, 30, 25, 25)}
LEAVES = (31, 31, 31, 31, 24, 15, 15, 15, 15)
# A winter dirtier than the ones before is far from its climatology: on the first day it gets little say.
LEAST_WEIGHT = (0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.85, 0.8, 0.75)
PARAMETERS = {
    "objective": "l1",
    "learning_rate": 0.06,
    "min_data_in_leaf": 300,
    "feature_fraction": 0.35,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 127,
    "verbosity": -1,
    # The same data give the same model.
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True)
class Settings:
    """How much work the training may cost."""

    rows: int = 60_000
    holdout_rows: int = 30_000
    trees_share: float = 1.0
    refit: bool = True
    threads: int = 2
    horizon: int = 72
    seed: int = 1


SMALL_HOURS = 24 * 366
SMALL = Settings(rows=12_000, holdout_rows=4_000, trees_share=0.3, refit=False)


def train(history: History, settings: Settings | None = None, *, weather: bool = True) -> ForecastModel:
    """A model of all pollutants of a history, with and (if ``weather`` and measured) without weather ahead.

    The weather measured at the valid hours stands for a perfect weather forecast. ValueError for less than
    60 days or a pollutant without values.
    """
    chosen = settings or Settings()
    if history.times.size < LEAST_HOURS:
        raise ValueError(f"history: {history.times.size} h, at least {LEAST_HOURS} h are needed")
    kinds = (FULL, BARE) if weather and history.weather else (BARE,)
    trained, twins, scores, cases = {}, {}, {}, 0
    for pollutant in history.pollutants:
        trained[pollutant], twins[pollutant], tally = _train_pollutant(history, pollutant, kinds, chosen)
        scores[pollutant] = tally.ratio
        cases += tally.cases
    card = Card(
        data_digest=history.digest(),
        first_hour=str(history.times[0]),
        last_hour=str(history.times[-1]),
        stations=history.stations,
        kinds=kinds,
        score=float(np.mean(list(scores.values()))),
        cases=cases,
        by_pollutant=scores,
        settings={name: float(value) for name, value in asdict(chosen).items()},
    )
    model = ForecastModel(trained, card)
    if chosen.horizon < DAYS * DAY_HOURS:
        return model
    unseen = ForecastModel(twins, card)
    days = {kind: _calibrate_days(unseen, history, kind) for kind in (*kinds, PERSISTENCE)}
    return ForecastModel(trained, card, days)


def train_small(history: History) -> ForecastModel:
    """A model for a demonstration or a young network: the last year, fewer rows and trees."""
    return train(history.window(history.times[-1] - SMALL_HOURS, history.times[-1]), SMALL)


def _train_pollutant(
    history: History, pollutant: str, kinds: tuple[str, ...], settings: Settings
) -> tuple[PollutantModel, PollutantModel, Tally]:
    """The model, its twin that has not seen the held-out weeks, and the twin's errors there."""
    values = history.values[pollutant]
    if np.isnan(values).all():
        raise ValueError(f"{pollutant}: no values")
    kept = np.where(held_out(history.times)[:, None], np.nan, values)
    usual = climatology(History(history.times, history.stations, {pollutant: kept}), pollutant)
    spread = max(float(np.nanstd(values)), 1e-3)
    groups: dict[str, dict[int, GroupModel]] = {}
    twins: dict[str, dict[int, GroupModel]] = {}
    persistence: dict[int, tuple[float, Conformal]] = {}
    tally = Tally()
    for kind in kinds:
        inputs = prepare(history, pollutant, history.weather if kind == FULL else None)
        sampler = Sampler(inputs, values, usual, spread)
        groups[kind], twins[kind] = {}, {}
        for number, (first, last) in enumerate(GROUPS):
            if last > settings.horizon:
                break
            rng = np.random.default_rng([settings.seed, number])
            seen = sampler.draw(number, settings.rows, rng, held=False)
            fitted = _fit(sampler, seen, kind, number, settings)
            held = sampler.draw(number, settings.holdout_rows, rng, held=True)
            twin, median = _calibrated(*fitted, held, number, spread)
            groups[kind][number] = twins[kind][number] = twin
            if settings.refit:
                every = sampler.draw(number, settings.rows, rng, held=None)
                linear, booster = _fit(sampler, every, kind, number, settings)
                groups[kind][number] = replace(twin, linear=linear, booster=booster)
            if kind == kinds[0]:
                tally.add(median, held, last - first + 1)
                persistence[number] = _persistence(held, spread)
    return (
        PollutantModel(spread, usual, groups, persistence),
        PollutantModel(spread, usual, twins, persistence),
        tally,
    )


def _fit(
    sampler: Sampler, sample: Sample, kind: str, group: int, settings: Settings
) -> tuple[Linear, "Booster"]:
    """Line, and trees for the change from the start in units of the scale, rows weighted by their scale."""
    names = columns(sampler.inputs)
    linear = fit_linear(
        sample.x, sample.start, sample.observed,
        logs=concentrations(names), hour=names.index(VALID_HOUR), floor=LINE_FLOOR * sampler.spread,
    )  # fmt: skip
    target = (sample.observed - sample.start) / sample.scale
    rows = with_line(linear, sample.x, sample.start, sample.scale)
    own = {"num_leaves": LEAVES[group], "num_threads": settings.threads, "seed": settings.seed}
    trees = max(10, round(TREES[kind][group] * settings.trees_share))
    return linear, forecast.boosting.grow(rows, target, sample.scale, PARAMETERS | own, trees)


def _calibrated(
    linear: Linear, booster: "Booster", held: Sample, group: int, spread: float
) -> tuple[GroupModel, Array]:
    """The group with its share against climatology and its intervals; its forecasts of the held-out rows."""
    raw = raw_forecast(linear, booster, held.x, held.start, held.scale)
    weight = best_weight(raw, held.usual, held.observed, LEAST_WEIGHT[group])
    median = np.maximum(mix(raw, held.usual, weight), 0.0)
    return GroupModel(linear, booster, weight, calibrate(median, held.observed, FLOOR_SHARE * spread)), median


def _calibrate_days(model: ForecastModel, history: History, kind: str) -> tuple[Conformal, ...]:
    """What the daily AQI of the next three days misses, on the held-out weeks, station by station."""
    reach = DAYS * DAY_HOURS
    midnight = history.times.astype(np.int64) % DAY_HOURS == DAY_HOURS - 1
    first, last = (history.times + np.timedelta64(hours, "h") for hours in (1, reach))
    origins = np.flatnonzero(midnight & held_out(first) & held_out(last))
    origins = origins[origins + reach < history.times.size]
    said, seen = {}, {}
    for name in model.pollutants:
        said[name] = _said(model, history, name, kind, origins)
        seen[name] = history.values[name][origins[:, None] + np.arange(1, reach + 1)]
    edition = history.times[-1].astype("datetime64[D]").item()
    result = []
    for number in range(DAYS):
        hours = slice(DAY_HOURS * number, DAY_HOURS * (number + 1))
        ours, true = (
            day_aqi(
                {name: table[:, hours].reshape(-1, table.shape[2]) for name, table in each.items()}, edition
            )
            for each in (said, seen)
        )
        result.append(calibrate(ours, true, AQI_FLOOR))
    return tuple(result)


def _said(
    model: ForecastModel, history: History, name: str, kind: str, origins: npt.NDArray[np.int64]
) -> Array:
    """Median forecasts ``[origin, lead, station]`` of three days."""
    inputs = prepare(history, name, history.weather if kind == FULL else None)
    leads = range(1, DAYS * DAY_HOURS + 1)
    if kind != PERSISTENCE:
        return model.medians(inputs, name, kind, origins, leads)
    own = model.pollutants[name]
    steps = []
    for lead in leads:
        usual = own.climatology.at(history.times[origins] + np.timedelta64(lead, "h"))
        steps.append(mix(inputs.start[origins], usual, own.persistence[group_of(lead)][0]))
    return np.stack(steps, axis=1)


def _persistence(held: Sample, spread: float) -> tuple[float, Conformal]:
    """The fall-back of a group: how much of the present value lasts, and its intervals."""
    weight = best_weight(held.start, held.usual, held.observed)
    median = mix(held.start, held.usual, weight)
    return weight, calibrate(median, held.observed, FLOOR_SHARE * spread)
