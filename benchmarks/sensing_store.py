"""Readings into the store: values per second of CPU, new ones by COPY and the same ones again.

Batches of 10,000 readings from 1,000 devices with ten streams each. The time counted is that of the
writing process and of its database backend together, so that it holds for one connection whatever else the
machine does; the wall clock is printed beside it.
"""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from qipan.kernel.base.clock import now
from qipan.kernel.sensing import partitions
from qipan.kernel.sensing.declarations import SensingRule, Target, Threshold
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.readings import Reading
from qipan.kernel.sensing.rules.engine import Engine
from qipan.kernel.sensing.rules.machine import compile_rule, watch

DEVICES, CODES, BATCHES = 1_000, 10, 15
RULES, SAMPLES = 5_000, 200_000


def run(report: Callable[[str], None]) -> dict[str, Any]:
    """Rates of one writer over one connection, and of the rule engine."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.project.settings")
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        partitions.make_ahead()
        start = now() - timedelta(hours=1)
        store_batch(_batch(start))
        batches = [_batch(start + timedelta(seconds=number)) for number in range(1, BATCHES + 1)]
        new, new_wall = _measure(batches)
        report(f"new: {new:,.0f} values per CPU second, {new_wall:,.0f} by the wall clock")
        again, again_wall = _measure(batches)
        report(f"again: {again:,.0f} values per CPU second, {again_wall:,.0f} by the wall clock")
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)
    rules = _engine()
    return {
        "new_values_per_cpu_s": {"value": round(new), "goal": "≥ 50000", "met": new >= 50_000},
        "new_values_per_s_wall": round(new_wall),
        "same_values_per_cpu_s": round(again),
        "same_values_per_s_wall": round(again_wall),
        "rule_readings_per_cpu_s": {"value": round(rules), "goal": "≥ 50000", "met": rules >= 50_000},
    }


def _batch(at: datetime) -> list[Reading]:
    return [
        Reading("bench", f"k{number // CODES}", f"c{number % CODES}", at, float(number % 97) / 3, None, 0, at)
        for number in range(DEVICES * CODES)
    ]


def _measure(batches: list[list[Reading]]) -> tuple[float, float]:
    """Values per CPU second of both processes, and per second of wall clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = int(cursor.fetchone()[0])
    cpu, begin = time.process_time() + _cpu_seconds(backend), time.monotonic()
    for batch in batches:
        store_batch(batch)
    spent = time.process_time() + _cpu_seconds(backend) - cpu
    count = sum(len(batch) for batch in batches)
    return count / spent, count / (time.monotonic() - begin)


def _cpu_seconds(process: int) -> float:
    """User and system time of a process."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _engine() -> float:
    """Readings per CPU second through thresholds with hysteresis, one rule on each of 5,000 streams."""
    rule = compile_rule(
        SensingRule("bench", "bench", Target(), Threshold("z", "over", 90.0, hysteresis=5.0), for_s=120.0)
    )
    engine = Engine(watch(rule, number, [("z", number, 60.0)], {}, 0.0) for number in range(RULES))
    samples = [
        (index % RULES, 60.0 * (index // RULES), float(index * 7919 % 100), 0) for index in range(SAMPLES)
    ]
    begin = time.process_time()
    engine.feed(samples)
    return SAMPLES / (time.process_time() - begin)
