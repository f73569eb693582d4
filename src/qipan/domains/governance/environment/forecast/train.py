"""Training: one small set of boosted trees per pollutant and horizon group, honest about what it has not seen.

Every sixth week is held out of the trees. On those weeks the share against climatology, the intervals and the
validation score are found. Trees learn the change from the present value with the absolute error as loss.
"""

from dataclasses import asdict, dataclass

import lightgbm as lgb
import numpy as np

from .blend import Climatology, best_weight, climatology, mix
from .conformal import Conformal, calibrate
from .dataset import Array, History, Hours
from .design import Inputs, Mask, design, prepare
from .features import Matrix
from .model import BARE, FULL, GROUPS, Card, ForecastModel, GroupModel, PollutantModel

HOLDOUT_WEEKS = 6
FLOOR_SHARE = 0.1
LEAST_HOURS = 24 * 60

# Trees and leaves per horizon group, chosen on the winter 2015-16 of the PRSA stations with the years before
# as training. Without weather ahead, more trees beyond half a day only learn the winters they have seen.
TREES = {FULL: (170, 180, 180, 160, 150, 140, 120, 100, 100), BARE: (170, 180, 180, 140, 60, 36, 30, 25, 25)}
LEAVES = (31, 31, 31, 31, 24, 15, 15, 15, 15)
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

    rows: int = 160_000
    holdout_rows: int = 60_000
    trees_share: float = 1.0
    threads: int = 2
    horizon: int = 72
    seed: int = 1


SMALL = Settings(rows=30_000, holdout_rows=10_000, trees_share=0.4)


@dataclass(frozen=True)
class _Sample:
    """Rows of one horizon group, by lead: design, start, scale, observed and usual value."""

    x: Matrix
    start: Array
    scale: Array
    observed: Array
    usual: Array


@dataclass
class _Tally:
    """Mean absolute errors on held-out hours, each group counted by the hours it covers."""

    ours: float = 0.0
    persistence: float = 0.0
    cases: int = 0

    def add(self, forecast: Array, held: _Sample, hours: int) -> None:
        self.ours += hours * float(np.mean(np.abs(forecast - held.observed)))
        self.persistence += hours * float(np.mean(np.abs(held.start - held.observed)))
        self.cases += held.observed.size


def train(history: History, settings: Settings | None = None, *, weather: bool = True) -> ForecastModel:
    """A model of all pollutants of a history, with and (if ``weather`` and measured) without weather ahead.

    The weather measured at the valid hours stands for a perfect weather forecast. ValueError for less than
    60 days or a pollutant without values.
    """
    chosen = settings or Settings()
    if history.times.size < LEAST_HOURS:
        raise ValueError(f"history: {history.times.size} h, at least {LEAST_HOURS} h are needed")
    kinds = (FULL, BARE) if weather and history.weather else (BARE,)
    trained, scores, cases = {}, {}, 0
    for pollutant in history.pollutants:
        trained[pollutant], tally = _train_pollutant(history, pollutant, kinds, chosen)
        scores[pollutant] = tally.ours / tally.persistence
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
    return ForecastModel(trained, card)


def train_small(history: History) -> ForecastModel:
    """A model for a demonstration or a young network: fewer rows and trees, minutes become seconds."""
    return train(history, SMALL)


def held_out(times: Hours) -> Mask:
    """Hours of every sixth week: never seen by the trees."""
    mask: Mask = times.astype("datetime64[D]").astype(np.int64) // 7 % HOLDOUT_WEEKS == HOLDOUT_WEEKS - 1
    return mask


