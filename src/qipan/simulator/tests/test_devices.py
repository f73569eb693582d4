"""Simulated stations against the gateway's own links, with a store that keeps what it gets in memory."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.gateway.codecs import OrderText, Reply
from qipan.kernel.sensing.gateway.hj212 import Hj212Codec
from qipan.kernel.sensing.gateway.keys import KeyBook
from qipan.kernel.sensing.gateway.links import Link, Switchboard
from qipan.kernel.sensing.gateway.pipeline import Pipeline
from qipan.kernel.sensing.gateway.spool import Spool
from qipan.kernel.sensing.readings import FrameRecord, Reading
from qipan.protocols.hj212 import Edition, Frame, Framer, parse
from qipan.simulator import devices as devices_module
from qipan.simulator.clock import Clock
from qipan.simulator.devices import Device, Tally, since_when
from qipan.simulator.episode import Episode
from qipan.simulator.faults import Faults, faults_of
from qipan.simulator.logger import DataLogger
from qipan.simulator.stations import Station, from_rows

pytestmark = pytest.mark.enable_socket
START = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)


def station(code: str = "AIR-101", edition: str = "2017", **changes: Any) -> Station:
    row = {
        "key": f"KEY{code}",
        "code": code,
        "kind": "township_air",
        "lon": 115.4,
        "lat": 36.5,
        "settings": {"edition": edition, "stamp": "end", "answer_2005": True},
        "step_s": 60,
        "factors": [["a34004", 1, True], ["a21026", 1, False]],
        **changes,
    }
    return from_rows([row])[0]


class Bench:
    """A gateway without a database."""

    def __init__(self, folder: Path) -> None:
        self.readings: list[Reading] = []
        self.frames: list[FrameRecord] = []
        self.replies: list[Reply] = []
        self.keys = KeyBook()
        self.codec = Hj212Codec(self.keys)
        self.pipeline = Pipeline(Spool(folder), self._store, {"hj212": self.codec}, ThreadPoolExecutor(1))
        self.board = Switchboard(self.pipeline)
        self.board.on_reply = lambda protocol, key, reply: self.replies.append(reply)

    def _store(self, readings: Sequence[Reading], frames: Sequence[FrameRecord]) -> None:
        self.readings += readings
        self.frames += frames

    def know(self, one: Station) -> None:
        """Register the station's settings."""
        self.keys._settings["hj212", one.key] = {
            "edition": one.edition.value,
            "stamp": "end",
            "answer_2005": True,
        }

    async def open(self) -> tuple[asyncio.Server, tuple[str, int]]:
        """Listen on a free port."""
        self.pipeline.start()
        server = await asyncio.get_running_loop().create_server(
            partial(Link, self.board, self.codec), "127.0.0.1", 0
        )
        return server, server.sockets[0].getsockname()[:2]


async def play(
    bench: Bench, stations: list[Station], faults: Faults, until: Any, *, speed: float = 1e6
) -> Tally:
    """Run devices that catch up two hours, at once unless a speed is given, until a condition holds."""
    server, address = await bench.open()
    begin = now() - timedelta(hours=2)
    clock, tally, episode = Clock(begin, speed), Tally(), Episode(begin)
    made = [Device(DataLogger(one, episode, begin), clock, address, tally, faults) for one in stations]
    tasks = [asyncio.create_task(device.run()) for device in made]
    try:
        async with asyncio.timeout(20):
            while not until(tally, made):
                await asyncio.sleep(0.02)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.close()
        await bench.pipeline.stop(2.0)
    return tally


def all_answered(tally: Tally, made: list[Device]) -> bool:
    return tally.answered >= 110 * len(made) and not any(device.logger.waiting for device in made)


@pytest.mark.parametrize("edition", ["2005", "2017", "2025"])
def test_every_value_arrives_once_in_each_edition(edition: str, tmp_path: Path) -> None:
    bench, one = Bench(tmp_path), station(edition=edition)
    bench.know(one)
    asyncio.run(play(bench, [one], Faults(), all_answered))
    minutes = {reading.ts: reading.value for reading in bench.readings if reading.code == "a34004"}
    hours = [reading for reading in bench.readings if reading.code == "a34004/hour/avg"]
    assert len(minutes) == len([reading for reading in bench.readings if reading.code == "a34004"])
    assert len(minutes) in range(118, 123)
    assert len(hours) in (2, 3)
    assert {reading.interval_start.minute for reading in hours if reading.interval_start} == {0}
    assert {reading.code for reading in bench.readings} == {"a34004", "a21026", "a34004/hour/avg"}
    assert {frame.outcome for frame in bench.frames} == {"accepted"}
    assert {parse(frame.raw[6:-4], edition=Edition(edition)).flag for frame in bench.frames} == {
        {"2005": None, "2017": 5, "2025": 9}[edition]
    }


