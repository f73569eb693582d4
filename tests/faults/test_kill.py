"""kill -9 of gateway, web, worker and PostgreSQL under load: nothing answered is lost, nothing is doubled."""

import os
import shutil
import signal
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests import county_process
from tests.station import Link, frame

ROUNDS = ("gateway", "web", "postgres", "worker", "gateway", "postgres")
FRAMES_PER_S = 40


@pytest.fixture(scope="module")
def county():
    """An empty-handed demo county: few rows, no simulator."""
    home = Path(tempfile.mkdtemp(prefix="qipan-faults-"))
    running = county_process.start(home, "--demo", "--no-simulator", "--scale", "0.05")
    try:
        running.wait_ready()
        yield running
    finally:
        running.stop()
        shutil.rmtree(home, ignore_errors=True)


class Sender(threading.Thread):
    """A station that sends a new instant with each frame and resends what was not answered."""

    def __init__(self, port, mn):
        super().__init__(daemon=True)
        self.port, self.mn = port, mn
        self.stop = threading.Event()
        self.answered: dict[str, datetime] = {}
        self.at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)
        self.number = 0

    def run(self):
        while not self.stop.is_set():
            with suppress(OSError):
                self._talk()
            time.sleep(0.2)

    def _talk(self):
        link = Link(self.port)
        try:
            while not self.stop.is_set():
                sent = {}
                for _ in range(FRAMES_PER_S // 4):
                    self.number += 1
                    self.at += timedelta(seconds=1)
                    qn = f"2026010100{self.number:07d}"
                    sent[qn] = self.at
                    link.send(frame(self.mn, "2011", {"a34004": self.number % 200 + 0.5}, self.at, qn=qn))
                for qn in link.wait_answers(set(sent), seconds=5):
                    self.answered[qn] = sent[qn]
                if not set(sent) <= link.answered:
                    return
                time.sleep(0.1)
        finally:
            link.close()


def postmaster(county):
    return int((county.home / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def test_nothing_answered_is_lost_or_doubled(county):
    thing, mn = county.rows(
        "select t.id, key from sensing_devicekey k join sensing_thing t on t.id = k.thing_id"
        " where t.code = 'AIR-002'"
    )[0]
    sender = Sender(county.device_port, str(mn))
    sender.start()
    for victim in ROUNDS:
        time.sleep(3)
        os.kill(postmaster(county) if victim == "postgres" else county.child(victim), signal.SIGKILL)
        county.wait_ready(120)
    time.sleep(3)
    sender.stop.set()
    sender.join(15)
    assert len(sender.answered) > 200
    stream = county.wait_for(
        "select id from sensing_datastream where thing_id = %s and code = 'a34004'", thing
    )[0][0]
    wanted = set(sender.answered.values())
    deadline = time.monotonic() + 60
    missing = wanted
    while missing and time.monotonic() < deadline:
        stored = [
            row[0]
            for row in county.rows("select ts from sensing_observation where datastream_id = %s", stream)
        ]
        missing = wanted - set(stored)
        time.sleep(1)
    assert missing == set()
    assert len(stored) == len(set(stored))
