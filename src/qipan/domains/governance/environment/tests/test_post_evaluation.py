"""Post-evaluation: finds an injected cut, says when it cannot tell, refuses without donors; PRSA cases."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from benchmarks import environment_evaluation

from qipan.domains.governance.environment.post_evaluation import Evaluation, evaluate
from qipan.domains.governance.environment.series import Floats
from qipan.domains.governance.environment.standards import table_on
from qipan.domains.governance.environment.synthetic_control import Control, Panel, conformal_width, control
from qipan.domains.governance.environment.tests.prsa import history
from qipan.domains.governance.environment.wording import Sentence

TABLE = table_on("effect_evaluation", date(2026, 1, 1))
QUICK = replace(TABLE, rows={**TABLE.rows, "weather_draws": 20})
HOURS, WINDOW = 24 * 60 + 72, (24 * 60, 24 * 60 + 72)


def region(seed: int = 1, noise: float = 0.05) -> tuple[Floats, Floats]:
    """A target and six donors that share one slow signal; µg/m³."""
    generator = np.random.default_rng(seed)
    steps = generator.normal(0, 0.08, HOURS)
    common = np.zeros(HOURS)
    for hour in range(1, HOURS):
        common[hour] = 0.97 * common[hour - 1] + steps[hour]
    logs = 4.3 + common[:, None] * generator.uniform(0.8, 1.2, 7) + generator.normal(0, noise, (HOURS, 7))
    values = np.exp(logs)
    return values[:, 0], values[:, 1:]


def panel(cut: float = 0.0, seed: int = 1, noise: float = 0.05) -> Panel:
    target, donors = region(seed, noise)
    target = target.copy()
    target[WINDOW[0] :] *= 1 - cut
    return Panel(target, donors, tuple("abcdef"), WINDOW)


def test_injected_cut_is_found_with_its_interval() -> None:
    result = evaluate(panel(0.2), TABLE)
    assert isinstance(result, Evaluation)
    assert result.cut.point == pytest.approx(20, abs=2)
    assert result.cut.low < 20 < result.cut.high
    assert result.verdict == "effect"
    assert result.by_method == {"synthetic_control": result.cut.point}
    assert result.cut_ug.point == pytest.approx(result.observed_ug * 0.25, rel=0.1)
    assert result.p_value < 0.05
    assert set(result.placebos) == set("abcdef")
    assert max(abs(value) for value in result.placebos.values()) < 5


def test_no_cut_cannot_be_told_from_zero() -> None:
    result = evaluate(panel(0.0), TABLE)
    assert isinstance(result, Evaluation)
    assert result.verdict == "none_told"
    assert str(result.sentence).endswith("不能与零区分")
    assert result.p_value > 0.1


def test_a_rise_is_called_a_rise() -> None:
    result = evaluate(panel(-0.3), TABLE)
    assert isinstance(result, Evaluation)
    assert result.verdict == "increase"
    assert str(result.sentence).startswith("不降反升")


def test_weather_that_moves_the_target_alone_is_removed() -> None:
    one = panel(0.2, noise=0.03)
    generator = np.random.default_rng(8)
    wind = generator.uniform(0, 6, HOURS)
    wind[WINDOW[0] :] = 5.5
    moved = one.target * np.exp(-0.12 * wind)  # wind cleans the target, not the donors
    windy = Panel(moved, one.donors, one.names, WINDOW)
    clock = np.arange(HOURS, dtype=np.float64)
    plain = evaluate(windy, QUICK)
    result = evaluate(windy, QUICK, weather={"wind": wind}, clock=clock)
    assert isinstance(plain, Evaluation) and isinstance(result, Evaluation)
    assert plain.cut.point > 35  # wind counted as effect
    assert result.by_method["weather_normalisation"] == pytest.approx(20, abs=6)
    assert result.normalised is not None and result.normalised.draws == 20
    methods = sorted(result.by_method.values())
    assert methods[0] < result.cut.point < methods[1]
    again = evaluate(windy, QUICK, weather={"wind": wind}, clock=clock)
    assert isinstance(again, Evaluation) and again.cut == result.cut


def test_refused_without_donors_hours_or_blocks() -> None:
    one = panel()
    silent = one.donors.copy()
    silent[:, :4] = np.nan
    few = evaluate(Panel(one.target, silent, one.names, WINDOW), TABLE)
    assert isinstance(few, Sentence) and str(few) == "可用对照站 2 个,少于 3 个"
    dead = one.target.copy()
    dead[: 24 * 45] = np.nan
    hours = evaluate(Panel(dead, one.donors, one.names, WINDOW), TABLE)
    assert isinstance(hours, Sentence) and str(hours) == "拟合期有效小时 360 个,少于 500 个"
    gone = one.target.copy()
    gone[WINDOW[0] : WINDOW[0] + 30] = np.nan
    window = evaluate(Panel(gone, one.donors, one.names, WINDOW), TABLE)
    assert isinstance(window, Sentence) and str(window) == "评估期有效小时占 58%,不能评估"
    long = Panel(one.target, one.donors, one.names, (24 * 53, 24 * 60))
    blocks = evaluate(long, TABLE)
    assert isinstance(blocks, Sentence) and "可检验时段 7 个" in str(blocks)


def test_gap_of_one_donor_is_filled_from_the_others() -> None:
    one = panel(0.2)
    holed = one.donors.copy()
    holed[WINDOW[0] : WINDOW[0] + 5, 0] = np.nan
    full, filled = control(one, TABLE), control(Panel(one.target, holed, one.names, WINDOW), TABLE)
    assert isinstance(full, Control) and isinstance(filled, Control)
    assert filled.log_ratio == pytest.approx(full.log_ratio, abs=0.02)


def test_arrays_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="donors"):
        Panel(np.zeros(5), np.zeros((5, 2)), ("a",), (1, 2))
    with pytest.raises(ValueError, match="window"):
        Panel(np.zeros(5), np.zeros((5, 1)), ("a",), (3, 9))


def test_conformal_width_takes_the_order_statistic() -> None:
    errors = np.array([0.01 * n * (-1) ** n for n in range(1, 21)])
    assert conformal_width(errors, 0.9) == pytest.approx(0.19)  # ceil(21·0.9) = 19th of 20
    assert conformal_width(errors[:5], 0.9) == pytest.approx(0.05)


@pytest.mark.parametrize("cut", [10, 30])
def test_cut_put_into_a_real_episode(cut: int) -> None:
    start = environment_evaluation.polluted_windows(history())[40]
    errors = []
    for station in (0, 6, 10):
        result = environment_evaluation.injected(history(), station, start, cut, QUICK)
        assert result is not None
        errors.append(abs(result.cut.point - cut))
        assert result.cut.low < result.cut.point < result.cut.high
    assert sum(errors) / 3 < 8
