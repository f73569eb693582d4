"""Rule tests as in promtool: fabricated series, a clock, and what the rule must say at which time.

Notation of a series, one item per step, blanks between: ``3.5`` a value, ``_`` no reading, ``4x10`` a 4 and
ten more, ``_x5`` five steps without, ``1+2x3`` 1 3 5 7, ``9-1x2`` 9 8 7, ``7!`` a flagged value.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qipan.kernel.sensing.declarations import SensingRule
from qipan.kernel.sensing.quality import Quality
from qipan.kernel.sensing.rules.conditions import RuleTest
from qipan.kernel.sensing.rules.engine import Engine, Sample
from qipan.kernel.sensing.rules.machine import compile_rule, watch

_ITEM = re.compile(r"(_|-?\d+(?:\.\d+)?)(?:([+-])(\d+(?:\.\d+)?))?(?:x(\d+))?(!?)")
_FLAG = int(Quality.INSTRUMENT)
# Tests begin at an arbitrary Monday, 00:00 in the county.
START = 1_767_542_400.0


@dataclass(frozen=True)
class Outcome:
    """How one test went; ``failures`` says at which second what was expected and what came."""

    name: str
    passed: bool
    failures: tuple[str, ...]


def expand(text: str) -> list[tuple[float | None, int] | None]:
    """The steps of a series: (value, quality), or None for no reading. ValueError for what is no item."""
    steps: list[tuple[float | None, int] | None] = []
    for word in text.split():
        match = _ITEM.fullmatch(word)
        if match is None:
            raise ValueError(f"series: cannot read {word!r}")
        first, sign, change, times, flagged = match.groups()
        if first == "_":
            steps += [None] * int(times or 1)
            continue
        delta = float(f"{sign}{change}") if sign else 0.0
        quality = _FLAG if flagged else 0
        steps += [(float(first) + delta * index, quality) for index in range(int(times or 0) + 1)]
    return steps


def run_test(rule: SensingRule, test: RuleTest) -> Outcome:
    """Play one test; ValueError when the rule or a series makes no sense."""
    compiled = compile_rule(rule)
    missing = compiled.codes - test.series.keys()
    if missing:
        raise ValueError(f"test {test.name}: no series for {sorted(missing)[0]}")
    numbers = {code: index for index, code in enumerate(sorted(test.series), start=1)}
    streams = [(code, number, test.step_s) for code, number in numbers.items()]
    item = watch(compiled, 1, streams, test.properties or {}, START)
    engine = Engine([item])
    samples = sorted(_samples(test, numbers), key=lambda sample: sample[1])
    failures: list[str] = []
    for expected in sorted(test.expect, key=lambda item: item.at_s):
        limit = START + expected.at_s
        while samples and samples[0][1] <= limit:
            engine.feed([samples.pop(0)])
        engine.tick(limit)
        if item.severity != expected.severity:
            said, wanted = item.severity or "-", expected.severity or "-"
            failures.append(f"{expected.at_s:g} s: {said} ≠ {wanted}")
    return Outcome(test.name, not failures, tuple(failures))


def _samples(test: RuleTest, numbers: dict[str, int]) -> list[Sample]:
    found: list[Sample] = []
    for code, text in test.series.items():
        for index, step in enumerate(expand(text)):
            if step is not None:
                found.append((numbers[code], START + index * test.step_s, *step))
    return found


def run_tests(rule: SensingRule) -> list[Outcome]:
    """Play every test of a rule."""
    return [run_test(rule, test) for test in rule.tests]


def sufficient(rule: SensingRule, outcomes: Sequence[Outcome]) -> bool:
    """Whether the tests allow the rule to be switched on: all pass, one shows it firing, one silent."""
    expected = [item.severity for test in rule.tests for item in test.expect]
    return all(item.passed for item in outcomes) and any(expected) and "" in expected


def report(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Outcomes as JSON-able data for the rule's version."""
    return [asdict(item) for item in outcomes]
