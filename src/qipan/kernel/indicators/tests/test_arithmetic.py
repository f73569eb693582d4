"""Aggregates, expressions, paths, noise, explained differences."""

import math
from datetime import date, timedelta
from fractions import Fraction
from random import Random

import pytest

from qipan.kernel.indicators.arithmetic import (
    Path,
    aggregate,
    difference,
    evaluate,
    light,
    names_in,
    percentile,
    ratio,
    ratio_difference,
    ratio_noise,
    reached_on,
    value_noise,
)


def test_aggregates() -> None:
    assert aggregate("count", [5, 5, 5]) == 3
    assert aggregate("sum", [0.1] * 10) == 1.0  # without the error of naive addition
    assert aggregate("mean", [1, 2, 6]) == 3
    assert aggregate("median", [9, 1, 2, 4]) == 3
    assert aggregate("percentile", [10, 20, 30, 40], 0.9) == pytest.approx(37)
    assert (aggregate("count", []), aggregate("sum", []), aggregate("mean", [])) == (0, 0, None)
    assert percentile([7], 0.3) == 7
    with pytest.raises(ValueError, match="mode"):
        aggregate("mode", [1])


def test_nothing_to_divide_by_is_no_value() -> None:
    assert ratio(3, 4, 100) == 75
    assert ratio(0, 0, 100) is None


def test_expressions_are_arithmetic_and_nothing_else() -> None:
    assert evaluate("a / b * 1e4", {"a": 3, "b": 60}) == 500
    assert evaluate("min(a, 2) - -b", {"a": 3, "b": 1}) == 3
    assert evaluate("a / b", {"a": 3, "b": 0}) is None
    assert names_in("max(a, b) / c") == {"a", "b", "c"}
    for text in ("__import__('os')", "a.b", "[a]", "a if b else c", "lambda: 1", "a +", "open('x')"):
        with pytest.raises((ValueError, KeyError)):
            names_in(text)
            evaluate(text, {"a": 1, "b": 1, "c": 1})


def test_the_path_is_linear_then_level() -> None:
    path = Path(date(2021, 1, 1), 40, date(2023, 1, 1), 100)
    assert path.at(date(2020, 1, 1)) == 40
    assert path.at(date(2022, 1, 1)) == pytest.approx(40 + 60 * 365 / 730)
    assert path.at(date(2024, 1, 1)) == 100


def test_lights() -> None:
    assert light(90, 90, "up") == "green"
    assert light(88, 90, "up", noise=3) == "amber"
    assert light(86, 90, "up", noise=3) == "red"
    assert light(4, 2, "down", noise=1) == "red"
    assert light(1, 2, "down") == "green"
    assert light(None, 2, "down") == light(1, None, "up") == light(1, 1, "") == "grey"


def test_three_of_four_cases_make_no_scandal() -> None:
    assert ratio_noise(75, 4, 100) == pytest.approx(3 * math.sqrt(0.75 * 0.25 / 4) * 100)
    assert light(75, 95, "up", ratio_noise(75, 4, 100)) == "amber"
    assert light(75, 95, "up", ratio_noise(75, 4000, 100)) == "red"
    assert ratio_noise(0, 10, 100) == pytest.approx(30)
    assert value_noise([1, 2, 3]) == 0
    assert value_noise([10, 12, 10, 12, 10]) == pytest.approx(2.66 * 2)


def test_false_red_lights_on_series_in_control() -> None:
    random = Random(1)
    red = 0
    for _ in range(2_000):
        denominator = random.randrange(30, 500)
        hits = sum(random.random() < 0.9 for _ in range(denominator))
        value = 100 * hits / denominator
        red += light(value, 90, "up", ratio_noise(value, denominator, 100)) == "red"
    assert red / 2_000 <= 0.01


def test_the_trend_tells_a_day_or_says_that_it_cannot() -> None:
    start = date(2022, 1, 1)
    rising = [(start + timedelta(days=10 * n), 50 + n) for n in range(12)]
    assert reached_on(rising, 100, date(2030, 1, 1)) == start + timedelta(days=500)
    assert reached_on(rising[:7], 100, date(2030, 1, 1)) is None
    assert reached_on([(day, 100 - value) for day, value in rising], 100, date(2030, 1, 1)) is None
    assert reached_on(rising, 100, date(2022, 12, 1)) is None


def test_differences_add_up_exactly() -> None:
    random = Random(2)
    for _ in range(10_000):
        before = {
            str(n): (str(random.randrange(3)), random.uniform(-9, 9)) for n in range(random.randrange(6))
        }
        after = {
            str(n): (str(random.randrange(3)), random.uniform(-9, 9)) for n in range(random.randrange(6))
        }
        whole = sum((Fraction(number) for _d, number in after.values()), Fraction(0)) - sum(
            (Fraction(number) for _d, number in before.values()), Fraction(0)
        )
        assert difference(before, after).total == whole
        pairs = [(random.randrange(50), random.randrange(1, 90)) for _ in range(2)]
        found = ratio_difference(pairs[0], pairs[1], 100)
        assert found is not None
        assert found.total == Fraction(100 * pairs[1][0], pairs[1][1]) - Fraction(
            100 * pairs[0][0], pairs[0][1]
        )
    assert ratio_difference((1, 0), (1, 2), 100) is None
