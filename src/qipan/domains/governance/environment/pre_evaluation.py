"""What a list of measures would bring: PM2.5, AQI and grades with and without, always with an interval.

Without measures the forecast stands. Its local part is what lies above the regional background; measures
take away primary particles through the source–receptor matrix and secondary ones by linear factors, and
never more than the local part. The interval comes from draws of wind, spread, emissions, factors,
background and forecast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist

import numpy as np

from .aqi import grade
from .places import Point
from .series import Booleans, Floats, iaqi_series
from .source_receptor import EmissionPoint, Skies, Variation, source_receptor
from .stability import Terrain
from .standards import RuleTable, table_on

GASES = ("SO2", "NOX", "VOC")
_Z90 = NormalDist().inv_cdf(0.9)


@dataclass(frozen=True)
class Cut:
    """Emission taken away, kg/d by pollutant (PM SO2 NOX VOC); without a point spread over the county."""

    code: str
    daily: Mapping[str, float]
    point: EmissionPoint | None = None


@dataclass(frozen=True)
class Baseline:
    """Forecast of the county's daily PM2.5 (µg/m³) in three quantiles, and the regional background."""

    days: tuple[date, ...]
    p10: Floats
    p50: Floats
    p90: Floats
    background: Floats


@dataclass(frozen=True)
class Band:
    """Median and the 5 % and 95 % quantiles."""

    p05: float
    p50: float
    p95: float


@dataclass(frozen=True)
class DayEffect:
    """One day without and with measures: PM2.5, its index, probability of each grade."""

    day: date
    without: Band
    with_measures: Band
    cut: Band
    aqi_without: Band
    aqi_with: Band
    grades_without: Mapping[str, float]
    grades_with: Mapping[str, float]


@dataclass(frozen=True)
class EffectEstimate:
    """Effect over the days; ``mean_cut`` over all of them, by pollutant in ``by_pollutant`` (medians)."""

    days: tuple[DayEffect, ...]
    mean_cut: Band
    by_pollutant: Mapping[str, float]
    draws: int
    version: str
    provisional: bool


@dataclass(frozen=True)
class Matrices:
    """Source–receptor matrices under varied weather, µg/m³ per kg/d of PM2.5: [variant, day, source]."""

    codes: tuple[str, ...]
    values: Floats


def background(stations: Floats, upwind: Booleans, table: RuleTable) -> Floats:
    """Regional background per day: a low percentile of the stations upwind (all when none is).

    ``stations``: day means [day, station]; ``upwind``: same shape, which stations lay upwind that day.
    """
    percent = float(table.limit("background_percentile"))
    values = []
    for row, marked in zip(stations, upwind, strict=True):
        chosen = row[marked & np.isfinite(row)]
        chosen = chosen if chosen.size else row[np.isfinite(row)]
        values.append(np.percentile(chosen, percent) if chosen.size else np.nan)
    return np.array(values)


def matrices(
    points: Sequence[EmissionPoint],
    receptors: Sequence[Point],
    skies: Skies,
    table: RuleTable,
    *,
    air: RuleTable,
    terrain: Terrain = "rural",
    seed: int = 0,
) -> Matrices:
    """Mean over the receptors under varied wind and spread; the first variant is the weather as given.

    ``table`` is ``effect_estimate``, ``air`` is ``atmospheric_stability``.
    """
    generator = np.random.default_rng(seed)
    turn, speed = float(table.limit("wind_direction_deg")), float(table.limit("wind_speed_log"))
    spread = float(table.limit("dispersion_log"))
    variants = [Variation()]
    for _number in range(int(table.limit("variants")) - 1):
        a, b, c = generator.standard_normal(3)
        variants.append(Variation(turn * a, float(np.exp(speed * b)), float(np.exp(spread * c))))
    means = [
        source_receptor(
            points,
            receptors,
            skies,
            air,
            terrain=terrain,
            variation=variation,
            default_height=float(table.limit("default_height")),
            puff_step_s=float(table.limit("puff_step_s")),
        ).mean(axis=2)
        for variation in variants
    ]
    return Matrices(tuple(point.code for point in points), np.stack(means))


def estimate(
    baseline: Baseline,
    cuts: Sequence[Cut],
    matrix: Matrices,
    table: RuleTable,
    *,
    factors: Mapping[str, float] | None = None,
    seed: int = 0,
) -> EffectEstimate:
    """Effect of cuts on the county mean. ``factors``: learned secondary factors instead of the table's."""
    draws = int(table.limit("draws"))
    generator = np.random.default_rng(seed)
    primary = _primary(cuts, matrix, table, generator, draws)
    secondary = {gas: _secondary(gas, cuts, table, generator, factors) for gas in GASES}
    removed = primary + sum(effect[:, None] for effect in secondary.values())
    without = _forecast_draws(baseline, generator, draws)
    shift = np.exp(float(table.limit("background_log")) * generator.standard_normal((draws, 1)))
    local = np.maximum(without - baseline.background * shift, 0.0)
    with_measures = without - np.minimum(removed, local)
    days = tuple(
        _day(day, without[:, number], with_measures[:, number]) for number, day in enumerate(baseline.days)
    )
    shares = {"PM": float(np.median(primary.mean(axis=1)))}
    shares |= {gas: float(np.median(effect)) for gas, effect in secondary.items()}
    mean_cut = _band((without - with_measures).mean(axis=1))
    return EffectEstimate(days, mean_cut, shares, draws, table.version, table.provisional)


