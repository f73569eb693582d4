"""Validity of means, percentiles, composite index, ranking."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.domains.governance.environment.rules import (
    MissingLimitError,
    NoRuleError,
    Number,
    RuleTable,
    change_percent,
    composite_index,
    day_mean,
    hour_mean,
    mda8,
    month_mean,
    parse_tables,
    percentile,
    place_means,
    rank,
    rank_without,
    read_tables_from,
    round_half_even,
    sliding_three_years,
    table_on,
    year_mean,
    year_percentile,
)

TABLE = table_on("air_statistics", date(2025, 1, 1))


def test_day_mean_needs_twenty_hours() -> None:
    assert day_mean([10] * 20 + [None] * 4, TABLE).value == 10
    short = day_mean([10] * 19 + [None] * 5, TABLE)
    assert short.value is None
    assert (short.used, short.needed) == (19, 20)
    assert str(short.reason) == "有效数据 19 个,至少需要 20 个"
    with pytest.raises(ValueError, match="hours"):
        day_mean([10] * 23, TABLE)


def test_mda8_is_the_largest_window_and_needs_fourteen() -> None:
    hours = [0.0] * 8 + [80.0] * 8 + [0.0] * 8
    assert mda8(hours, TABLE).value == 80
    # three dead hours in a window leave five: windows ending 9…17 die, 8 of 17 remain
    assert mda8([1, *[None] * 10, *[5] * 13], TABLE).value is None
    assert mda8([None] * 4 + [6] * 20, TABLE).used == 15


def test_mda8_of_few_windows_counts_when_it_already_exceeds_the_limit() -> None:
    hours = [None] * 12 + [170] * 12
    assert mda8(hours, TABLE).value is None
    early = mda8(hours, TABLE, limit=160)
    assert early.value == 170
    assert (early.used, early.needed) == (7, 14)
    assert mda8(hours, TABLE, limit=170).value is None


def test_hour_mean_needs_45_minutes() -> None:
    assert hour_mean([3] * 45 + [None] * 15, TABLE).value == 3
    assert hour_mean([3] * 44 + [None] * 16, TABLE).value is None


def test_month_and_year_need_their_days() -> None:
    assert month_mean([1] * 27, 1, TABLE).valid
    assert not month_mean([1] * 26, 1, TABLE).valid
    assert month_mean([1] * 25, 2, TABLE).valid
    assert year_mean([1] * 324, TABLE).valid
    assert not year_mean([1] * 323, TABLE).valid
    assert year_percentile(list(range(365)), "PM25", TABLE).value == Fraction(364 * 95, 100)


def test_percentile_between_neighbours() -> None:
    assert percentile([1, 2, 3, 4], 50) == Fraction(5, 2)
    assert percentile([10, 20, 30], 95) == 29
    assert percentile([7], 90) == 7
    with pytest.raises(ValueError, match="values"):
        percentile([None], 50)


@given(st.lists(st.integers(0, 500), min_size=1), st.integers(0, 100))
def test_percentile_lies_between_the_extremes(values: list[int], percent: int) -> None:
    assert min(values) <= percentile(values, percent) <= max(values)


def test_composite_index_of_the_old_standard() -> None:
    values = {"PM25": 35, "PM10": 70, "SO2": 60, "NO2": 40, "CO": 4, "O3": 160}
    result = composite_index(values, table_on("air_quality_limits", date(2025, 1, 1)), TABLE)
    assert result.value == 6
    assert result.terms["PM25"] == 1


def test_composite_index_refuses_an_unknown_limit() -> None:
    day = date(2026, 6, 1)
    values = {"PM25": 30, "PM10": 60, "SO2": 5, "NO2": 20, "CO": 1, "O3": 160}
    result = composite_index(values, table_on("air_quality_limits", day), table_on("air_statistics", day))
    assert result.value is None
    assert str(result.reason) == "无法计算:缺少限值(GB 3095-2026 transition:class_2.SO2.year)"


def test_limits_by_date() -> None:
    cases = {date(2026, 2, 28): 75, date(2026, 3, 1): 60, date(2030, 12, 31): 60, date(2031, 1, 1): 50}
    for day, limit in cases.items():
        assert table_on("air_quality_limits", day).limit("class_2", "PM25", "day") == limit
    with pytest.raises(MissingLimitError, match=r"cannot be computed: limit missing .*NO2"):
        table_on("air_quality_limits", date(2027, 1, 1)).limit("class_2", "NO2", "year")
    with pytest.raises(NoRuleError):
        table_on("air_quality_limits", date(1999, 1, 1))


def test_tables_can_come_from_a_countys_own_store() -> None:
    confirmed = RuleTable("iaqi", "own", date(2000, 1, 1), None, "confirmed", "county", {"x": 1})
    read_tables_from(lambda code: (confirmed,) if code == "iaqi" else ())
    try:
        assert table_on("iaqi", date(2026, 1, 1)) is confirmed
        with pytest.raises(NoRuleError):
            table_on("air_statistics", date(2026, 1, 1))
    finally:
        read_tables_from(None)
    assert table_on("iaqi", date(2026, 1, 1)).version == "HJ 633-2012"


def test_overlapping_versions_are_refused() -> None:
    row: dict[str, object] = {"valid_to": None, "status": "confirmed", "source": "x", "rows": {}}
    versions = [
        {"version": "a", "valid_from": date(2020, 1, 1), **row},
        {"version": "b", "valid_from": date(2021, 1, 1), **row},
    ]
    with pytest.raises(ValueError, match="valid_from"):
        parse_tables({"code": "x", "versions": versions})


def test_three_year_mean_and_rounding() -> None:
    assert sliding_three_years({2023: 40, 2024: 41, 2025: 42}, 2025) == 41
    assert sliding_three_years({2023: 40, 2025: 42}, 2025) is None
    assert round_half_even(Fraction("2.25"), 1) == Decimal("2.2")
    assert round_half_even(Fraction("2.35"), 1) == Decimal("2.4")
    assert str(round_half_even(Fraction(3), 1)) == "3.0"


def test_ranking_with_ties_and_missing() -> None:
    rows = rank({"清泉": 40, "崇文": 38, "烟庄": 40, "贾镇": 52, "桑阿": None})
    assert [(row.name, row.rank) for row in rows] == [
        ("崇文", 1),
        ("清泉", 2),
        ("烟庄", 2),
        ("贾镇", 4),
        ("桑阿", None),
    ]


def test_rank_without_one_station() -> None:
    stations: dict[str, dict[str, Number | None]] = {
        "甲": {"a1": 30, "a2": 60},
        "乙": {"b1": 40},
        "丙": {"c1": None},
    }
    assert place_means(stations) == {"甲": 45, "乙": 40, "丙": None}
    assert [row.name for row in rank_without(stations, "a2")] == ["甲", "乙", "丙"]
    with pytest.raises(KeyError):
        rank_without(stations, "zz")


def test_change_against_last_year() -> None:
    assert change_percent(36, 40) == -10
    assert change_percent(None, 40) is None
    assert change_percent(3, 0) is None
