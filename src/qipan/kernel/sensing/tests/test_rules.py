"""Conditions, durations, hysteresis, levels, absences: what a rule does with a series of readings."""

import pytest

from qipan.kernel.sensing.declarations import (
    Absence,
    Aggregate,
    All,
    AnyOf,
    Attribute,
    Condition,
    Expect,
    Expression,
    Flagged,
    Level,
    Not,
    Outside,
    Rate,
    Repeating,
    RuleTest,
    Schedule,
    SensingRule,
    Stream,
    Target,
    Threshold,
)
from qipan.kernel.sensing.rules import expression, testing
from qipan.kernel.sensing.rules.codec import dump, load_rule
from qipan.kernel.sensing.rules.engine import Engine
from qipan.kernel.sensing.rules.inputs import Inputs, StreamView
from qipan.kernel.sensing.rules.machine import Change, compile_rule, watch
from qipan.kernel.sensing.rules.wording import sentences

OVER = Threshold("z", "over", 10.0)


def rule(condition: Condition, **changes: object) -> SensingRule:
    return SensingRule("r", "rule", Target(), condition, **changes)  # type: ignore[arg-type]


def course(
    item: SensingRule, until_s: float = 3600, step_s: float = 60, **series: str
) -> list[tuple[str, float]]:
    """(kind, severity or "", seconds) of each change of a rule over series."""
    numbers = {code: index for index, code in enumerate(series)}
    streams = [(code, number, step_s) for code, number in numbers.items()]
    engine = Engine([watch(compile_rule(item), 1, streams, {"warning": 12.0}, 0.0)])
    samples = sorted(
        (index * step_s, numbers[code], *step)
        for code, text in series.items()
        for index, step in enumerate(testing.expand(text))
        if step is not None
    )
    changes: list[Change] = []
    for ts, number, value, quality in samples:
        changes += engine.feed([(number, ts, value, quality)])
    changes += engine.tick(until_s)
    return [(f"{change.kind}:{change.severity}", change.at) for change in changes]


def test_threshold_fires_above_and_clears_at_the_limit() -> None:
    assert course(rule(OVER), z="9 10 11 12 10") == [("fired:major", 120.0), ("cleared:major", 240.0)]


def test_operators_differ_at_the_limit() -> None:
    assert course(rule(Threshold("z", "at_least", 10.0)), z="9 10") == [("fired:major", 60.0)]
    assert course(rule(Threshold("z", "at_most", 10.0)), z="11 10") == [("fired:major", 60.0)]
    assert course(rule(Threshold("z", "under", 10.0)), z="11 10 9.9") == [("fired:major", 120.0)]


def test_hysteresis_holds_until_the_value_is_back_beyond_it() -> None:
    item = rule(Threshold("z", "over", 10.0, hysteresis=2.0))
    assert course(item, z="11 9 8.5 8 9 11") == [
        ("fired:major", 0.0),
        ("cleared:major", 180.0),
        ("fired:major", 300.0),
    ]


def test_duration_counts_from_the_first_true_and_starts_anew_after_a_false() -> None:
    item = rule(OVER, for_s=180)
    assert course(item, z="11 11 11 9 11 11 11 11") == [("fired:major", 240.0 + 180.0)]


def test_a_duration_ends_between_readings_by_timer_only_while_the_value_is_fresh() -> None:
    assert course(rule(OVER, for_s=90), z="11 11") == [("fired:major", 90.0)]
    assert course(rule(OVER, for_s=1800), z="11") == []


def test_keep_for_bridges_short_gaps() -> None:
    item = rule(OVER, keep_for_s=120)
    assert course(item, z="11 9 11 9 9 9") == [("fired:major", 0.0), ("cleared:major", 180.0 + 120.0)]


def test_an_explicit_clear_condition_must_hold() -> None:
    item = rule(OVER, clear=Threshold("z", "under", 5.0))
    assert course(item, z="11 9 6 4.9") == [("fired:major", 0.0), ("cleared:major", 180.0)]


def test_flagged_values_neither_fire_nor_clear() -> None:
    assert course(rule(OVER), z="99! 9") == []
    assert course(rule(OVER), z="11 2! 2!") == [("fired:major", 0.0)]
    assert course(rule(Threshold("z", "over", 10.0, flagged=True)), z="99!") == [("fired:major", 0.0)]
    assert course(rule(Flagged("z", 4)), z="9 9! 9") == [("fired:major", 60.0), ("cleared:major", 120.0)]


def test_absence_fires_by_the_clock_and_clears_with_the_next_reading() -> None:
    item = rule(Absence("z", steps=3))
    assert course(item, z="1 1 _x5 1") == [
        ("fired:major", 60.0 + 180.0),
        ("cleared:major", 420.0),
        ("fired:major", 420.0 + 180.0),
    ]


