"""The simulator process: `qipan simulate`.

Plays the demo county's stations against the gateway's own port: what they send takes the way of real
frames. A first run begins some hours back and catches up quickly, so that the episode is under way; from
then on the county's time is everybody's.
"""

import asyncio
import json
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import uvloop
from django.conf import settings
from django.db.models import Max

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.models import Latest
from qipan.simulator.clock import Clock
from qipan.simulator.devices import Device, Tally, since_when
from qipan.simulator.episode import CYCLE_H, Episode
from qipan.simulator.faults import faults_of
from qipan.simulator.logger import DataLogger
from qipan.simulator.stations import Station, from_file, from_register

LEAD = timedelta(hours=18)
CATCH_UP_SPEED = 180.0
REPORT_S = 60.0
WAIT_S = 5.0


def run(speed: float = 1.0, stations: Path | None = None) -> None:
    """Play the stations until SIGTERM or SIGINT.

    ``speed`` is how fast the past is caught up, at least ``CATCH_UP_SPEED`` times; ``stations`` names a
    JSON file to be used instead of the register. The gateway is looked for at ``QIPAN_GATEWAY_HOST`` and
    ``QIPAN_HJ212_PORT``.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_play(max(speed, CATCH_UP_SPEED), stations))


async def _play(speed: float, file: Path | None) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    stations = await _stations(file, stopping)
    if not stations:
        return
    newest = await asyncio.to_thread(_newest)
    start = since_when(newest, now() - LEAD)
    episode = Episode(_episode_start(Path(settings.QIPAN_HOME) / "simulator" / "episode.json", start))
    clock, tally = Clock(start, speed), Tally()
    address = (
        os.environ.get("QIPAN_GATEWAY_HOST", "127.0.0.1"),
        int(os.environ.get("QIPAN_HJ212_PORT", "7212")),
    )
    devices = [
        Device(DataLogger(station, episode, start), clock, address, tally, faults_of(station))
        for station in stations
    ]
    print(f"simulator: {len(devices)} stations from {start:%Y-%m-%d %H:%M} UTC, {speed:g} times", flush=True)
    tasks = [asyncio.create_task(device.run()) for device in devices]
    tasks.append(asyncio.create_task(_report(clock, tally, devices)))
    await stopping.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _stations(file: Path | None, stopping: asyncio.Event) -> Sequence[Station]:
    """The stations, as soon as the demo county has some."""
    while not stopping.is_set():
        found = from_file(file) if file is not None else await asyncio.to_thread(from_register)
        if found:
            return found
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                await stopping.wait()
    return ()


def _newest() -> datetime | None:
    """The newest value that the demo's stations have in the store, out of the future none."""
    rows = Latest.objects.filter(
        datastream__thing__demo=True, datastream__thing__keys__protocol="hj212", ts__lte=now()
    )
    newest: datetime | None = rows.aggregate(at=Max("ts"))["at"]
    return newest


def _episode_start(path: Path, start: datetime) -> datetime:
    """When the episode began: kept in a file, so that it goes on after a restart; then a new one."""
    with suppress(OSError, ValueError, KeyError):
        held = datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["start"])
        if timedelta() <= start - held < timedelta(hours=CYCLE_H):
            return held
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"start": start.isoformat()}), encoding="utf-8")
    return start


async def _report(clock: Clock, tally: Tally, devices: Sequence[Device]) -> None:
    while True:
        await asyncio.sleep(REPORT_S)
        waiting = sum(len(device.logger.waiting) for device in devices)
        print(
            f"simulator: {clock.now():%Y-%m-%d %H:%M} UTC, {tally.links} links, {tally.sent} frames sent, "
            f"{tally.resent} again, {tally.answered} answered, {waiting} waiting, {tally.orders} orders",
            flush=True,
        )
