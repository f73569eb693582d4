"""Automatic checks: each fires on its fault, keeps quiet on the honest case, and never alters raw data."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from qipan.domains.governance.environment.quality import (
    Flag,
    audited,
    check_station,
    drifting,
    dust_order,
    negative,
    out_of_range,
    silences,
    spikes,
    stuck,
)
from qipan.domains.governance.environment.series import Floats
from qipan.domains.governance.environment.standards import table_on
from qipan.domains.governance.environment.tests.prsa import history

TABLE = table_on("air_quality_control", date(2026, 1, 1))
NAN = float("nan")


def hours(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def test_stuck_needs_four_hours_for_dust_and_six_for_gases() -> None:
    values = hours(40, 41, 41, 41, 41, 43)
    assert stuck("PM25", values, TABLE) == [
        Flag("stuck", "PM25", 1, 5, "invalid", {"hours": 4, "value": 41.0})
    ]
    assert stuck("NO2", values, TABLE) == []
    assert stuck("PM25", hours(40, 41, 41, 41, 43), TABLE) == []
    assert stuck("NO2", hours(*[20.0] * 6), TABLE)[0].last == 6


def test_equal_values_near_the_detection_limit_are_no_fault() -> None:
    assert stuck("PM25", hours(*[3.0] * 10), TABLE) == []


def test_a_gap_interrupts_equal_values() -> None:
    assert stuck("PM25", hours(41, 41, 41, NAN, 41, 41, 41), TABLE) == []


def test_spike_is_flagged_unless_the_neighbours_follow() -> None:
    values = hours(50, 52, 51, 120, 53, 52, 50)
    flag = spikes("PM25", values, TABLE)[0]
    assert (flag.first, flag.last, flag.effect) == (3, 4, "suspect")
    assert flag.evidence == {"value": 120.0, "median": 52.0, "threshold": 30.0, "neighbours_moved": 0.0}
    calm = np.full((7, 3), 48.0)
    assert len(spikes("PM25", values, TABLE, neighbours=calm)) == 1
    together = calm.copy()
    together[3] = 90.0
    assert spikes("PM25", values, TABLE, neighbours=together) == []
    against = calm.copy()
    against[3] = 5.0
    assert len(spikes("PM25", values, TABLE, neighbours=against)) == 1


def test_spike_threshold_grows_with_the_spread() -> None:
    # median 100, deviations 30 20 0 50 130: MAD 30, threshold 180
    assert spikes("PM25", hours(70, 80, 230, 150, 100), TABLE) == []


def test_newest_hour_is_judged_by_the_last_five() -> None:
    assert [f.first for f in spikes("PM25", hours(50, 51, 52, 51, 50, 140), TABLE)] == [5]
    assert spikes("PM25", hours(50, 140), TABLE) == []


def test_negative_values() -> None:
    flags = negative("PM25", hours(5, -1, -3, -4, 6), TABLE)
    assert [(f.first, f.last, f.effect) for f in flags] == [(3, 4, "invalid"), (1, 3, "zero")]


def test_saturated_values_are_invalid() -> None:
    assert [(f.first, f.last) for f in out_of_range("PM25", hours(998, 999, 1200, 3), TABLE)] == [(1, 3)]
    assert out_of_range("CO", hours(9.9, 10), TABLE)[0].evidence == {"largest": 10.0, "limit": 10.0}


def test_fine_dust_above_coarse_dust_two_hours_running() -> None:
    pm10 = hours(100, 100, 100, 100, 100)
    flags = dust_order(hours(106, 104, 106, 110, 90), pm10, TABLE)
    assert [(f.quantity, f.first, f.last) for f in flags] == [("PM25", 2, 4), ("PM10", 2, 4)]
    assert flags[0].evidence["ratio"] == pytest.approx(1.08)


def test_silence_is_longer_than_two_intervals_and_counts_up_to_now() -> None:
    start = datetime(2026, 1, 1)
    step = timedelta(minutes=5)
    heard = [start, start + step, start + 4 * step]
    found = silences(heard, step, start + 6 * step, TABLE)
    assert [(s.start, s.end, s.intervals) for s in found] == [(start + step, start + 4 * step, 3.0)]
    assert silences(heard, step, start + 7 * step, TABLE)[-1].intervals == 3.0
    assert silences([], step, start, TABLE) == []


def test_audited_version_leaves_the_raw_series_alone() -> None:
    raw = hours(20, -1, 1500, 22, 90, 23, 21)
    flags = check_station({"PM25": raw}, TABLE)
    kept = raw.copy()
    checked = audited(raw, flags)
    assert np.array_equal(raw, kept)
    assert checked[1] == 0.0
    assert np.isnan(checked[2])
    assert checked[4] == 90.0  # suspect counts until a person decides
    reviewed = audited(raw, flags, accept=lambda flag: flag.check != "range")
    assert reviewed[2] == 1500.0


def beijing(pollutant: str) -> Floats:
    return history().values[pollutant]


def test_slow_drift_of_a_station_against_its_neighbours_is_found() -> None:
    values = beijing("pm25")[6000:13200]
    own, around = values[:, 3].copy(), np.delete(values, 3, axis=1)
    before = drifting("PM25", own, around, TABLE)
    own[4800:] *= 1.4
    flags = [flag for flag in drifting("PM25", own, around, TABLE) if flag.last > 4800]
    assert flags and flags[0].last <= 4800 + 15 * 24
    assert flags[0].evidence["factor"] == pytest.approx(1.4, rel=0.2)
    assert [f for f in before if f.last <= 4800] == [
        f for f in drifting("PM25", own, around, TABLE) if f.last <= 4800
    ]


def test_constant_ratio_never_drifts() -> None:
    generator = np.random.default_rng(3)
    around = generator.uniform(40, 120, (24 * 200, 5))
    own = 0.8 * np.median(around, axis=1)
    assert drifting("PM25", own, around, TABLE) == []
    own[24 * 100 :] *= 0.7
    flag = drifting("PM25", own, around, TABLE)[0]
    assert flag.first == 24 * 100
    assert flag.evidence["factor"] == pytest.approx(0.7)
    assert flag.evidence["score"] < 0


def test_real_stations_raise_few_flags() -> None:
    dust = beijing("pm25")[:8760, :6]
    flags = [
        *stuck("PM25", dust[:, 0], TABLE),
        *spikes("PM25", dust[:, 0], TABLE, neighbours=dust[:, 1:]),
    ]
    assert 0 < sum(flag.last - flag.first for flag in flags) < 0.01 * dust.shape[0]
