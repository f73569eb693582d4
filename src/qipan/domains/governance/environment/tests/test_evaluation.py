"""Days, hours and years of a station; the array forms equal the exact ones."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.domains.governance.environment.aggregation import Values
from qipan.domains.governance.environment.rules import (
    NO_INDEX,
    Number,
    aqi_series,
    day_evaluation,
    day_mean,
    day_means,
    hour_evaluation,
    iaqi,
    iaqi_series,
    mda8,
    mda8_series,
    sliding_mean,
    table_on,
    table_version,
    year_evaluation,
)

VECTORS = Path(__file__).resolve().parents[6] / "data" / "environment" / "iaqi_vectors.json"
OLD, NEW = table_version("iaqi", "HJ 633-2012"), table_version("iaqi", "HJ 633-2026")
STATISTICS = table_on("air_statistics", date(2025, 1, 1))


def hours_of(**values: Number) -> dict[str, list[Number | None]]:
    return {name: [value] * 24 for name, value in values.items()}


def test_day_from_hours_with_a_pollutant_that_lacks_hours() -> None:
    hours = hours_of(PM25=88, PM10=140, SO2=12, NO2=41, CO="0.9", O3=70)
    hours["PM10"][:5] = [None] * 5
    day = day_evaluation(hours, date(2025, 12, 1))
    assert (day.aqi.value, day.aqi.primary) == (117, ("PM25",))
    assert day.aqi.missing == ("PM10_24H",)
    assert day.statistics["PM10_24H"].used == 19
    assert day.reported["CO_24H"] == Decimal("0.9")
    assert day.aqi.parts[0].hours_used == 24


def test_the_same_day_under_the_other_edition() -> None:
    hours = hours_of(PM25=70, PM10=70, SO2=12, NO2=30, CO=1, O3=70)
    assert day_evaluation(hours, date(2026, 2, 28)).aqi.value == 94
    assert day_evaluation(hours, date(2026, 3, 1)).aqi.value == 110
    assert day_evaluation(hours, date(2026, 3, 1), edition=OLD).aqi.value == 94


def test_index_is_made_from_the_printed_concentration() -> None:
    hours = hours_of(PM25=75)
    hours["PM25"][0] = 84  # mean 75.375 is printed as 75
    assert day_evaluation(hours, date(2025, 6, 1)).aqi.value == 100


def test_old_real_time_report_uses_the_sliding_day_of_dust() -> None:
    last = hours_of(PM25=35, PM10=50, SO2=10, NO2=10, CO="0.5", O3=50)
    last["PM25"][-1] = 275  # sliding mean 45 → IAQI 63; the hour alone 325 under the new edition
    assert hour_evaluation(last, date(2025, 6, 1)).aqi.value == 63
    assert hour_evaluation(last, date(2026, 6, 1)).aqi.value == 325


def test_old_real_time_report_replaces_sulphur_above_800() -> None:
    last = hours_of(SO2=475)
    last["SO2"][-1] = 801
    assert hour_evaluation(last, date(2025, 6, 1)).aqi.parts[2].item == "SO2_24H"
    assert hour_evaluation(last, date(2026, 6, 1)).aqi.parts[2].value == 200


def test_mean_below_zero_of_a_raw_series_gives_no_index() -> None:
    day = day_evaluation(hours_of(PM25=-2, NO2=20), date(2025, 6, 1))
    assert (day.reported["PM25_24H"], day.aqi.value) == (None, 25)
    assert "PM25_24H" in day.aqi.missing


def test_year_against_the_old_limits() -> None:
    days: dict[str, Values] = {
        "PM25": [30] * 340 + [80] * 25,
        "PM10": [60] * 365,
        "SO2": [10] * 365,
        "NO2": [20] * 365,
        "CO": [1] * 365,
        "O3": [150] * 320 + [170] * 45,
    }
    year = year_evaluation(days, date(2024, 12, 31))
    dust = year.pollutants["PM25"]
    # (340·30 + 25·80)/365 = 33.42…; P95 falls on the 346.8-th of 365 → 80 > 75
    assert (dust.mean, dust.percentile, dust.exceeding_days) == (Decimal("33.4"), Decimal("80.0"), 25)
    assert dust.attained is False
    assert year.pollutants["O3"].attained is False
    assert year.pollutants["NO2"].attained is True
    assert year.attained is False
    expected = Fraction("33.4") / 35 + Fraction(60, 70) + Fraction(10, 60) + Fraction(20, 40)
    expected += Fraction(1, 4) + Fraction(170, 160)
    assert year.composite.value == expected


def test_year_with_an_unknown_limit_cannot_be_told() -> None:
    year = year_evaluation({"SO2": [5] * 365}, date(2027, 12, 31))
    sulphur = year.pollutants["SO2"]
    assert (sulphur.mean, sulphur.attained) == (Decimal("5.0"), None)
    assert "class_2.SO2.year" in str(sulphur.reasons[0])
    assert year.attained is None
    assert year.provisional
    assert year.composite.value is None


def test_year_with_too_few_days_says_so() -> None:
    year = year_evaluation({"PM25": [5] * 300}, date(2024, 12, 31))
    assert year.pollutants["PM25"].attained is None
    assert "300" in str(year.pollutants["PM25"].reasons[0])


@pytest.mark.parametrize("edition", ["2012", "2026"])
def test_series_gives_every_reference_vector(edition: str) -> None:
    table = OLD if edition == "2012" else NEW
    for row in json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]:
        key = f"iaqi_{edition}"
        if key in row:
            expected = NO_INDEX if row[key] is None else row[key]
            assert iaqi_series(row["item"], np.array([row["c"]], dtype=float), table)[0] == expected, row


@given(st.sampled_from(sorted(NEW.rows["items"])), st.decimals(0, 3000, places=3))
def test_series_equals_the_exact_index(item: str, value: Decimal) -> None:
    assert iaqi_series(item, np.array([float(value)]), NEW)[0] == iaqi(item, value, NEW).value


def test_series_of_several_items_and_gaps() -> None:
    result = aqi_series(
        {"PM25_24H": np.array([35.0, np.nan, np.nan]), "NO2_24H": np.array([80.0, 20.0, -1.0])}, NEW
    )
    assert result.aqi.tolist() == [100, 25, NO_INDEX]
    assert result.items[result.primary[0]] == "NO2_24H"


def test_array_means_equal_the_exact_means() -> None:
    generator = np.random.default_rng(7)
    values = np.round(generator.uniform(0, 300, 24 * 40), 1)
    values[generator.uniform(size=values.size) < 0.15] = np.nan
    days, ozone = day_means(values, 20), mda8_series(values, 6, 14)
    for number in range(40):
        hours: list[Number | None] = list(map(float, values[24 * number : 24 * number + 24]))
        for exact_form, series in ((day_mean(hours, STATISTICS), days), (mda8(hours, STATISTICS), ozone)):
            if exact_form.value is None:
                assert np.isnan(series[number])
            else:
                assert series[number] == pytest.approx(float(exact_form.value), abs=1e-9)
    assert 0 < np.isnan(days).sum() < 40


def test_sliding_mean_needs_a_full_window() -> None:
    result = sliding_mean(np.arange(5.0), 3, 2)
    assert np.isnan(result[:2]).all()
    assert result[2:].tolist() == [1.0, 2.0, 3.0]
