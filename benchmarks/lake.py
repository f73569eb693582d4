"""The lake beside its limits: flushes, aggregates, points, forecasts, writers side by side, upkeep."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.db import connection, connections

from qipan.kernel import lake
from qipan.kernel.lake import forecast
from qipan.kernel.lake.models import LakeBatch, LakeRun
from qipan.kernel.lake.tables import Table

Figures = dict[str, dict[str, object]]
READINGS = Table(
    "bench_reading",
    owner="bench",
    schema=pa.schema(
        [
            pa.field("day", pa.date32(), nullable=False),
            pa.field("stream", pa.int32(), nullable=False),
            pa.field("at", pa.timestamp("us"), nullable=False),
            pa.field("value", pa.float64()),
        ]
    ),
    sort=("stream", "at"),
)
SMALL = Table("bench_small", owner="bench", schema=READINGS.schema, sort=READINGS.sort)
FORECASTS = forecast.store("bench")
FLUSH_ROWS, STREAMS, DAYS = 50_000, 2_500, 20
DAY = date(2026, 1, 1)


def run(report: Callable[[str], None]) -> Figures:
    """Every figure in a catalogue and folder of its own, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lake-bench-"))
    before = {name: getattr(settings, name, "") for name in ("LAKE_CATALOGUE", "LAKE_WAREHOUSE")}
    settings.LAKE_CATALOGUE, settings.LAKE_WAREHOUSE = f"bench-{uuid4().hex}", f"file://{folder}"
    try:
        figures: Figures = {}
        for part in (flushes, reads, forecasts, writers, upkeep):
            figures |= part()
            report(f"{part.__name__}: done")
        return figures
    finally:
        LakeBatch.objects.filter(table__startswith="bench.").delete()
        LakeRun.objects.filter(table__startswith="bench.").delete()
        _forget(str(settings.LAKE_CATALOGUE))
        settings.LAKE_CATALOGUE, settings.LAKE_WAREHOUSE = (
            before["LAKE_CATALOGUE"] or "qipan",
            before["LAKE_WAREHOUSE"],
        )
        shutil.rmtree(folder, ignore_errors=True)


def _forget(catalogue: str) -> None:
    with connection.cursor() as cursor:
        for table in ("iceberg_tables", "iceberg_namespace_properties"):
            cursor.execute(f"DELETE FROM lake.{table} WHERE catalog_name = %s", [catalogue])


def readings(day: date, count: int = FLUSH_ROWS, *, first: int = 0) -> pa.Table:
    """Readings of a day in the order of arrival: every stream in turn."""
    rng = np.random.default_rng(first + day.toordinal())
    number = np.arange(first, first + count)
    start = np.datetime64(datetime(day.year, day.month, day.day), "us")
    return pa.table(
        {
            "day": pa.array(np.full(count, np.datetime64(day, "D")), pa.date32()),
            "stream": pa.array((number % STREAMS).astype(np.int32)),
            "at": pa.array(start + (number // STREAMS * 60_000_000).astype("timedelta64[us]")),
            "value": pa.array(rng.normal(50, 10, count)),
        }
    )


def flushes() -> Figures:
    """Twenty flushes of 50,000 rows, each with its batch row: one million rows."""
    took = []
    for number in range(DAYS):
        rows = readings(DAY + timedelta(days=number))
        took.append(_seconds(lambda rows=rows, number=number: lake.append(READINGS, rows, f"hot:{number}")))
    rate = FLUSH_ROWS * len(took) / sum(took)
    return {
        "flush 50,000 rows, median ms": _most(1000 * statistics.median(took), 120),
        "flush rows/s": {"value": round(rate), "goal": 400_000, "met": rate >= 400_000},
    }


def reads() -> Figures:
    """Aggregate of a million rows to 50,000 groups, one stream of one day, count."""
    t = lake.table(READINGS)
    expressions = {
        "agg 1 M rows to 50,000 groups ms": (
            t.group_by("day", "stream").agg(mean=t.value.mean(), top=t.value.max()), 200,
        ),
        "one stream of one day ms": (t.filter(t.day == DAY, t.stream == 7).order_by("at"), 50),
        "count ms": (t.count().as_table(), 15),
    }  # fmt: skip
    figures: Figures = {}
    for name, (expression, goal) in expressions.items():
        took = [_seconds(lambda e=expression: lake.query(e)) for _ in range(7)]
        figures[name] = _most(1000 * statistics.median(took), goal)
    return figures


def forecasts() -> Figures:
    """One issue of 18 places, 5 quantities, 50 members, 169 hours; the fan of one place."""
    issued = datetime(2026, 1, 1, 12, tzinfo=UTC)
    places, quantities, members, leads = 18, 5, 50, 169
    count = places * quantities * members * leads
    shape = (places, quantities, members, leads)
    index = np.indices(shape).reshape(4, count)
    start = np.datetime64("2026-01-01T12", "us")
    columns = {
        "valid": pa.array(start + (index[3] * 3_600_000_000).astype("timedelta64[us]")),
        "place": pa.array([f"p{n:02d}" for n in range(places)]).take(pa.array(index[0])),
        "quantity": pa.array([f"q{n}" for n in range(quantities)]).take(pa.array(index[1])),
        "member": pa.array(index[2].astype(np.int32)),
        "value": pa.array(np.random.default_rng(1).normal(20, 5, count)),
    }
    issues = [forecast.rows(model, issued, columns) for model in ("one", "two")]
    took = [_seconds(lambda issue=issue: forecast.write(FORECASTS, issue)) for issue in issues]
    fans = [_seconds(lambda: forecast.fan(FORECASTS, "q2", "p07", "one:2026-01-01T12Z")) for _ in range(7)]
    size = sum(os.path.getsize(path) for path in lake.files(FORECASTS))
    return {
        "one issue of 760,500 rows s": {"value": round(min(took), 2)},
        "bytes of a forecast row": {"value": round(size / count / 2, 1)},
        "fan of one place from 1.5 M rows ms": _most(1000 * statistics.median(fans), 80),
    }


def writers() -> Figures:
    """Four writers, 25 appends of 5,000 rows each, on one table."""

    def write(number: int) -> int:
        try:
            for part in range(25):
                lake.append(
                    SMALL, readings(DAY, 5_000, first=5_000 * (25 * number + part)), f"{number}-{part}"
                )
            return 25
        finally:
            connections.close_all()

    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        landed = sum(pool.map(write, range(4)))
    seconds = time.monotonic() - started
    t = lake.table(SMALL)
    rows = lake.query(t.count().as_table()).column(0)[0].as_py()
    unique = lake.query(t.select("stream", "at").distinct().count().as_table()).column(0)[0].as_py()
    return {
        "4 writers x 25 appends s": _most(seconds, 10),
        "4 writers: lost or doubled rows": _most(abs(rows - 500_000) + rows - unique, 0)
        | {"appends": landed},
    }


def upkeep() -> Figures:
    """After all that: files merged; planning; share of the files that are needed."""
    plan_before = _seconds(lambda: lake.files(SMALL))
    run = lake.maintain(SMALL)
    plan = [_seconds(lambda: lake.files(SMALL)) for _ in range(5)]
    return {
        "files before, after": {"value": f"100, {len(lake.files(SMALL))}"},
        "plan before ms": {"value": round(1000 * plan_before, 1)},
        "plan after ms": _most(1000 * statistics.median(plan), 50),
        "partitions merged": {"value": run.compacted},
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _most(value: float, goal: float) -> dict[str, object]:
    return {"value": round(value, 1), "goal": goal, "met": value <= goal}
