"""Runs the rules behind the store: wakes with every batch, judges what is new, writes what changed.

One runner works at a time, whichever process holds its lock; it lives as a thread of the worker, beside
those who listen to its events, and once a minute as a job. What it knows is in the database after every
change, so a crash costs nothing but the seconds until the next one takes over.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.ingest import CHANNEL
from qipan.kernel.sensing.models import Batch, RuleEvent, RuleRow, RuleVersion
from qipan.kernel.sensing.packing import Int4Array, TimeArray, binary_cursor
from qipan.kernel.sensing.quality import CLOCK_TOLERANCE
from qipan.kernel.sensing.rows import microseconds
from qipan.kernel.sensing.rules.engine import Engine, Sample
from qipan.kernel.sensing.rules.inputs import NEVER, STALE_STEPS
from qipan.kernel.sensing.rules.loading import Unit, restore, rules_in_force, units, watches_of
from qipan.kernel.sensing.rules.recording import record, remember

log = logging.getLogger(__name__)
_LOCK = 0x5E46
RELOAD_S = 10.0
REMEMBER_S = 60.0
LONGEST_SLEEP_S = 5.0
# A rule that begins to look at a stream sees at least this much of its past.
LOOK_BACK = timedelta(hours=1)

_NEW = """
SELECT o.datastream_id, extract(epoch FROM o.ts)::float8, o.value, o.quality
FROM unnest(%s, %s) AS n(d, t)
JOIN sensing_observation o ON o.datastream_id = n.d AND o.ts > n.t AND o.ts > %s AND o.ts <= %s
ORDER BY o.ts, o.datastream_id
"""
Signature = tuple[object, ...]


class Runner:
    """The engine with its memory in the database."""

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.units: dict[int, Unit] = {}
        self.batch = 0
        self._signature: Signature = ()
        self._looked = float("-inf")
        self._remembered = time.monotonic()

    def run_once(self, at: datetime | None = None) -> list[RuleEvent]:
        """Judge everything stored since the last run; gives the events that changed.

        After an error the engine is built anew from the database at the next run.
        """
        at = at or now()
        try:
            engine = self._engine(at)
            newest, changed = self._changed(engine)
            with transaction.atomic():
                changes = engine.feed(self._samples(engine, changed, at), at.timestamp())
                changes += engine.tick(at.timestamp())
                found = record(changes, self.units, at)
                self._remember(engine, at, bool(changes))
            self.batch = newest
        except Exception:
            self.engine = None
            raise
        return found

    def next_due(self) -> float | None:
        """When a timer must run, in seconds since 1970."""
        return self.engine.next_due() if self.engine is not None else None

    def _engine(self, at: datetime) -> Engine:
        """The engine in memory, built anew when rules or the register have changed."""
        if self.engine is not None and time.monotonic() - self._looked < RELOAD_S:
            return self.engine
        self._looked = time.monotonic()
        signature = _signature()
        if self.engine is None or signature != self._signature:
            if self.engine is not None:
                remember((item for item in self.engine.watches if item.dirty), at)
            self.engine = self._build(at)
            self._signature = signature
        return self.engine

    def _build(self, at: datetime) -> Engine:
        found = [item for rule in rules_in_force() for item in watches_of(rule, at.timestamp())]
        restore(found)
        engine = Engine(found)
        self.units = units(engine.by_stream)
        self.batch = 0
        return engine

    def _changed(self, engine: Engine) -> tuple[int, set[int]]:
        """The newest batch, and the watched streams of those since the last run (all of them at first)."""
        rows = Batch.objects.filter(pk__gt=self.batch).order_by("pk")
        if not self.batch:
            newest = Batch.objects.order_by("-pk").values_list("pk", flat=True).first()
            return newest or 0, set(engine.by_stream)
        changed: set[int] = set()
        newest = self.batch
        for number, streams in rows.values_list("pk", "datastream_ids"):
            newest = number
            changed.update(streams)
        return newest, changed & engine.by_stream.keys()

    def _samples(self, engine: Engine, changed: set[int], at: datetime) -> list[Sample]:
        if not changed:
            return []
        numbers = sorted(changed)
        after = [_after(engine, number, at) for number in numbers]
        limits = [min(after), at + CLOCK_TOLERANCE]
        arrays = [Int4Array(numbers), TimeArray([microseconds(instant) for instant in after])]
        with binary_cursor() as cursor:
            cursor.execute(_NEW, [*arrays, *limits])
            return cursor.fetchall()

    def _remember(self, engine: Engine, at: datetime, urgent: bool) -> None:
        """Memories go out with every change, and once a minute for those that merely moved on."""
        if urgent or time.monotonic() - self._remembered >= REMEMBER_S:
            remember((item for item in engine.watches if item.dirty), at)
            self._remembered = time.monotonic()


def _after(engine: Engine, number: int, at: datetime) -> datetime:
    """From which instant on a stream's readings are news to at least one of its watches."""
    pairs = engine.by_stream[number]
    views = [view for _item, view in pairs]
    oldest = min(view.seen for view in views)
    longest = max(level.for_s for item, _view in pairs for level in item.rule.levels)
    span = max(max(view.window_s, longest + STALE_STEPS * view.step_s) for view in views)
    earliest = at - max(LOOK_BACK, timedelta(seconds=span))
    if oldest == NEVER:
        return earliest
    # what a restart has emptied is filled again from the store
    if any(view.good is None or (view.window_s and not view.window) for view in views):
        return earliest
    return max(earliest, datetime.fromtimestamp(oldest, UTC))


