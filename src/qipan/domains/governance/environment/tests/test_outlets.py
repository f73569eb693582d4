"""Outlets: oxygen conversion, validity of hours and days, limits, loads, quota, electricity."""

from datetime import date, datetime, timedelta

import pytest

from qipan.domains.governance.environment.outlets import (
    Minute,
    OutletHour,
    convert,
    judge_day,
    judge_hour,
    outlet_hour,
    power_findings,
    quota_use,
    water_day_mean,
)
from qipan.domains.governance.environment.standards import table_on

TABLE = table_on("outlet_monitoring", date(2026, 1, 1))
START = datetime(2026, 1, 10)


def test_conversion_to_reference_oxygen() -> None:
    assert convert(50, 9, 9, TABLE) == 50
    assert convert(50, 15, 9, TABLE) == 100  # (21−9)/(21−15) = 2
    assert convert(50, 3.5, 9, TABLE) == pytest.approx(50 * 12 / 17.5)
    assert convert(50, 20.5, 9, TABLE) is None
    assert convert(50, -1, 9, TABLE) is None


def test_hour_needs_45_valid_minutes() -> None:
    good = Minute(30.0, "N", 9.0, 10000.0)
    hour = outlet_hour([good] * 45 + [Minute(900.0, "D")] * 15, TABLE, reference_oxygen=9)
    assert (hour.state, hour.mean, hour.converted, hour.valid_minutes) == ("valid", 30, 30, 45)
    short = outlet_hour([good] * 44 + [Minute(30.0, "C")] * 16, TABLE)
    assert (short.state, short.mean) == ("invalid", None)
    assert str(short.reason) == "有效 44 分钟,少于 45 分钟"
    assert str(judge_hour(short, 50).reason) == "有效 44 分钟,少于 45 分钟"


def test_half_minute_values_weigh_half() -> None:
    hour = outlet_hour([Minute(10.0)] * 90 + [Minute(None)] * 30, TABLE)
    assert (hour.state, hour.valid_minutes) == ("valid", 45)


def test_stopped_minutes_are_no_fault() -> None:
    assert outlet_hour([Minute(None, "F")] * 60, TABLE).state == "stopped"
    part = outlet_hour([Minute(20.0, "N", None, 6000.0)] * 30 + [Minute(None, "F")] * 30, TABLE)
    assert (part.state, part.running_minutes) == ("valid", 30)
    # 20 mg/m³ · 6000 m³/h for half an hour = 60 g
    assert part.load_kg == pytest.approx(0.06)


def test_hour_that_cannot_be_converted_is_not_judged() -> None:
    hour = outlet_hour([Minute(30.0, "N", 20.6)] * 60, TABLE, reference_oxygen=9)
    assert (hour.mean, hour.converted) == (30, None)
    judged = judge_hour(hour, 35, needs_conversion=True)
    assert (judged.over, str(judged.reason)) == (None, "含氧量缺失或过高,不能折算")
    assert judge_hour(hour, 35).over is False


def test_hour_against_its_limit() -> None:
    hour = outlet_hour([Minute(30.0, "N", 15.0)] * 60, TABLE, reference_oxygen=9)
    judged = judge_hour(hour, 35, needs_conversion=True)
    assert (judged.value, judged.over) == (60, True)
    assert judged.multiple == pytest.approx(60 / 35 - 1)
    assert str(judge_hour(hour, None).reason) == "许可证未登记限值"


def hours_of(*means: float | None) -> list[OutletHour]:
    return [
        OutletHour("valid" if mean is not None else "invalid", mean, None, None, 60, 60) for mean in means
    ]


def test_day_needs_three_quarters_of_its_running_hours() -> None:
    stopped = [OutletHour("stopped", None, None, None, 0, 0)] * 16
    day = judge_day([*stopped, *hours_of(40, 40, 40, 40, 40, 46, None, None)], 40, TABLE)
    assert (day.value, day.over) == (41, True)
    short = judge_day([*stopped, *hours_of(40, 40, 40, 40, 40, None, None, None)], 40, TABLE)
    assert (short.over, str(short.reason)) == (None, "运行 8 小时,有效 5 小时,少于 75%")
    assert str(judge_day(stopped, 40, TABLE).reason) == "停运"


def test_water_day_is_weighted_by_flow() -> None:
    assert water_day_mean([(10, 100), (40, 50), (None, 10), (70, None)]) == 20
    assert water_day_mean([(10, 0)]) is None


def test_quota() -> None:
    loads = {date(2026, 1, 1) + timedelta(days=n): 20.0 for n in range(90)}
    loads[date(2025, 12, 31)] = 1e6
    use = quota_use(loads, 5.0, date(2026, 3, 31))
    assert use.used_t == pytest.approx(1.8)
    assert use.share == pytest.approx(0.36)
    assert use.expected_t == pytest.approx(7.3)
    assert use.runs_out == date(2026, 9, 8)  # 250 days at 20 kg
    assert quota_use(loads, 8.0, date(2026, 3, 31)).runs_out is None
    with pytest.raises(ValueError, match="quota_t"):
        quota_use(loads, 0, date(2026, 3, 31))


def test_electricity_against_a_stop_order() -> None:
    times = [START + timedelta(minutes=5 * n) for n in range(48)]
    made = [100.0] * 12 + [2.0] * 12 + [60.0] * 6 + [2.0] * 2 + [60.0] * 5 + [100.0] * 11
    clean = [0.5] * 7 + [20.0] * 41
    order = (START + timedelta(hours=1), START + timedelta(hours=3, minutes=5))
    found = power_findings(times, made, clean, rated=(100, 20), stopped=order, table=TABLE)
    assert [(f.kind, f.start, f.end) for f in found] == [
        ("untreated", START, START + timedelta(minutes=35)),
        ("runs_though_stopped", START + timedelta(hours=2), START + timedelta(hours=2, minutes=30)),
    ]
    assert found[1].mean_share == pytest.approx(0.6)
    quiet: list[float | None] = [None] * 48
    assert power_findings(times, quiet, clean, rated=(100, 20), stopped=order, table=TABLE) == []
