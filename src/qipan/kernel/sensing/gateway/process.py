"""The gateway process: `qipan gateway`.

Listens on one port per protocol, keeps what comes in its spool, hands batches to the store. It needs no
database to start: while there is none, devices are answered out of the spool.
"""

import asyncio
import fcntl
import gc
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import uvloop
from django.conf import settings as django_settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from qipan.kernel.sensing.gateway import health
from qipan.kernel.sensing.gateway.codecs import Codec
from qipan.kernel.sensing.gateway.keys import KeyBook
from qipan.kernel.sensing.gateway.links import Limits, Link, Switchboard
from qipan.kernel.sensing.gateway.orders import OrderDesk
from qipan.kernel.sensing.gateway.pipeline import Pipeline, StoreDown
from qipan.kernel.sensing.gateway.registry import make_codecs
from qipan.kernel.sensing.gateway.sessions import SessionLedger
from qipan.kernel.sensing.gateway.spool import LIMIT_BYTES, Spool
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.readings import FrameRecord, Reading

log = logging.getLogger(__name__)
SWEEP_S = 5.0
KEYS_S = 5.0
SESSIONS_S = 5.0
ORDERS_S = 0.5
HEALTH_S = 1.0
STORE_STOP_S = 1.5
_DOWN = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)


class AlreadyRunning(RuntimeError):  # noqa: N818 - named after what is the case
    """Another gateway process has this spool."""


@dataclass(frozen=True)
class GatewaySettings:
    """Where to listen and where to keep the spool; ``ports`` overrides the codecs' usual ports."""

    folder: Path
    host: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    spool_limit: int = LIMIT_BYTES
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def from_environment(cls) -> "GatewaySettings":
        """Settings out of ``QIPAN_GATEWAY_HOST``, ``QIPAN_<PROTOCOL>_PORT`` and ``QIPAN_SPOOL_LIMIT``."""
        ports = {}
        for name in make_codecs(KeyBook()):
            text = os.environ.get(f"QIPAN_{name.upper()}_PORT")
            if text is not None:
                ports[name] = int(text)
        return cls(
            Path(django_settings.QIPAN_HOME) / "gateway",
            os.environ.get("QIPAN_GATEWAY_HOST", "127.0.0.1"),
            ports,
            int(os.environ.get("QIPAN_SPOOL_LIMIT", LIMIT_BYTES)),
        )


def store(readings: Sequence[Reading], frames: Sequence[FrameRecord]) -> object:
    """Store a batch in this thread's connection; StoreDown when the database cannot be reached."""
    close_old_connections()
    try:
        return store_batch(readings, frames)
    except _DOWN as error:
        connection.close()
        raise StoreDown(
            str(error).strip().splitlines()[0] if str(error).strip() else "unreachable"
        ) from error