def test_damaged_and_doubled_frames_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices_module, "ANSWER_S", 0.3)
    bench, one = Bench(tmp_path), station()
    tally = asyncio.run(play(bench, [one], Faults(bad_crc=0.1, double=0.2), all_answered))
    assert tally.damaged > 0
    assert tally.doubled > 0
    assert tally.resent >= tally.damaged
    values = {reading.ts for reading in bench.readings if reading.code == "a34004"}
    assert len(values) in range(118, 123)
    refused = [frame for frame in bench.frames if frame.outcome == "refused"]
    assert len(refused) == tally.damaged
    assert {frame.key for frame in refused} == {one.key}


def test_a_silent_station_comes_back_with_everything_it_kept(tmp_path: Path) -> None:
    bench, one = Bench(tmp_path), station()
    faults = Faults(silences=((0.5, 1.2),))
    assert faults.silent(0.75)
    assert not faults.silent(1.2)
    asyncio.run(play(bench, [one], faults, all_answered, speed=3600.0))
    assert bench.board.counts.opened >= 2
    minutes = sorted({reading.ts for reading in bench.readings if reading.code == "a34004"})
    assert len(minutes) >= 105
    assert {later - earlier for earlier, later in pairwise(minutes)} == {timedelta(minutes=1)}


def test_a_fast_clock_puts_a_later_stamp_on_what_is_measured_now() -> None:
    right, fast = (DataLogger(station(), Episode(START), START) for _ in range(2))
    fast.drift = timedelta(minutes=8)
    assert right.advance(START) == 1
    # eight minutes, and the hour that its clock has just ended
    assert fast.advance(START) == 10
    true = parse(right.waiting[0].frame[6:-6])
    ahead = parse(fast.waiting[-1].frame[6:-6])
    assert (true.get("DataTime"), ahead.get("DataTime")) == ("20261121000000", "20261121000800")
    assert true.get("a34004-Rtd") == ahead.get("a34004-Rtd")


def test_codes_of_2005_are_sent_by_stations_of_2005() -> None:
    logger = DataLogger(station(edition="2005"), Episode(START), START)
    logger.advance(START)
    message = parse(logger.waiting[0].frame[6:-6])
    assert message.get("02-Rtd") is not None
    assert message.get("a21026-Rtd") is None
    assert (message.qn, message.flag) == (None, None)


def test_faults_are_the_same_at_every_run_and_rare() -> None:
    stations = [station(f"MIC-{number:03d}") for number in range(200)]
    chosen = [faults_of(one) for one in stations]
    assert chosen == [faults_of(one) for one in stations]
    assert 4 <= sum(bool(faults.silences) for faults in chosen) <= 35
    assert 1 <= sum(bool(faults.drift) for faults in chosen) <= 25


def test_a_device_goes_on_where_it_stopped() -> None:
    assert since_when(None, START) == START
    assert since_when(START + timedelta(hours=1), START) == START + timedelta(hours=1, seconds=1)
    assert since_when(START - timedelta(days=9), START) == START


def test_orders_are_obeyed(tmp_path: Path) -> None:
    bench, one = Bench(tmp_path), station()
    begin = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    orders = [
        OrderText(one.key, "set_clock", {"SystemTime": now().isoformat()}),
        OrderText(one.key, "get_clock", {}),
        OrderText(one.key, "history_hour", {"BeginTime": begin.isoformat(), "EndTime": now().isoformat()}),
        OrderText(one.key, "keep_sample", {}),
    ]
    sent: list[str] = []

    def finished(tally: Tally, made: list[Device]) -> bool:
        link = bench.board.sessions.get(("hj212", one.key))
        if link is not None and tally.answered > 100 and len(sent) < len(orders):
            outgoing = bench.codec.order(orders[len(sent)], now())
            link.send(outgoing.raw)
            sent.append(outgoing.reference)
        return len(bench.replies) >= 9

    asyncio.run(play(bench, [one], Faults(), finished))
    said = {number: [r for r in bench.replies if r.reference == qn] for number, qn in enumerate(sent)}
    assert [dict(reply.values) for reply in said[0]] == [{"QnRtn": 1}, {"ExeRtn": 1}]
    assert set(said[1][1].values) == {"SystemTime"}
    assert [dict(reply.values) for reply in said[2]] == [{"QnRtn": 1}, {"ExeRtn": 1}]
    assert [reply.final for reply in said[3]] == [False, True]
    assert all(reply.good for reply in bench.replies)


def test_frames_of_the_logger_are_frames_of_the_standard() -> None:
    logger = DataLogger(station(edition="2025"), Episode(START), START)
    logger.advance(START + timedelta(hours=1, minutes=2))
    items = [item for record in logger.waiting for item in Framer().feed(record.frame)]
    assert all(isinstance(item, Frame) for item in items)
    assert len({record.qn for record in logger.waiting}) == len(logger.waiting) == 65
