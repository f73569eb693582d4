"""The gateway as a process of its own: killed, started again, told to stop."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from qipan.kernel.sensing.gateway import health
from qipan.kernel.sensing.gateway.tests.test_gateway import data, observations, station
from qipan.protocols import hj212

pytestmark = [
    pytest.mark.django_db(transaction=True, available_apps=["qipan.kernel.sensing"]),
    pytest.mark.usefixtures("emptied_partitions"),
    pytest.mark.enable_socket,
]
_START = "import django; django.setup(); from qipan.kernel.sensing.gateway.process import run; run()"


Starter = Callable[[Path], tuple[subprocess.Popen[str], int]]


@pytest.fixture
def start() -> Iterator[Starter]:
    """Starts gateway processes on a free port, with the test's database; none outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def one(home: Path) -> tuple[subprocess.Popen[str], int]:
        url = (
            urlsplit(os.environ["DATABASE_URL"])
            ._replace(path=f"/{connection.settings_dict['NAME']}")
            .geturl()
        )
        environment = {**os.environ, "QIPAN_HOME": str(home), "DATABASE_URL": url, "QIPAN_HJ212_PORT": "0"}
        process = subprocess.Popen(
            [sys.executable, "-c", _START], env=environment, stdout=subprocess.PIPE, text=True
        )
        begun.append(process)
        assert process.stdout is not None
        return process, int(process.stdout.readline().rpartition(":")[2])

    yield one
    for process in begun:
        process.kill()
        process.wait()


def send(port: int, frames: list[bytes], wait_for: int) -> int:
    """Send frames over one connection and count the answers, up to ``wait_for``."""
    framer, count = hj212.Framer(), 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(b"".join(frames))
        while count < wait_for:
            got = link.recv(65536)
            if not got:
                break
            count += len(framer.feed(got))
    return count


def wait_for_rows(count: int) -> None:
    for _ in range(200):
        if len(observations()) >= count:
            return
        time.sleep(0.05)


def test_what_was_answered_survives_kill_9_and_is_stored_once(tmp_path: Path, start: Starter) -> None:
    station()
    frames = [data(minute, float(minute)) for minute in range(120)]
    acknowledged = 0
    for round_number in range(2):
        process, port = start(tmp_path)
        acknowledged += send(port, frames[round_number * 60 : (round_number + 1) * 60], 60)
        process.kill()
        process.wait()
    assert acknowledged == 120
    process, port = start(tmp_path)
    # half of them again, as a station does that missed the answers
    assert send(port, frames[::2], 60) == 60
    wait_for_rows(240)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    rows = observations()
    assert len(rows) == 240
    assert [value for code, _ts, value in rows if code == "a34004"] == [float(n) for n in range(119, -1, -1)]


def test_sigterm_ends_the_process_in_time_with_everything_stored(tmp_path: Path, start: Starter) -> None:
    station()
    process, port = start(tmp_path)
    assert send(port, [data(minute) for minute in range(30)], 30) == 30
    begin = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert time.monotonic() - begin < 5
    assert len(observations()) == 60
    assert health.read(tmp_path / "gateway")["reasons"] == ["gateway: stopped"]
