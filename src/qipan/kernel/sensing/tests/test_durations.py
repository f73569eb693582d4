"""Durations equal Prometheus': its alert state machine, written down again, judges 200 random series.

Source: prometheus/rules/alerting.go, ``AlertingRule.Eval`` (``for``, ``keep_firing_for``).
"""

import random
from dataclasses import dataclass

from qipan.kernel.sensing.declarations import SensingRule, Target, Threshold
from qipan.kernel.sensing.rules.engine import Engine
from qipan.kernel.sensing.rules.machine import compile_rule, watch

STEP, SERIES, LENGTH, LIMIT = 60.0, 200, 80, 50.0


@dataclass
class Alert:
    """One alert as Prometheus keeps it between evaluations."""

    for_s: float
    keep_s: float
    active_at: float | None = None
    keep_since: float | None = None
    firing: bool = False

    def evaluate(self, now: float, holds: bool) -> bool:
        """Whether the alert fires after an evaluation."""
        if holds:
            self.keep_since = None
            self.active_at = now if self.active_at is None else self.active_at
            self.firing = self.firing or now - self.active_at >= self.for_s
            return self.firing
        if self.firing and self.keep_s > 0:
            self.keep_since = now if self.keep_since is None else self.keep_since
            if now - self.keep_since < self.keep_s:
                return True
        self.active_at, self.keep_since, self.firing = None, None, False
        return False


def test_for_and_keep_for_equal_prometheus_on_random_series() -> None:
    chance = random.Random(212)
    fired = 0
    for number in range(SERIES):
        for_s, keep_s = STEP * chance.randrange(5), STEP * chance.randrange(5)
        rule = SensingRule("r", "r", Target(), Threshold("z", "over", LIMIT), for_s=for_s, keep_for_s=keep_s)
        item = watch(compile_rule(rule), 1, [("z", 1, STEP)], {}, 0.0)
        engine, oracle = Engine([item]), Alert(for_s, keep_s)
        value = 50.0
        for index in range(LENGTH):
            now, value = STEP * index, value + chance.uniform(-8, 8)
            engine.feed([(1, now, value, 0)])
            engine.tick(now)
            expected = oracle.evaluate(now, value > LIMIT)
            assert bool(item.severity) is expected, (number, index)
            fired += expected
    assert 0.2 < fired / (SERIES * LENGTH) < 0.8
