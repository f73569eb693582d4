"""The rules' own thread: wakes with a committed batch and stops when told."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.declarations import SensingRule, Target, Threshold
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.models import Datastream, DeviceKey, RuleEvent, RuleRow, RuleVersion, Thing
from qipan.kernel.sensing.rules import runner
from qipan.kernel.sensing.rules.codec import dump
from qipan.kernel.sensing.tests.test_ingest import MN, reading


@pytest.fixture
def committed(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Rows that other connections see, removed afterwards."""
    with django_db_blocker.unblock():
        yield
        RuleEvent.objects.all().delete()
        RuleRow.objects.all().delete()
        Thing.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE sensing_observation, sensing_batch")
        connection.close()


def test_a_committed_reading_fires_within_seconds_and_only_one_runner_works(committed: None) -> None:
    thing = Thing.objects.create(code="s1", name="国控站", kind="air_station")
    DeviceKey.objects.create(thing=thing, protocol="hj212", key=MN, valid_from=now())
    Datastream.objects.create(thing=thing, code="a34004", step_s=60)
    rule = SensingRule("r", "r", Target(), Threshold("a34004", "over", 75.0))
    row = RuleRow.objects.create(code="r", name="r", enabled=True)
    RuleVersion.objects.create(rule=row, number=1, body=dump(rule), state="active", drafted_at=now())
    stop = threading.Event()
    thread = runner.start(stop)
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until and not _is_taken():
            time.sleep(0.05)
        assert _is_taken()
        assert runner.run_if_free() == 0
        store_batch([reading(0, 80.0, ts=now(), received=now())])
        while time.monotonic() < until and not RuleEvent.objects.exists():
            time.sleep(0.05)
        assert RuleEvent.objects.get().severity == "major"
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def _is_taken() -> bool:
    with runner.lock() as mine:
        return not mine


@pytest.mark.django_db
def test_the_lock_is_free_again_after_use() -> None:
    with runner.lock() as first:
        assert first is True
    with runner.lock() as second:
        assert second is True
