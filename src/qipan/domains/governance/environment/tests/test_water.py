"""Surface water: classes at their limits, target, index, trend, reaches, black and smelly water."""

from datetime import date
from fractions import Fraction

import pytest

from qipan.domains.governance.environment.standards import Number, table_on
from qipan.domains.governance.environment.water import (
    CLASS_NAMES,
    exceedance,
    item_class,
    measured,
    standard_index,
    water_class,
)
from qipan.domains.governance.environment.water_statistics import (
    black_smelly,
    mean_sample,
    reach_share,
    trend,
)

TABLE = table_on("surface_water", date(2026, 1, 1))
BLACK = table_on("black_smelly_water", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("item", "value", "name"),
    [
        ("CODMN", 2, "Ⅰ"),
        ("CODMN", "2.01", "Ⅱ"),
        ("CODMN", 15, "Ⅴ"),
        ("CODMN", "15.1", "劣Ⅴ"),
        ("COD", 15, "Ⅰ"),
        ("COD", 16, "Ⅲ"),
        ("NH3N", "0.15", "Ⅰ"),
        ("NH3N", "1.01", "Ⅳ"),
        ("TP", "0.2", "Ⅲ"),
        ("DO", "7.5", "Ⅰ"),
        ("DO", "7.4", "Ⅱ"),
        ("DO", 2, "Ⅴ"),
        ("DO", "1.9", "劣Ⅴ"),
        ("PH", "6.0", "Ⅰ"),
        ("PH", 9, "Ⅰ"),
        ("PH", "9.1", "劣Ⅴ"),
        ("F", "1.2", "Ⅳ"),
        ("HG", "0.00004L", "Ⅰ"),
    ],
)
def test_class_of_an_item_at_its_limits(item: str, value: str, name: str) -> None:
    assert item_class(item, value, TABLE).name == name


def test_lakes_have_their_own_phosphorus_and_nitrogen_counts_only_there() -> None:
    assert item_class("TP", "0.05", TABLE, water="lake").name == "Ⅲ"
    assert item_class("TP", "0.05", TABLE).name == "Ⅱ"
    sample = {"TN": 3, "CODMN": 3}
    assert water_class(sample, TABLE).name == "Ⅱ"
    assert water_class(sample, TABLE).not_assessed == ("TN",)
    assert water_class(sample, TABLE, water="lake").name == "劣Ⅴ"


def test_sample_takes_the_class_of_its_worst_items() -> None:
    sample: dict[str, Number | None] = {
        "PH": "8.1",
        "DO": 8,
        "CODMN": "6.3",
        "COD": 27,
        "NH3N": "0.4",
        "TP": None,
        "XX": 1,
    }
    result = water_class(sample, TABLE, target=3)
    assert (result.level, result.worst) == (4, ("CODMN", "COD"))
    assert [(p.item, p.multiple) for p in result.exceeding] == [
        ("CODMN", Fraction("0.05")),
        ("COD", Fraction("0.35")),
    ]
    assert result.not_assessed == ("XX",)
    assert str(result.explain()[-1]) == "COD 超过目标限值 20,超标 0.35 倍"
    assert str(result.explain()[-3]) == "水质类别 Ⅳ,由 CODMN、COD 决定(单因子)"


def test_oxygen_and_acidity_have_no_multiple() -> None:
    result = water_class({"DO": 4, "PH": "5.5"}, TABLE, target=3)
    assert [(p.item, p.exceeds, p.multiple) for p in result.parts] == [("DO", True, None), ("PH", True, None)]
    assert str(result.explain()[-1]) == "PH 未达目标限值 6"


def test_nothing_measured_and_wrong_input() -> None:
    empty = water_class({"TP": None}, TABLE)
    assert (empty.level, empty.name, str(empty.explain()[-1])) == (None, "", "没有参评项目")
    with pytest.raises(ValueError, match="target"):
        water_class({"TP": 1}, TABLE, target=6)
    with pytest.raises(ValueError, match="TP"):
        water_class({"TP": -1}, TABLE)
    with pytest.raises(ValueError, match="finite"):
        measured("abc")
    assert CLASS_NAMES[5] == "劣Ⅴ"


def test_value_below_detection_counts_half() -> None:
    assert measured("0.05L") == Fraction(1, 40)
    assert measured(" 0.1 ") == Fraction(1, 10)


def test_standard_index() -> None:
    assert standard_index("COD", 30, TABLE) == Fraction(3, 2)
    assert standard_index("PH", "8.0", TABLE) == Fraction(1, 2)
    assert standard_index("PH", "6.5", TABLE) == Fraction(1, 2)
    assert standard_index("DO", 4, TABLE) == Fraction(14, 5)  # 10 − 9·4/5
    # saturation at 20 °C: 468/51.6 = 9.0698; (9.0698−7)/(9.0698−5)
    assert float(standard_index("DO", 7, TABLE, temperature=20)) == pytest.approx(0.508571, abs=1e-6)
    with pytest.raises(ValueError, match="temperature"):
        standard_index("DO", 7, TABLE)
    assert exceedance("1.5", 1) == Fraction(1, 2)


def test_mean_of_samples() -> None:
    means = mean_sample([{"COD": 10, "PH": 7}, {"COD": "20", "PH": 8}, {"COD": None, "TP": "0.02L"}])
    assert means["COD"] == 15
    assert means["TP"] == Fraction(1, 100)
    assert means["PH"] == Fraction("7.26")  # mean of 1e-7 and 1e-8 is 5.5e-8


def test_trend_by_rank_correlation() -> None:
    rising = trend([1, 2, 3, 5, 4], TABLE)
    assert rising.coefficient == pytest.approx(0.9)
    assert (rising.critical, rising.direction) == (0.9, "rising")
    assert trend([5, 4, 3, 2, 1, 0], TABLE).direction == "falling"
    assert trend([1, 3, 2, 5, 1, 2], TABLE).direction == "none"
    assert trend([1, 2, 3, 4], TABLE).direction == "unknown"
    assert trend([2] * 6, TABLE).direction == "none"
    assert trend(list(range(11)), TABLE).critical == 0.564
    assert trend(list(range(37)), TABLE).critical == pytest.approx(1.645 / 6)


def test_reach_between_two_sections() -> None:
    plain = reach_share("0.8", "1.2")
    assert (plain.added, plain.load_kg_d, plain.share) == (Fraction("0.4"), None, Fraction(1, 3))
    loads = reach_share("0.8", "1.2", upstream_flow=2, downstream_flow=3)
    # 3.6 g/s − 1.6 g/s = 2 g/s = 172.8 kg/d
    assert loads.load_kg_d == Fraction("172.8")
    assert loads.share == Fraction(5, 9)
    with pytest.raises(ValueError, match="downstream"):
        reach_share(1, 0)


def test_black_and_smelly_water() -> None:
    clean: dict[str, Number | None] = {"TRANSPARENCY": 30, "DO": 5, "ORP": 100, "NH3N": 2}
    light: dict[str, Number | None] = {**clean, "NH3N": "8.5"}
    severe: dict[str, Number | None] = {**clean, "NH3N": 16}
    assert black_smelly([clean, clean], BLACK) == "none"
    assert black_smelly([clean, light], BLACK) == "light"
    assert black_smelly([severe] * 3 + [clean] * 2, BLACK) == "severe"
    assert black_smelly([severe] * 2 + [clean] * 2, BLACK) == "light"
    both: dict[str, Number | None] = {**severe, "DO": "0.1"}
    assert black_smelly([both] * 3 + [clean] * 7, BLACK) == "severe"