def _signature() -> Signature:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM sensing_register")
        register = cursor.fetchone()[0]
    rules = RuleRow.objects.order_by("pk").values_list("pk", "enabled", "updated_at")
    versions = RuleVersion.objects.filter(state=RuleVersion.State.ACTIVE).values_list("pk", flat=True)
    return (register, tuple(rules), tuple(versions.order_by("pk")))


@contextmanager
def lock() -> Iterator[bool]:
    """Whether this process may run the rules, until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        # a lost connection has lost the lock with it
        if mine and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def run_if_free() -> int:
    """One run, unless another process runs the rules; gives the number of changed events."""
    with lock() as mine:
        return len(Runner().run_once()) if mine else 0


def start(stop: threading.Event | None = None) -> threading.Thread:
    """Run the rules as a thread of this process until ``stop`` is set."""
    thread = threading.Thread(
        target=_serve, args=(stop or threading.Event(),), name="sensing-rules", daemon=True
    )
    thread.start()
    return thread


def _serve(stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            _follow_if_free(stop)
        except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
            log.warning("rules wait for the database: %s", str(error).strip())
            connection.close()
        except Exception:
            log.exception("rules stopped, trying again")
        close_old_connections()
        stop.wait(LONGEST_SLEEP_S)
    connection.close()


def _follow_if_free(stop: threading.Event) -> None:
    with lock() as mine:
        if mine:
            _follow(stop)


def _follow(stop: threading.Event) -> None:
    """Run with every batch and at every timer, until ``stop`` or an error."""
    runner = Runner()
    with psycopg.connect(connection_text(), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        while not stop.is_set():
            runner.run_once()
            due = runner.next_due()
            wait = LONGEST_SLEEP_S if due is None else min(LONGEST_SLEEP_S, max(0.0, due - time.time()))
            for _notify in listener.notifies(timeout=wait, stop_after=1):
                pass


def connection_text() -> str:
    """The connection string of Django's database, for connections that listen."""
    parameters = connection.get_connection_params()
    named = {
        key: value
        for key, value in parameters.items()
        if key in ("dbname", "user", "password", "host", "port", "sslmode") and value
    }
    return psycopg.conninfo.make_conninfo(**named)