def test_a_stream_that_was_never_heard_is_absent_from_the_start_of_the_watch() -> None:
    assert course(rule(Absence("z", steps=3)), z="_")[0] == ("fired:major", 180.0)


def test_rate_needs_readings_over_half_the_window() -> None:
    item = rule(Rate("z", "over", 5.0, window_s=600))
    # 0.1 a minute is 6 an hour; known only once the readings span five minutes
    assert course(item, z="1+0.1x10") == [("fired:major", 300.0)]
    assert course(item, z="1+0.08x30") == []


def test_aggregates() -> None:
    mean = rule(Aggregate("z", "mean", 180, "over", 10.0))
    # at 120 s the window holds 9, 9, 15
    assert course(mean, z="9 9 15 9") == [("fired:major", 120.0)]
    count = rule(Aggregate("z", "count", 180, "under", 2.0))
    assert course(count, z="1 1 1")[:2] == [("fired:major", 0.0), ("cleared:major", 60.0)]
    median = rule(Aggregate("z", "percentile", 300, "over", 10.0, percentile=50))
    assert course(median, z="9 11 11") == [("fired:major", 120.0)]


def test_repeating_counts_readings_in_the_window() -> None:
    item = rule(Repeating(OVER, times=2, window_s=180))
    assert course(item, z="11 9 11 9 9 9")[0] == ("fired:major", 120.0)
    assert course(item, z="11 9 9 11 9 9") == []


def test_levels_step_up_and_down_within_one_event() -> None:
    item = rule(OVER, severity="minor", levels=(Level("critical", Threshold("z", "over", 20.0)),))
    assert course(item, z="11 21 12 9") == [
        ("fired:minor", 0.0),
        ("changed:critical", 60.0),
        ("changed:minor", 120.0),
        ("cleared:minor", 180.0),
    ]


def test_limits_from_properties_and_other_streams() -> None:
    assert course(rule(Threshold("z", "over", Attribute("warning"))), z="11 12.1") == [("fired:major", 60.0)]
    assert course(rule(Threshold("z", "over", Attribute("nothing"))), z="99") == []
    ratio = rule(Threshold("z", "over", Stream("base", times=1.5, plus=1.0)))
    found = course(ratio, z="10 14.1 14.2", base="8 8.8 8.8")
    assert found == [("fired:major", 60.0), ("cleared:major", 60.0)]


def test_and_or_not_are_three_valued() -> None:
    both = rule(All((OVER, Threshold("q", "over", 5.0))))
    assert course(both, z="11 11 11", q="_ 4 6") == [("fired:major", 120.0)]
    either = rule(AnyOf((OVER, Threshold("q", "over", 5.0))))
    assert course(either, z="9 11", q="_ _") == [("fired:major", 60.0)]
    assert course(rule(Not(OVER)), z="11 9") == [("fired:major", 60.0)]


def test_outside_a_band() -> None:
    item = rule(Outside("z", 5.0, 10.0, hysteresis=1.0))
    assert course(item, z="7 4 5.5 6.5 11 9.5 8") == [
        ("fired:major", 60.0),
        ("cleared:major", 180.0),
        ("fired:major", 240.0),
        ("cleared:major", 360.0),
    ]


def test_a_schedule_bounds_the_opening() -> None:
    # the series begins on Thursday 1970-01-01, 08:00 in the county
    assert course(rule(OVER, schedule=Schedule(start="08:01")), z="11 11") == [("fired:major", 60.0)]
    assert course(rule(OVER, schedule=Schedule(days=(5, 6))), z="11 11") == []


def test_late_readings_change_nothing() -> None:
    engine = Engine([watch(compile_rule(rule(OVER)), 1, [("z", 1, 60)], {}, 0.0)])
    assert engine.feed([(1, 600.0, 9.0, 0), (1, 300.0, 99.0, 0)]) == []
    assert engine.late == 1


def test_memory_survives_a_restart() -> None:
    item = rule(Threshold("z", "over", 10.0, hysteresis=2.0), for_s=120, keep_for_s=60)
    first = watch(compile_rule(item), 1, [("z", 1, 60)], {}, 0.0)
    Engine([first]).feed([(1, 0.0, 11.0, 0), (1, 60.0, 9.0, 0)])
    second = watch(compile_rule(item), 1, [("z", 1, 60)], {}, 999.0)
    second.restore(first.memory(), first.severity)
    engine = Engine([second])
    assert engine.feed([(1, 60.0, 99.0, 0)]) == [] and engine.late == 1
    fired = engine.feed([(1, 120.0, 9.0, 0)])
    assert [(change.kind, change.at) for change in fired] == [("fired", 120.0)]
    third = watch(compile_rule(item), 1, [("z", 1, 60)], {}, 999.0)
    third.restore(second.memory(), second.severity)
    cleared = Engine([third]).feed([(1, 180.0, 8.0, 0), (1, 240.0, 8.0, 0)])
    assert [(change.kind, change.at) for change in cleared] == [("cleared", 240.0)]


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("{a} + {b} × 2 > 10", True),
        ("({a} + {b}) × 2 > 16", False),
        ("max({a}, {b}) - min({a}, {b}) >= 2", True),
        ("abs(0 - {a}) < {@limit}", False),
        ("-{a} <= -3", True),
        ("{a} / 0 > 1", None),
        ("{a} > {c}", None),
    ],
)
def test_expressions(text: str, truth: bool | None) -> None:
    views = {"a": StreamView(1, 60.0), "b": StreamView(2, 60.0), "c": StreamView(3, 60.0)}
    views["a"].take(0.0, 3.0, 0, 0.0)
    views["b"].take(0.0, 5.0, 0, 0.0)
    assert expression.parse(text).run(Inputs(views, {"limit": 3}, now=0.0)) is truth


