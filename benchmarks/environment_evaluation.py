"""Post-evaluation of measures: cuts of 10, 20 and 30 % put into polluted 72-hour windows of PRSA stations.

Every window of three days whose mean over twelve stations is at least 115 µg/m³, at every station in turn;
the other eleven are the donors. The evaluation sees 60 days before the window and nothing after it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import numpy as np

from qipan.domains.governance.environment.forecast.dataset import History, read_prsa
from qipan.domains.governance.environment.post_evaluation import Evaluation, evaluate
from qipan.domains.governance.environment.series import Floats
from qipan.domains.governance.environment.standards import RuleTable, table_on
from qipan.domains.governance.environment.synthetic_control import Panel

DATA = Path(__file__).resolve().parents[1] / "data" / "environment" / "prsa"
WINDOW = 72
BEFORE = 60 * 24
POLLUTED = 115.0
CUTS = (10, 20, 30)
A_MONDAY = datetime(2013, 2, 25)


def polluted_windows(history: History) -> list[int]:
    """First hours of windows that do not overlap and are polluted, with the hours needed before them."""
    values = history.values["pm25"]
    known = np.isfinite(values)
    county = np.where(known, values, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    starts, hour = [], BEFORE + 240
    while hour + WINDOW <= county.size:
        if county[hour : hour + WINDOW].mean() >= POLLUTED:
            starts.append(hour)
            hour += WINDOW
        else:
            hour += 12
    return starts


def injected(history: History, station: int, start: int, cut: int, table: RuleTable) -> Evaluation | None:
    """The evaluation of a station whose window was lowered by a cut; None when it is refused."""
    rows = slice(start - BEFORE, start + WINDOW)
    values = history.values["pm25"][rows].copy()
    values[BEFORE:, station] *= 1 - cut / 100
    others = [number for number in range(values.shape[1]) if number != station]
    names = tuple(history.stations[number] for number in others)
    panel = Panel(values[:, station], values[:, others], names, (BEFORE, BEFORE + WINDOW))
    weather = {name: array[rows, station] for name, array in history.weather.items()}
    result = evaluate(panel, table, weather=weather, clock=_clock(history, rows))
    return result if isinstance(result, Evaluation) else None


def _clock(history: History, rows: slice) -> Floats:
    hours = (history.times[rows] - np.datetime64(A_MONDAY, "h")).astype(np.float64)
    return np.asarray(hours)


def run(report: Callable[[str], None], every: int = 5) -> dict[str, dict[str, object]]:
    """Errors in points of percent and cover of the 90 % interval, over every fifth case."""
    history = read_prsa(DATA)
    table = table_on("effect_evaluation", date(2026, 1, 1))
    # fewer weather draws than in a report: their noise is far below the error measured here
    table = replace(table, rows={**table.rows, "weather_draws": 50})
    cases = [
        (start, station) for start in polluted_windows(history) for station in range(len(history.stations))
    ]
    errors: dict[int, list[float]] = {cut: [] for cut in CUTS}
    covered: list[bool] = []
    for number, (start, station) in enumerate(cases[::every]):
        cut = CUTS[number % len(CUTS)]
        result = injected(history, station, start, cut, table)
        if result is not None:
            errors[cut].append(result.cut.point - cut)
            covered.append(result.cut.low <= cut <= result.cut.high)
    return _figures(report, errors, covered)


def _figures(
    report: Callable[[str], None], errors: dict[int, list[float]], covered: list[bool]
) -> dict[str, dict[str, object]]:
    everything = np.array([error for some in errors.values() for error in some])
    mae, bias = float(np.abs(everything).mean()), float(everything.mean())
    cover = float(np.mean(covered))
    for cut, some in errors.items():
        report(
            f"cut {cut} %: {len(some)} cases, MAE {np.abs(some).mean():.2f}, bias {np.mean(some):+.2f} points"
        )
    report(f"all: MAE {mae:.2f}, bias {bias:+.2f} points, 90 % interval covers {cover:.3f}")
    return {
        "MAE": {"value": round(mae, 2), "unit": "points", "goal": "<= 6", "met": mae <= 6},
        "bias": {"value": round(bias, 2), "unit": "points", "goal": "within 2", "met": abs(bias) <= 2},
        "cover": {"value": round(cover, 3), "goal": "0.85-0.95", "met": 0.85 <= cover <= 0.95},
        "cases": {"value": len(covered)},
    }


if __name__ == "__main__":
    run(print)
