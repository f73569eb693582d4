"""Micro-station calibration on the UCI "Air Quality" year: every week from the four weeks before."""

import csv
import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

from qipan.domains.governance.environment.calibration import calibrate, device_features, r_squared
from qipan.domains.governance.environment.series import Floats
from qipan.domains.governance.environment.standards import table_on

DATA = Path(__file__).resolve().parents[1] / "data" / "environment" / "air_quality_uci.csv.gz"
CHANNELS = ("PT08.S1(CO)", "PT08.S2(NMHC)", "PT08.S3(NOx)", "PT08.S4(NO2)", "PT08.S5(O3)")
GOALS = {"CO": ("CO(GT)", 0.33, "mg/m³"), "NO2": ("NO2(GT)", 16.0, "µg/m³")}
MISSING = -200.0


def read() -> dict[str, Floats]:
    """Columns of the file as arrays, hour by hour, NaN where missing."""
    with gzip.open(DATA, "rt", newline="") as handle:
        rows = list(csv.DictReader(handle))
    columns: dict[str, Floats] = {}
    for name in (*CHANNELS, "T", "RH", *(column for column, _goal, _unit in GOALS.values())):
        values = np.array([float(row[name]) for row in rows])
        columns[name] = np.where(values == MISSING, np.nan, values)
    return columns


def run(report: Callable[[str], None]) -> dict[str, dict[str, object]]:
    """Mean absolute error and R² of CO and NO2 over all hours that were predicted."""
    columns = read()
    table = table_on("micro_calibration", date(2026, 1, 1))
    features = device_features({name: columns[name] for name in CHANNELS}, columns["T"], columns["RH"])
    figures: dict[str, dict[str, object]] = {}
    for pollutant, (column, goal, unit) in GOALS.items():
        reference = columns[column]
        result = calibrate(features, reference, table)
        known = np.isfinite(result.values) & np.isfinite(reference)
        mae = float(np.abs(result.values - reference)[known].mean())
        r2 = r_squared(result.values, reference)
        refused = sum(one.state != "calibrated" for one in result.runs)
        report(f"{pollutant}: MAE {mae:.3f} {unit}, R² {r2:.3f}, {known.sum()} h, {refused} refits refused")
        figures[f"{pollutant} MAE"] = {"value": round(mae, 3), "unit": unit, "goal": goal, "met": mae <= goal}
        figures[f"{pollutant} R2"] = {
            "value": round(r2, 3),
            "hours": int(known.sum()),
            "refits_refused": refused,
        }
    return figures


if __name__ == "__main__":
    run(print)