def _primary(
    cuts: Sequence[Cut], matrix: Matrices, table: RuleTable, generator: np.random.Generator, draws: int
) -> Floats:
    """Primary PM2.5 taken away, [draw, day]; cuts without a place act like the mean of the places."""
    share = float(table.limit("pm25_of_pm"))
    common, each = float(table.limit("emission_common")), float(table.limit("emission_each"))
    place = {code: number for number, code in enumerate(matrix.codes)}
    kilograms = np.zeros(len(matrix.codes))
    spread_out = 0.0
    for cut in cuts:
        amount = share * cut.daily.get("PM", 0.0)
        if cut.point is None:
            spread_out += amount
        else:
            kilograms[place[cut.point.code]] += amount
    effects = np.zeros((draws, matrix.values.shape[1]))
    for draw in range(draws):
        variant = matrix.values[draw % matrix.values.shape[0]]
        noise = np.exp(each * generator.standard_normal(kilograms.size)) if kilograms.size else kilograms
        total = variant @ (kilograms * noise)
        total = total + (variant.mean(axis=1) * spread_out if kilograms.size else 0.0)
        effects[draw] = total * np.exp(common * generator.standard_normal())
    return effects


def _secondary(
    gas: str,
    cuts: Sequence[Cut],
    table: RuleTable,
    generator: np.random.Generator,
    factors: Mapping[str, float] | None,
) -> Floats:
    """Secondary PM2.5 taken away by a gas, [draw]."""
    draws = int(table.limit("draws"))
    tonnes = sum(cut.daily.get(gas, 0.0) for cut in cuts) / 1000
    factor = (factors or {}).get(gas, float(table.limit("secondary", gas)))
    wide = float(table.limit("secondary_log"))
    result: Floats = tonnes * factor * np.exp(wide * generator.standard_normal(draws))
    return result


def _forecast_draws(baseline: Baseline, generator: np.random.Generator, draws: int) -> Floats:
    """Draws from the forecast with one rank for all days, linear in the normal score on either side."""
    score = generator.standard_normal((draws, 1)) / _Z90
    up, down = baseline.p90 - baseline.p50, baseline.p50 - baseline.p10
    return np.maximum(baseline.p50 + np.where(score > 0, score * up, score * down), 0.0)


def _day(day: date, without: Floats, with_measures: Floats) -> DayEffect:
    edition = table_on("iaqi", day)
    before = iaqi_series("PM25_24H", np.round(without), edition)
    after = iaqi_series("PM25_24H", np.round(with_measures), edition)
    return DayEffect(
        day=day,
        without=_band(without),
        with_measures=_band(with_measures),
        cut=_band(without - with_measures),
        aqi_without=_band(before.astype(np.float64)),
        aqi_with=_band(after.astype(np.float64)),
        grades_without=_grades(before.tolist(), day),
        grades_with=_grades(after.tolist(), day),
    )


def _band(values: Floats) -> Band:
    low, middle, high = np.percentile(values, [5, 50, 95])
    return Band(float(low), float(middle), float(high))


def _grades(indices: Sequence[int], day: date) -> dict[str, float]:
    counts: dict[str, int] = {}
    for index in indices:
        name = grade(index, day).name
        counts[name] = counts.get(name, 0) + 1
    return {name: count / len(indices) for name, count in counts.items()}


def unit_effects(
    cuts: Sequence[Cut], matrix: Matrices, table: RuleTable, *, factors: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Expected PM2.5 cut in µg/m³ (mean of the days, weather as given) of each cut alone, by its code."""
    share = float(table.limit("pm25_of_pm"))
    mean = matrix.values[0].mean(axis=0)
    place = {code: number for number, code in enumerate(matrix.codes)}
    usual = float(mean.mean()) if mean.size else 0.0
    effects = {}
    for cut in cuts:
        per_kg = usual if cut.point is None else float(mean[place[cut.point.code]])
        effect = share * cut.daily.get("PM", 0.0) * per_kg
        for gas in GASES:
            factor = (factors or {}).get(gas, float(table.limit("secondary", gas)))
            effect += factor * cut.daily.get(gas, 0.0) / 1000
        effects[cut.code] = effect
    return effects
