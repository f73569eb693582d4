"""Emission list: contradictions named by row, legal ratios never rounded up."""

from dataclasses import replace
from datetime import date

import pytest

from qipan.domains.governance.environment.emission_list import Line, SocialMeasure, faults, legal_ratios
from qipan.domains.governance.environment.standards import Number, table_on
from qipan.domains.governance.environment.warning import Level, plan_of

PLAN = plan_of(table_on("heavy_pollution_warning", date(2025, 12, 1)))
YELLOW, ORANGE, RED = PLAN.levels


def line(code: str, cut: Number = 50, **changes: object) -> Line:
    cuts = {colour: {p: cut for p in ("SO2", "NOX", "PM", "VOC")} for colour in ("yellow", "orange", "red")}
    daily: dict[str, Number] = {"SO2": 100, "NOX": 100, "PM": 100, "VOC": 100}
    measures = {colour: "停产一条窑" for colour in cuts}
    one = Line(code, "firm", "kiln", "brick", "C", daily, cuts, measures, "窑炉电流低于 5 A")
    return replace(one, **changes)  # type: ignore[arg-type]


def test_a_sound_list_has_no_faults() -> None:
    social = SocialMeasure(
        "s", "dust", {"PM": 200}, {"yellow": {"PM": 10}, "orange": {"PM": 20}, "red": {"PM": 20}}
    )
    assert faults([line("a"), line("b")], [social]) == []


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"cuts": {"red": {"SO2": 101}}, "measures": {"red": "x"}}, "cuts.SO2", "减排量大于排放量"),
        ({"cuts": {"red": {"SO2": -1}}}, "cuts.SO2", "减排比例为负"),
        ({"cuts": {"yellow": {"PM": 30}}}, "cuts.PM", "预警级别升高时减排比例变小"),
        ({"daily": {"SO2": -1}}, "daily.SO2", "排放量为负"),
        ({"daily": {"NH3": 1}}, "daily", "未知污染物 NH3"),
        ({"grade": "E"}, "grade", "未知绩效等级 E"),
        ({"measures": {}}, "measures.yellow", "有减排比例而无措施内容"),
        ({"indicator": " "}, "indicator", "措施缺少可核查指标"),
        ({"yearly_t": {"PM": "0.05"}}, "daily.PM", "日排放量大于年排放量"),
    ],
)
def test_contradictions_name_row_and_field(changes: dict[str, object], field: str, text: str) -> None:
    found = faults([line("a"), replace(line("bad"), **changes)])  # type: ignore[arg-type]
    assert {fault.code for fault in found} == {"bad"}
    assert (field, text) in {(fault.field, str(fault.sentence)) for fault in found}


def test_double_codes() -> None:
    assert [(f.code, f.field) for f in faults([line("a"), line("a")])] == [("a", "code")]


def test_ratio_just_below_is_not_rounded_up() -> None:
    entries = [line("a", "39.98"), line("b", 0)]
    table = legal_ratios(entries, ORANGE)
    assert table.ratios["PM"].percent == 19.9  # 19.99 %
    assert table.ratios["PM"].passed is False
    assert table.passed is False
    exact = legal_ratios([line("a", 40), line("b", 0)], ORANGE)
    assert (exact.ratios["PM"].percent, exact.passed) == (20.0, True)


def test_sulphur_and_nitrogen_may_make_up_for_each_other() -> None:
    cuts = {"yellow": {"SO2": 14, "NOX": 7, "PM": 10, "VOC": 10}}
    table = legal_ratios([line("a", cuts=cuts)], YELLOW)
    assert (table.ratios["NOX"].passed, table.so2_nox_sum, table.traded, table.passed) == (
        False,
        21.0,
        True,
        True,
    )
    cuts["yellow"]["SO2"] = 12
    assert legal_ratios([line("a", cuts=cuts)], YELLOW).passed is False


def test_exempt_lines_count_with_their_emission_but_never_cut() -> None:
    table = legal_ratios([line("a", 40), line("heat", 100, exemption="冠环〔2026〕3号")], ORANGE)
    assert table.ratios["SO2"].percent == 20.0
    assert table.ratios["SO2"].cut == 40


def test_social_measures_count() -> None:
    social = SocialMeasure("s", "vehicles", {"NOX": 100}, {"red": {"NOX": 60}})
    table = legal_ratios([line("a", 0), social], RED)
    assert (table.ratios["NOX"].percent, table.ratios["NOX"].passed) == (30.0, True)


def test_pollutant_nobody_emits_has_no_ratio() -> None:
    only: Level = YELLOW
    table = legal_ratios([line("a", 50, daily={"PM": 10, "SO2": 10, "NOX": 10})], only)
    assert table.ratios["VOC"].passed is None
    assert table.passed is None