def _train_pollutant(
    history: History, pollutant: str, kinds: tuple[str, ...], settings: Settings
) -> tuple[PollutantModel, _Tally]:
    values = history.values[pollutant]
    if np.isnan(values).all():
        raise ValueError(f"{pollutant}: no values")
    seen = np.where(held_out(history.times)[:, None], np.nan, values)
    usual = climatology(History(history.times, history.stations, {pollutant: seen}), pollutant)
    spread = max(float(np.nanstd(values)), 1e-3)
    groups: dict[str, dict[int, GroupModel]] = {}
    persistence: dict[int, tuple[float, Conformal]] = {}
    tally = _Tally()
    for kind in kinds:
        inputs = prepare(history, pollutant, history.weather if kind == FULL else None)
        sampler = _Sampler(inputs, values, usual, spread)
        groups[kind] = {}
        for number, (first, last) in enumerate(GROUPS):
            if last > settings.horizon:
                break
            rng = np.random.default_rng([settings.seed, number])
            booster = _fit(sampler.draw(number, settings.rows, rng, held=False), kind, number, settings)
            held = sampler.draw(number, settings.holdout_rows, rng, held=True)
            forecast = held.start + np.asarray(booster.predict(held.x)) * held.scale
            groups[kind][number], median = _calibrated(booster, forecast, held, spread)
            if kind == kinds[0]:
                tally.add(median, held, last - first + 1)
                persistence[number] = _persistence(held, spread)
    return PollutantModel(spread, usual, groups, persistence), tally


@dataclass(frozen=True)
class _Sampler:
    """Draws rows for one pollutant."""

    inputs: Inputs
    values: Array
    usual: Climatology
    spread: float

    def draw(self, group: int, count: int, rng: np.random.Generator, *, held: bool) -> _Sample:
        """About ``count`` rows of a horizon group at most, each with a random lead of the group.

        Held-out rows have their valid hour in a held-out week; the others touch none with origin or valid hour.
        """
        first, last = GROUPS[group]
        times = self.inputs.times
        pick = rng.integers(first, last + 1, size=self.values.shape)
        thin = rng.random(self.values.shape)
        share = count / (self.values.size * (1 / HOLDOUT_WEEKS if held else 1 - 1 / HOLDOUT_WEEKS))
        scale = self.inputs.scale(self.spread)
        parts = []
        for lead in range(first, last + 1):
            later = held_out(times + np.timedelta64(lead, "h"))
            rows = later if held else ~later & ~held_out(times)
            observed = np.full_like(self.values, np.nan)
            observed[:-lead] = self.values[lead:]
            mask = (pick == lead) & (thin < share) & rows[:, None]
            mask &= ~np.isnan(observed) & ~np.isnan(self.inputs.start)
            usual = self.usual.at(times + np.timedelta64(lead, "h"))
            x = design(self.inputs, lead, mask)
            parts.append((x, self.inputs.start[mask], scale[mask], observed[mask], usual[mask]))
        return _Sample(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _fit(sample: _Sample, kind: str, group: int, settings: Settings) -> lgb.Booster:
    """Trees for the change from the start in units of the scale, the rows weighted by their scale."""
    target = (sample.observed - sample.start) / sample.scale
    data = lgb.Dataset(sample.x, target, weight=sample.scale)
    own = {"num_leaves": LEAVES[group], "num_threads": settings.threads, "seed": settings.seed}
    return lgb.train(PARAMETERS | own, data, max(10, round(TREES[kind][group] * settings.trees_share)))


def _calibrated(
    booster: lgb.Booster, forecast: Array, held: _Sample, spread: float
) -> tuple[GroupModel, Array]:
    """The group with its share against climatology and its intervals; and its forecasts of the held-out rows."""
    weight = best_weight(forecast, held.usual, held.observed)
    median = np.maximum(mix(forecast, held.usual, weight), 0.0)
    return GroupModel(booster, weight, calibrate(median, held.observed, FLOOR_SHARE * spread)), median


def _persistence(held: _Sample, spread: float) -> tuple[float, Conformal]:
    """The fall-back of a group: how much of the present value lasts, and its intervals."""
    weight = best_weight(held.start, held.usual, held.observed)
    median = mix(held.start, held.usual, weight)
    return weight, calibrate(median, held.observed, FLOOR_SHARE * spread)
