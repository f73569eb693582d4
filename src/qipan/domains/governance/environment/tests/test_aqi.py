"""AQI: every reference vector of both editions, boundaries, ties, missing data."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.domains.governance.environment.rules import (
    RuleTable,
    Segment,
    aqi,
    grade,
    iaqi,
    table_on,
    table_version,
)

DATA = Path(__file__).resolve().parents[6] / "data" / "environment"
VECTORS = json.loads((DATA / "iaqi_vectors.json").read_text(encoding="utf-8"))
OLD, NEW = table_version("iaqi", "HJ 633-2012"), table_version("iaqi", "HJ 633-2026")
WINTER, SPRING = date(2026, 2, 28), date(2026, 3, 1)


def test_tables_equal_the_reference_tables() -> None:
    for table, name in ((OLD, "tables_2012"), (NEW, "tables_2026")):
        found = {item: row["breakpoints"] for item, row in table.rows["items"].items()}
        assert found == VECTORS[name]


@pytest.mark.parametrize("edition", ["2012", "2026"])
def test_every_reference_vector(edition: str) -> None:
    table = OLD if edition == "2012" else NEW
    checked = 0
    for row in VECTORS["vectors"]:
        if f"iaqi_{edition}" in row:
            assert iaqi(row["item"], row["c"], table).value == row[f"iaqi_{edition}"], row
            checked += 1
    assert checked == {"2012": 155, "2026": 187}[edition]


def test_edition_changes_on_the_first_of_march_2026() -> None:
    assert table_on("iaqi", WINTER) is OLD
    assert table_on("iaqi", SPRING) is NEW
    assert aqi({"PM25_24H": 60}, WINTER).value == 82
    assert aqi({"PM25_24H": 60}, SPRING).value == 100
    assert aqi({"PM25_24H": 60}, SPRING, table=OLD).value == 82


def test_sulphur_dioxide_of_60_is_55() -> None:
    assert iaqi("SO2_24H", 60, OLD).value == 55


def test_decimal_concentrations_do_not_gain_a_unit_by_binary_error() -> None:
    # 7.7/35*50 = 11 exactly; in binary floating point it is 11.000000000000002 and would be rounded up to 12
    assert iaqi("PM25_24H", 7.7, NEW).value == 11


def test_primary_pollutant_lists_all_ties_and_none_up_to_50() -> None:
    tied = aqi({"PM25_24H": 115, "PM10_24H": 250}, WINTER)
    assert (tied.value, tied.primary) == (150, ("PM25", "PM10"))
    assert tied.exceeding == ("PM25", "PM10")
    assert aqi({"PM25_24H": 115, "PM10_24H": 250}, SPRING).exceeding == ()
    assert aqi({"PM25_24H": 35}, SPRING).primary == ()


def test_one_hour_sulphur_above_800_gives_way_to_the_day_mean_in_2012_only() -> None:
    values = {"SO2_1H": 900, "SO2_24H": 475}
    assert aqi(values, WINTER, report="hourly").value == 150
    assert aqi(values, SPRING, report="hourly").value == 200
    assert aqi({"SO2_1H": 900}, WINTER, report="hourly").value is None


def test_result_explains_itself() -> None:
    result = aqi({"PM25_24H": "88.4", "O3_8H": None}, SPRING, hours_used={"PM25_24H": 22})
    part = result.parts[0]
    assert part.segment == Segment(Fraction(60), Fraction(115), 100, 150)
    assert part.hours_used == 22
    assert result.provisional
    assert "O3_8H" in result.missing
    assert any("首要污染物 PM25" in str(line) for line in result.explain())
    assert any("暂行" in str(line) for line in result.explain())


def test_nothing_measured_gives_no_index_and_says_why() -> None:
    result = aqi({}, SPRING)
    assert result.value is None
    assert result.grade is None
    assert str(result.reason) == "没有可计算的分指数"


def test_unknown_item_and_negative_value_are_refused() -> None:
    assert "缺少限值(HJ 633-2012:items.PM25_1H.breakpoints)" in str(iaqi("PM25_1H", 10, OLD).reason)
    with pytest.raises(ValueError, match="PM25_24H"):
        iaqi("PM25_24H", -1, NEW)
    with pytest.raises(ValueError, match="finite"):
        iaqi("PM25_24H", float("nan"), NEW)


def test_an_empty_node_stops_the_index_instead_of_guessing() -> None:
    rows = {"nodes": [0, 50, 100], "items": {"PM25_24H": {"breakpoints": [0, 35, None]}}}
    table = RuleTable("iaqi", "draft", SPRING, None, "provisional", "x", rows)
    result = iaqi("PM25_24H", 20, table)
    assert result.value is None
    assert "items.PM25_24H.breakpoints[2]" in str(result.reason)


def test_sentences_translate_with_their_numbers() -> None:
    line = iaqi("PM25_24H", None, NEW).explain()
    english = {"%(item)s:未计算,%(why)s(%(version)s)": "%(item)s: none, %(why)s (%(version)s)"}
    english["无有效浓度"] = "no valid concentration"
    assert line.render(lambda text: english[text]) == "PM25_24H: none, no valid concentration (HJ 633-2026)"
    assert str(line) == "PM25_24H:未计算,无有效浓度(HJ 633-2026)"


def test_details_for_the_api_hold_the_rule_row() -> None:
    details = aqi({"PM25_24H": 88}, SPRING, hours_used={"PM25_24H": 22}).details()
    part = details["parts"][0]  # type: ignore[index]
    assert (details["aqi"], details["primary"], details["rule_version"]) == (126, ["PM25"], "HJ 633-2026")
    assert part["rule_row"] == [60.0, 115.0, 100, 150]
    assert part["hours_used"] == 22


def test_grades_at_their_boundaries() -> None:
    names = {
        50: "优",
        51: "良",
        100: "良",
        101: "轻度污染",
        150: "轻度污染",
        151: "中度污染",
        200: "中度污染",
    }
    names |= {201: "重度污染", 300: "重度污染", 301: "严重污染", 500: "严重污染"}
    assert {value: grade(value, SPRING).name for value in names} == names
    assert grade(220, SPRING).rgb == (153, 0, 76)


@given(st.sampled_from(sorted(NEW.rows["items"])), st.integers(0, 4000), st.integers(0, 500))
def test_index_never_falls_when_the_concentration_rises(item: str, low: int, step: int) -> None:
    first, second = iaqi(item, low, NEW).value, iaqi(item, low + step, NEW).value
    assert first is not None and second is not None
    assert first <= second <= 500


@given(
    st.dictionaries(st.sampled_from(NEW.rows["reports"]["daily"]), st.decimals(0, 2000, places=1), min_size=1)
)
def test_aqi_is_the_largest_index(values: dict[str, Decimal]) -> None:
    result = aqi(values, SPRING)
    assert result.value == max(part.value for part in result.parts if part.value is not None)