@pytest.mark.parametrize(
    "text", ["", "{a}", "{a} > ", "{a} > 1 > 2", "__import__('os')", "{a} > max()", "abs(1,2)>1"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expression"):
        expression.parse(text)


def test_rules_survive_json() -> None:
    item = rule(
        All(
            (OVER, Repeating(Outside("q", Attribute("low"), Stream("z")), 2, 600), Not(Expression("{z} > 1")))
        ),
        clear=Absence("z"),
        levels=(Level("critical", Rate("z", "over", -5.0, 600), 60),),
        schedule=Schedule((0, 1), "08:00", "18:00"),
        tests=(RuleTest("t", {"z": "1x5"}, (Expect(60, ""),)),),
    )
    assert load_rule(dump(item)) == item


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("kind", "exec", "unknown kind 'exec'"),
        ("colour", "red", "unknown member 'colour'"),
        ("severity", "dreadful", "severity: none of"),
        ("for_s", -1, "for_s: not a number"),
        ("condition", {"kind": "threshold", "stream": "z", "op": "near", "limit": 1}, "op: none of"),
        ("condition", {"kind": "threshold", "stream": "z", "op": "over", "limit": "1"}, "limit: neither"),
        ("condition", {"kind": "threshold", "stream": "z"}, "missing 2 required"),
        ("condition", "z > 1", "condition: not a condition"),
        ("condition", {"kind": "all", "conditions": []}, "conditions: not a list"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(path: str, value: object, message: str) -> None:
    data = dump(rule(OVER))
    data[path] = value
    with pytest.raises(ValueError, match=message):
        load_rule(data)


def test_series_notation_follows_promtool() -> None:
    assert testing.expand("0 3 _ 4x2") == [(0.0, 0), (3.0, 0), None, (4.0, 0), (4.0, 0), (4.0, 0)]
    assert testing.expand("1+2x3 9-1x2") == [(v, 0) for v in (1.0, 3.0, 5.0, 7.0, 9.0, 8.0, 7.0)]
    assert testing.expand("_x3 -1.5 7!") == [None, None, None, (-1.5, 0), (7.0, 4)]
    with pytest.raises(ValueError, match="cannot read"):
        testing.expand("1 two")


def test_rule_tests_tell_where_they_fail() -> None:
    good = RuleTest("rise", {"z": "9 11x9"}, (Expect(60, ""), Expect(180, "major")))
    bad = RuleTest("wrong", {"z": "9 11x9"}, (Expect(120, "major"),))
    item = rule(OVER, for_s=120, tests=(good, bad))
    outcomes = testing.run_tests(item)
    assert [(outcome.name, outcome.passed) for outcome in outcomes] == [("rise", True), ("wrong", False)]
    assert outcomes[1].failures == ("120 s: - ≠ major",)
    assert not testing.sufficient(item, outcomes)
    assert testing.sufficient(rule(OVER, tests=(good,)), outcomes[:1])
    only_silent = rule(OVER, tests=(RuleTest("quiet", {"z": "1"}, (Expect(0, ""),)),))
    assert not testing.sufficient(only_silent, testing.run_tests(only_silent))


def test_a_rule_speaks_in_sentences() -> None:
    item = rule(
        All((Threshold("z", "over", 10.0, hysteresis=2.0), Not(Flagged("z", 4)))),
        for_s=3600,
        levels=(Level("critical", Repeating(Outside("z", 1.0, Attribute("low")), 2, 600)),),
        clear=Aggregate("z", "mean", 90, "at_most", 5.0),
    )
    assert sentences(item) == [
        "对象:所有有这些数据流的设备",
        "(z 高于 10(回差 2)) 并且 (并非(z 的质量标记含 仪器故障)),持续1小时 → 重要",
        "10分钟内至少2次:z 超出 1-设备属性 low → 危急",
        "解除:z 在1.5分钟内的平均值不高于 5",
    ]
