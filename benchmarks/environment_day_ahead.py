"""Day-ahead AQI of a county with perfect weather, November to February 2015-16 of the PRSA stations.

Trained to 2015-10-31; each evening 23:00 the three next days from the hourly forecast, the weather measured
on those days standing for a perfect weather forecast. The county is the mean concentration of the 12
stations, its AQI that of HJ 633-2012.
"""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

from qipan.domains.governance.environment.forecast.conformal import PERCENTILES
from qipan.domains.governance.environment.forecast.daily import DAY_HOURS, day_aqi
from qipan.domains.governance.environment.forecast.dataset import Array, History, read_prsa
from qipan.domains.governance.environment.forecast.design import prepare
from qipan.domains.governance.environment.forecast.features import area_mean
from qipan.domains.governance.environment.forecast.model import BARE, FULL, ForecastModel
from qipan.domains.governance.environment.forecast.train import DAYS, Settings, train
from qipan.domains.governance.environment.forecast.verify import DailySkill, daily

DATA = Path(__file__).resolve().parents[1] / "data" / "environment" / "prsa"
TRAIN_TO, FIRST, LAST = "2015-10-31T23", "2015-11-01", "2016-02-29"
WARM_UP_H = 24 * 29
EDITION = date(2015, 11, 1)
ACCURACY, THREAT, COVERAGE = (0.58, 0.53, 0.47), (0.70, 0.60, 0.55), (0.75, 0.85)
Figures = dict[str, dict[str, object]]


def run(report: Callable[[str], None]) -> Figures:
    """Accuracy of grades, threat score above 200, error and coverage at one to three days."""
    history = read_prsa(DATA)
    threads = int(os.environ.get("QIPAN_BENCH_THREADS", os.cpu_count() or 1))
    known = history.window(history.times[0], np.datetime64(TRAIN_TO))
    model = train(known, Settings(threads=threads))
    report(f"trained, {model.card.score:.3f} of persistence on held-out weeks")
    figures: Figures = {}
    for kind in (FULL, BARE):
        for number, skill in enumerate(skills(model, history, kind)):
            figures |= _figures(number, kind, skill, report)
    return figures


def skills(model: ForecastModel, history: History, kind: str) -> list[DailySkill]:
    """Scores at one, two and three days over all days of the winter."""
    first, last = np.datetime64(FIRST), np.datetime64(LAST)
    start = first.astype("datetime64[h]") - np.timedelta64(WARM_UP_H + DAYS * DAY_HOURS, "h")
    part = history.window(start, last.astype("datetime64[h]") + np.timedelta64(DAY_HOURS - 1, "h"))
    days = (last - first).astype(int) + 1
    # For each day of the winter, its forecasts of one, two and three evenings before.
    origins = part.index(first.astype("datetime64[h]")) - 1 + DAY_HOURS * np.arange(1 - DAYS, days)
    seen = {name: np.array(area_mean(values)[:, :1]) for name, values in part.values.items()}
    observed = day_aqi(seen, EDITION)[-days:, 0]
    hours = _county(model, part, kind, origins)
    result = []
    for number in range(DAYS):
        chosen = slice(DAYS - 1 - number, DAYS - 1 - number + days)
        window = slice(DAY_HOURS * number, DAY_HOURS * (number + 1))
        aqi = day_aqi({n: table[chosen, window].reshape(-1, 1) for n, table in hours.items()}, EDITION)[:, 0]
        levels = model.days[kind][number].quantiles(aqi, recentre=True)
        low, middle, high = (levels[:, PERCENTILES.index(p)] for p in (10, 50, 90))
        result.append(daily(middle, observed, low, high))
    return result


def _county(model: ForecastModel, part: History, kind: str, origins: np.ndarray) -> dict[str, Array]:
    """Hourly concentrations of the county ``[origin, lead]`` of every pollutant."""
    leads = range(1, DAYS * DAY_HOURS + 1)
    hours = {}
    for name in model.pollutants:
        inputs = prepare(part, name, part.weather if kind == FULL else None)
        reach = origins[origins + leads[-1] < part.times.size]
        said = np.full((origins.size, len(leads), len(part.stations)), np.nan)
        said[: reach.size] = model.medians(inputs, name, kind, reach, leads)
        for row in range(reach.size, origins.size):
            # The last evenings: only the days inside the winter are asked for.
            whole = (part.times.size - 1 - origins[row]) // DAY_HOURS * DAY_HOURS
            said[row, :whole] = model.medians(
                inputs, name, kind, origins[row : row + 1], range(1, whole + 1)
            )[0]
        present = np.sum(~np.isnan(said), axis=2)
        with np.errstate(invalid="ignore"):
            hours[name] = np.nansum(said, axis=2) / np.where(present > 0, present, np.nan)
    return hours


def _figures(number: int, kind: str, skill: DailySkill, report: Callable[[str], None]) -> Figures:
    accuracy, threat = skill.grade_accuracy.value or 0.0, skill.threat_score.value or 0.0
    inside = skill.coverage.value if skill.coverage and skill.coverage.value is not None else 0.0
    error = skill.mae.value or 0.0
    report(
        f"{kind} {number + 1} d: grade {accuracy:.3f}, TS {threat:.3f}, MAE {error:.1f}, "
        f"p10-p90 {inside:.3f}, {skill.mae.n} days"
    )
    name = f"{kind}, {number + 1} d"
    figures: Figures = {
        f"{name}: grade accuracy": {"value": round(accuracy, 3)},
        f"{name}: threat score": {"value": round(threat, 3)},
        f"{name}: MAE": {"value": round(error, 1)},
        f"{name}: p10-p90 coverage": {"value": round(inside, 3)},
    }
    if kind == FULL:
        low, high = COVERAGE
        goals = {"grade accuracy": ACCURACY[number], "threat score": THREAT[number]}
        met = {"grade accuracy": accuracy >= ACCURACY[number], "threat score": threat >= THREAT[number]}
        for key, goal in goals.items():
            figures[f"{name}: {key}"] |= {"goal": goal, "met": met[key]}
        figures[f"{name}: p10-p90 coverage"] |= {"goal": f"{low}-{high}", "met": low <= inside <= high}
    return figures


if __name__ == "__main__":
    run(print)
