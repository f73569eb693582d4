"""Scores against hand-computed values, closed forms and bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qipan.kernel.lake import skill

OBSERVED = np.arange(1.0, 21.0)


def value(score: skill.Score) -> float:
    assert score.value is not None
    return score.value


def test_errors_of_a_shifted_forecast() -> None:
    forecast = OBSERVED + np.tile([2.0, -1.0], 10)
    assert value(skill.me(forecast, OBSERVED)) == 0.5
    assert value(skill.mae(forecast, OBSERVED)) == 1.5
    assert value(skill.rmse(forecast, OBSERVED)) == pytest.approx(np.sqrt(2.5), abs=1e-12)


def test_missing_pairs_are_counted_and_few_cases_give_no_score() -> None:
    forecast = np.append(OBSERVED, [np.nan, 3.0])
    observed = np.append(OBSERVED, [1.0, np.nan])
    assert skill.mae(forecast, observed) == skill.Score(0.0, 20, 2)
    assert skill.mae(forecast[1:], observed[1:]) == skill.Score(None, 19, 2)


def test_nse_and_kge_of_known_forecasts() -> None:
    assert value(skill.nse(OBSERVED, OBSERVED)) == 1.0
    assert value(skill.nse(np.full(20, OBSERVED.mean()), OBSERVED)) == 0.0
    # r = 1, spread ratio 2, mean ratio 2: 1 - sqrt(0 + 1 + 1)
    assert value(skill.kge(2 * OBSERVED, OBSERVED)) == pytest.approx(1 - np.sqrt(2), abs=1e-12)
    assert skill.nse(OBSERVED, np.ones(20)).value is None
    assert skill.kge(np.ones(20), OBSERVED).value is None


def test_finley_tornado_forecasts() -> None:
    """The published verification of Finley's 1884 tornado forecasts."""
    table = skill.Contingency(hits=28, false_alarms=72, misses=23, correct_rejections=2680)
    assert value(table.pod()) == pytest.approx(0.549, abs=5e-4)
    assert value(table.far()) == 0.72
    assert value(table.ts()) == pytest.approx(0.228, abs=5e-4)
    assert value(table.bias()) == pytest.approx(1.96, abs=5e-3)
    assert value(table.ets()) == pytest.approx(0.216, abs=5e-4)
    assert value(table.hss()) == pytest.approx(0.355, abs=5e-4)


def test_contingency_counts_strict_exceedance_and_skips_missing() -> None:
    table = skill.contingency([3, 3, 1, 1, 2, np.nan], [3, 1, 3, 1, 2, 5], 2)
    assert table == skill.Contingency(1, 1, 1, 2)
    assert table.ts() == skill.Score(None, 5)


def test_no_event_gives_no_threat_score() -> None:
    assert skill.contingency(OBSERVED, OBSERVED, 99).ts() == skill.Score(None, 20)


def test_brier() -> None:
    assert value(skill.brier(np.full(20, 0.7), np.tile([1, 0], 10))) == pytest.approx((0.09 + 0.49) / 2)
    with pytest.raises(ValueError, match="probability"):
        skill.brier([1.2], [1])


def test_crps_of_two_members() -> None:
    members, observed = np.tile([0.0, 2.0], (20, 1)), np.ones(20)
    # mean distance 1; half the mean member distance is 0.5 (all pairs) and 1 (distinct pairs)
    assert value(skill.crps(members, observed)) == 0.5
    assert value(skill.crps(members, observed, fair=True)) == 0.0
    with pytest.raises(ValueError, match="members"):
        skill.crps(members[:, :1], observed, fair=True)


@given(arrays(np.float64, (20, 5), elements=st.floats(-1e3, 1e3)), st.floats(-1e3, 1e3))
def test_crps_equals_the_definition_over_pairs(members: skill.Array, observed: float) -> None:
    distance = np.abs(members - observed).mean(axis=1)
    pairs = np.abs(members[:, :, None] - members[:, None, :])
    for fair, number in ((False, 25), (True, 20)):
        expected = (distance - pairs.sum(axis=(1, 2)) / (2 * number)).mean()
        assert value(skill.crps(members, np.full(20, observed), fair=fair)) == pytest.approx(
            expected, abs=1e-9
        )


def test_one_member_crps_is_the_absolute_error() -> None:
    assert skill.crps(OBSERVED[:, None] + 3, OBSERVED).value == skill.mae(OBSERVED + 3, OBSERVED).value == 3.0


def test_pinball_punishes_the_rare_side_more() -> None:
    assert value(skill.pinball(OBSERVED - 1, OBSERVED, 0.9)) == pytest.approx(0.9)
    assert value(skill.pinball(OBSERVED + 1, OBSERVED, 0.9)) == pytest.approx(0.1)
    with pytest.raises(ValueError, match="level"):
        skill.pinball(OBSERVED, OBSERVED, 1.0)


def test_coverage_includes_both_ends() -> None:
    low, high = np.full(21, 5.0), np.full(21, 14.0)
    assert skill.coverage(low, high, np.append(OBSERVED, np.nan)) == skill.Score(0.5, 20, 1)


def test_skill_against_a_reference() -> None:
    assert skill.skill_score(skill.Score(3.0, 50), skill.Score(4.0, 40)) == skill.Score(0.25, 40)
    assert skill.skill_score(skill.Score(3.0, 50), skill.Score(None, 10)).value is None


def test_block_bootstrap_covers_and_widens_with_dependence() -> None:
    rng = np.random.default_rng(1)
    series = np.repeat(rng.normal(10, 1, 100), 10)
    alone, blocks = skill.block_bootstrap(series, 1), skill.block_bootstrap(series, 20)
    assert alone is not None and blocks is not None
    assert blocks[0] < series.mean() < blocks[1]
    assert (blocks[1] - blocks[0]) > 2 * (alone[1] - alone[0])
    assert skill.block_bootstrap(series[:19], 5) is None
    assert skill.block_bootstrap(np.full(30, 2.0), 5) == (2.0, 2.0)


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        skill.mae(OBSERVED, OBSERVED[1:])
