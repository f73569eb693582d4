"""The cheapest legal set: equals brute force, obeys exemptions and grades, explains every line."""

from datetime import date
from itertools import product

import numpy as np
import pytest

from qipan.domains.governance.environment.emission_list import Line, SocialMeasure
from qipan.domains.governance.environment.optimiser import Candidate, Goal, cheapest, cost_of_shares, what_if
from qipan.domains.governance.environment.standards import table_on
from qipan.domains.governance.environment.warning import plan_of

YELLOW, ORANGE, RED = plan_of(table_on("heavy_pollution_warning", date(2025, 12, 1))).levels
ALL = ("SO2", "NOX", "PM", "VOC")


def candidate(
    code: str, kilograms: float, cost: float, *, grade: str = "C", industry: str = "brick", exempt: str = ""
) -> Candidate:
    daily = dict.fromkeys(ALL, kilograms)
    cuts = {"orange": dict.fromkeys(ALL, 50)}
    line = Line(code, "firm", code, industry, grade, daily, cuts, {"orange": "停一条线"}, "电流", exempt)
    return Candidate(line, cost, effect_ug=kilograms / 100)


def test_cheapest_set_of_three() -> None:
    rows = [candidate("a", 100, 500), candidate("b", 100, 300), candidate("c", 50, 100)]
    result = cheapest(rows, [], Goal(ORANGE), graded=False)
    # 250 kg in all, 50 needed: b alone cuts 50 for 300, a for 500, c only 25
    assert (result.chosen, result.cost, result.feasible) == (("b",), 300, True)
    assert result.ratios.ratios["PM"].percent == 20.0
    told = {decision.code: str(decision.sentence) for decision in result.decisions}
    assert told["b"] == "去掉后不满足:SO2、NOX、PM、VOC"
    assert told["a"] == "其余入选生产线已满足要求,列入需每日增加成本 500 元"


def test_exempt_and_self_managed_lines_stay_out() -> None:
    rows = [
        candidate("heat", 100, 1, exempt="冠政字〔2026〕1号"),
        candidate("best", 100, 1, grade="A"),
        candidate("plain", 200, 900),
    ]
    result = cheapest(rows, [], Goal(ORANGE))
    assert result.chosen == ("plain",)
    told = {decision.code: str(decision.sentence) for decision in result.decisions}
    assert told["heat"] == "民生保障豁免(冠政字〔2026〕1号)"
    assert told["best"] == "绩效等级 A,自主减排"


def test_worse_grades_carry_at_least_the_share_of_better_ones() -> None:
    rows = [candidate("good", 100, 10, grade="B"), candidate("bad", 100, 900, grade="D")]
    assert cheapest(rows, [], Goal(ORANGE), graded=False).chosen == ("good",)
    assert cheapest(rows, [], Goal(ORANGE), graded=True).chosen == ("bad",)
    both = cheapest(rows, [], Goal(ORANGE, target_ug=1.5), graded=True)
    assert both.chosen == ("good", "bad")
    assert cost_of_shares(both, rows) == {"B": 10, "D": 900}


def test_target_in_concentration_may_need_more_than_the_law() -> None:
    rows = [candidate("a", 100, 500), candidate("b", 100, 300), candidate("c", 50, 100)]
    result = cheapest(rows, [], Goal(ORANGE, target_ug=1.4), graded=False)
    assert result.chosen == ("b", "c")
    assert result.effect_ug == pytest.approx(1.5)
    assert str(result.decisions[2].sentence) == "去掉后不满足:PM2.5"


def test_unreachable_goal_names_what_is_missed() -> None:
    rows = [candidate("a", 100, 500), candidate("heat", 900, 1, exempt="x")]
    result = cheapest(rows, [], Goal(ORANGE))
    assert (result.feasible, result.chosen) == (False, ("a",))
    assert str(result.sentence) == "全部可减排生产线均列入,仍不满足:SO2、NOX、PM、VOC"
    assert result.ratios.ratios["SO2"].percent == 5.0


def test_social_measures_carry_their_part() -> None:
    social = SocialMeasure("s", "all", dict.fromkeys(ALL, 300), {"orange": dict.fromkeys(ALL, 30)})
    rows = [candidate("a", 100, 500), candidate("b", 50, 100)]
    # 450 kg in all: 90 needed, society gives 90
    assert cheapest(rows, [social], Goal(ORANGE)).chosen == ()
    table, effect = what_if(rows, ["b"], [social], Goal(ORANGE))
    assert (table.ratios["PM"].percent, effect) == (25.5, 0.5)


def test_trading_sulphur_for_nitrogen_is_cheaper() -> None:
    def only(code: str, pollutant: str, cost: float) -> Candidate:
        daily = {"SO2": 100, "NOX": 100} if code == "base" else {pollutant: 100}
        line = Line(code, "f", code, code, "C", daily, {"orange": {pollutant: 80}}, {"orange": "x"}, "i")
        return Candidate(line, cost)

    rows = [only("base", "SO2", 10), only("s", "SO2", 1), only("n", "NOX", 1000)]
    strict = cheapest(rows, [], Goal(ORANGE))
    assert set(strict.chosen) == {"s", "n"}
    traded = cheapest(rows, [], Goal(ORANGE, trade=True))
    assert set(traded.chosen) == {"s"}  # 80 of 200 kg SO2: 40 % for both
    assert traded.ratios.traded is True


@pytest.mark.parametrize("seed", range(6))
def test_equals_brute_force(seed: int) -> None:
    generator = np.random.default_rng(seed)
    rows = [
        candidate(str(n), float(generator.integers(10, 100)), float(generator.integers(1, 1000)))
        for n in range(9)
    ]
    goal = Goal(ORANGE, target_ug=1.2)
    best = min(
        (
            sum(one.cost for one, taken in zip(rows, picks, strict=True) if taken)
            for picks in product((False, True), repeat=9)
            if _meets(rows, picks, goal)
        ),
        default=None,
    )
    result = cheapest(rows, [], goal, graded=False)
    assert result.feasible == (best is not None)
    if best is not None:
        assert result.cost == best


def _meets(rows: list[Candidate], picks: tuple[bool, ...], goal: Goal) -> bool:
    chosen = [one.line.code for one, taken in zip(rows, picks, strict=True) if taken]
    table, effect = what_if(rows, chosen, [], goal)
    return table.passed is True and effect >= (goal.target_ug or 0)


def test_a_county_of_a_thousand_lines_is_solved_exactly_enough_for_the_law() -> None:
    generator = np.random.default_rng(3)
    grades = ("A", "B", "B-", "C", "D")
    rows = [
        candidate(
            f"l{n}",
            float(generator.gamma(1, 30)) + 0.1,
            float(generator.gamma(2, 500)),
            grade=grades[int(generator.integers(0, 5))],
            industry=f"i{generator.integers(0, 8)}",
        )
        for n in range(1100)
    ]
    result = cheapest(rows, [], Goal(ORANGE), seconds=3)
    assert result.feasible
    assert result.ratios.passed is True
    assert len(result.chosen) < 700