class Gateway:
    """One gateway: its listeners, its pipeline and the chores beside them."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        settings.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(settings.folder / "lock")
        self.name = f"{socket.gethostname()}:{settings.folder}"[-64:]
        self.keys = KeyBook()
        self.codecs: dict[str, Codec] = make_codecs(self.keys)
        self.spool = Spool(settings.folder / "spool", limit=settings.spool_limit)
        self._store_thread = ThreadPoolExecutor(1, "store")
        self._chores_thread = ThreadPoolExecutor(1, "chores")
        self.pipeline = Pipeline(self.spool, store, self.codecs, self._store_thread)
        self.board = Switchboard(self.pipeline, settings.limits)
        self.ledger = SessionLedger(self.name)
        self.desk = OrderDesk(self.board, self.codecs, self._in_database)
        self.board.on_reply = self.desk.reply
        self.board.on_open = self.ledger.open
        self.board.on_close = self.ledger.close
        self.ports: dict[str, int] = {}
        self.hung = False
        self._servers: list[asyncio.Server] = []
        self._chores: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read the keys if there is a database, replay the spool, listen."""
        with suppress(*_DOWN):
            await self._in_database(self.keys.load)
            await self._in_database(self.ledger.end_orphans)
        self.pipeline.start()
        loop = asyncio.get_running_loop()
        for codec in self.codecs.values():
            port = self.settings.ports.get(codec.name, codec.port)
            server = await loop.create_server(
                partial(Link, self.board, codec), self.settings.host, port, backlog=1024
            )
            self._servers.append(server)
            self.ports[codec.name] = server.sockets[0].getsockname()[1]
        self._chores = [
            asyncio.create_task(self._every(seconds, chore))
            for seconds, chore in (
                (SWEEP_S, self._sweep),
                (KEYS_S, self._load_keys),
                (SESSIONS_S, self._write_sessions),
                (ORDERS_S, self._turn_orders),
                (HEALTH_S, self._write_health),
            )
        ]

    async def stop(self) -> None:
        """Stop listening, write the spool, send the answers it allows, store what the time lets."""
        for server in self._servers:
            server.close()
        for task in self._chores:
            task.cancel()
        links = tuple(self.board.links)
        for link in links:
            link.quiet()
        await self.pipeline.stop(STORE_STOP_S)
        for link in links:
            link.close("gateway stops")
        await asyncio.sleep(0)
        with suppress(Exception):
            await asyncio.wait_for(self._write_sessions(), 0.7)
        health.write(self.settings.folder, {"ready": False, "reasons": ["gateway: stopped"]})
        await self._end_threads()
        os.close(self._lock)

    async def _end_threads(self) -> None:
        """Close the threads' connections; one that waits for a database that does not answer is left."""
        loop = asyncio.get_running_loop()
        for thread in (self._store_thread, self._chores_thread):
            try:
                await asyncio.wait_for(loop.run_in_executor(thread, _disconnect), 0.3)
            except TimeoutError:
                self.hung = True
            thread.shutdown(wait=False, cancel_futures=True)

    def status(self) -> dict[str, Any]:
        """What the gateway is doing, and whether it can confirm what devices send."""
        reasons = []
        if self.spool.full:
            reasons.append("spool: full")
        if self.pipeline.trouble.spool:
            reasons.append(f"spool: {self.pipeline.trouble.spool}")
        links, counts = self.board.counts, self.pipeline.counts
        since = self.pipeline.trouble.since
        return {
            "ready": not reasons,
            "reasons": reasons,
            "ports": self.ports,
            "links": len(self.board.links),
            "sessions": len(self.board.sessions),
            "frames": links.frames,
            "refused": links.refused,
            "turned_away": links.turned_away,
            "answered": counts.answered,
            "stored_readings": counts.rows,
            "stored_frames": counts.stored_frames,
            "given_up": counts.given_up,
            "in_memory": self.pipeline.backlog.weight,
            "replaying": self.pipeline.lagging,
            "spool_bytes": self.spool.on_disk + self.spool.buffered,
            "spool_damaged": self.spool.damaged,
            "store_down": self.pipeline.trouble.store,
            "store_down_since": since.isoformat() if since is not None else None,
        }

    async def _every(self, seconds: float, chore: Callable[[], Awaitable[None]]) -> None:
        """Do a chore again and again; a database that is away only delays it."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await chore()
            except _DOWN:
                await asyncio.sleep(seconds)
            except Exception:
                log.exception("%s failed", getattr(chore, "__name__", "chore"))

    async def _sweep(self) -> None:
        self.board.sweep()

    async def _load_keys(self) -> None:
        await self._in_database(self.keys.load)

    async def _write_sessions(self) -> None:
        live, ended = self.ledger.entries()
        if not live and not ended:
            return
        try:
            await self._in_database(self.ledger.write, live, ended)
        except Exception:
            self.ledger.give_back(ended)
            raise

    async def _turn_orders(self) -> None:
        await self.desk.turn(asyncio.get_running_loop().time())

    async def _write_health(self) -> None:
        health.write(self.settings.folder, self.status())

    async def _in_database(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function that uses the database, in the chores' thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self._chores_thread, _guarded, work, arguments
        )


def _guarded(work: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    close_old_connections()
    try:
        return work(*arguments)
    except _DOWN:
        connection.close()
        raise


def _disconnect() -> None:
    # the name means this thread's own connection, so it must be looked up here
    connection.close()


def _lock(path: Path) -> int:
    """Hold the folder for this process; AlreadyRunning when another one does."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise AlreadyRunning(f"{path.parent}: another gateway runs here") from error
    return file


async def serve(settings: GatewaySettings, started: Callable[[Gateway], None] | None = None) -> bool:
    """Run a gateway until SIGTERM or SIGINT; ``started`` is called when it listens.

    True when a thread still waits for the database after the end: it must not hold up the process.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    gateway = Gateway(settings)
    await gateway.start()
    if started is not None:
        started(gateway)
    await stopping.wait()
    await gateway.stop()
    return gateway.hung


def run() -> None:
    """The command `qipan gateway`: serve with the settings of the environment."""
    # what is loaded by now stays: the collector need not look at it again and again
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)

    def announce(gateway: Gateway) -> None:
        doors = ", ".join(f"{name} {gateway.settings.host}:{port}" for name, port in gateway.ports.items())
        print(f"gateway: {doors}", flush=True)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        hung = runner.run(serve(GatewaySettings.from_environment(), announce))
    if hung:
        # the interpreter would wait for the thread at its end; all that was accepted is in the spool
        os._exit(0)
