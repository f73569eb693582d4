"""The gateway over real sockets and a real database: what stations do, and what they then find stored."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.sensing.gateway import pipeline as pipeline_module
from qipan.kernel.sensing.gateway.backlog import Backlog
from qipan.kernel.sensing.gateway.pipeline import StoreDown
from qipan.kernel.sensing.gateway.process import AlreadyRunning, Gateway, GatewaySettings
from qipan.kernel.sensing.models import Datastream, DeviceKey, FrameLog, Order, Session, Thing
from qipan.protocols import hj212
from qipan.protocols.hj212.crc import modbus
from qipan.protocols.hj212.moment import written

pytestmark = [
    # threads and other processes must see what a test wrote; only this app's tables are emptied after it
    pytest.mark.django_db(transaction=True, available_apps=["qipan.kernel.sensing"]),
    pytest.mark.usefixtures("emptied_partitions"),
    pytest.mark.enable_socket,
]
MN = "010000A8900016F000169DC0"
Scenario = Callable[[Gateway], Awaitable[Any]]


def station(key: str = MN, **settings: Any) -> Thing:
    thing = Thing.objects.create(code=key, name="南关站", kind="air_station")
    DeviceKey.objects.create(thing=thing, protocol="hj212", key=key, valid_from=now(), settings=settings)
    for code in ("a34004", "a34002"):
        Datastream.objects.create(thing=thing, code=code, unit="µg/m³", step_s=60)
    return thing


def data(minute: int, value: float = 35.5, key: str = MN, flag: int = 5) -> bytes:
    at = now().replace(second=0, microsecond=0) - timedelta(minutes=minute)
    body = f"DataTime={written(at)};a34004-Rtd={value},a34004-Flag=N;a34002-Rtd=80,a34002-Flag=N"
    segment = f"QN={written(at)}{minute:03d};ST=22;CN=2011;PW=123456;MN={key};Flag={flag};CP=&&{body}&&"
    return hj212.enclose(segment.encode())


def play(folder: Path, scenario: Scenario, **changes: Any) -> Any:
    """Run a gateway on a free port with a scenario, then stop it."""

    async def whole() -> Any:
        gateway = Gateway(GatewaySettings(folder, ports={"hj212": 0}, **changes))
        await gateway.start()
        try:
            return await asyncio.wait_for(scenario(gateway), 20)
        finally:
            await gateway.stop()

    return asyncio.run(whole())


async def call(gateway: Gateway) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", gateway.ports["hj212"])


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def stored(gateway: Gateway, frames: int) -> None:
    await until(lambda: gateway.pipeline.counts.stored_frames >= frames)


async def answers(reader: asyncio.StreamReader, count: int) -> list[hj212.Message]:
    framer, found = hj212.Framer(), list[hj212.Message]()
    while len(found) < count:
        items = framer.feed(await asyncio.wait_for(reader.read(4096), 5))
        found += [hj212.parse(item) for item in items if isinstance(item, hj212.Frame)]
    return found


def observations() -> list[tuple[str, datetime, float]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.code, o.ts, o.value FROM sensing_observation o"
            " JOIN sensing_datastream d ON d.id = o.datastream_id ORDER BY o.ts, d.code"
        )
        rows: list[tuple[str, datetime, float]] = cursor.fetchall()
    return rows


def test_split_and_stuck_frames_are_answered_and_stored(tmp_path: Path) -> None:
    station()

    async def scenario(gateway: Gateway) -> list[hj212.Message]:
        reader, writer = await call(gateway)
        stream = b"".join(data(minute, 30 + minute) for minute in range(3))
        for at in range(0, len(stream), 7):
            writer.write(stream[at : at + 7])
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"".join(data(minute, 30 + minute) for minute in range(3, 6)))
        said = await answers(reader, 6)
        await stored(gateway, 6)
        return said

    said = play(tmp_path, scenario)
    assert [message.cn for message in said] == ["9014"] * 6
    assert [message.qn[-3:] for message in said] == [f"00{minute}" for minute in range(6)]
    values = [value for code, _ts, value in observations() if code == "a34004"]
    assert values == [35.0, 34.0, 33.0, 32.0, 31.0, 30.0]
    assert FrameLog.objects.filter(outcome="accepted", key=MN).count() == 6
    session = Session.objects.get()
    assert (session.key, session.frames, session.reason) == (MN, 6, "gateway stops")
    assert session.ended is not None


def test_what_is_sent_again_is_answered_again_and_stored_once(tmp_path: Path) -> None:
    station()

    async def scenario(gateway: Gateway) -> int:
        reader, writer = await call(gateway)
        writer.write(data(1))
        await answers(reader, 1)
        await stored(gateway, 1)
        writer.write(data(1) + data(1))
        said = await answers(reader, 2)
        await stored(gateway, 3)
        return len(said)

    assert play(tmp_path, scenario) == 2
    assert len(observations()) == 2


def test_bad_frames_are_logged_with_their_reason_and_not_answered(tmp_path: Path) -> None:
    station()
    good = data(1)
    wrong_crc = data(2)[:-6] + b"1234\r\n"
    impossible = hj212.enclose(
        f"QN=20260101000000000;ST=22;CN=2011;PW=1;MN={MN};Flag=5;CP=&&DataTime=20260931000000;a34004-Rtd=1&&".encode()
    )
    no_command = hj212.enclose(b"QN=20260101000000000;ST=22;PW=1;MN=%s;Flag=5;CP=&&&&" % MN.encode())

    async def scenario(gateway: Gateway) -> list[hj212.Message]:
        reader, writer = await call(gateway)
        writer.write(wrong_crc + no_command + impossible + good)
        said = await answers(reader, 2)
        await stored(gateway, 4)
        return said

    said = play(tmp_path, scenario)
    assert [message.qn for message in said] == ["20260101000000000", hj212.parse(good[6:-6]).qn]
    rows = {row.outcome + " " + row.reason: bytes(row.raw) for row in FrameLog.objects.all()}
    assert rows == {
        "refused crc_kind": wrong_crc[:-2] + b"\r\n",
        "refused cn": no_command[:-2],
        "quarantined time a34004-Rtd=1": impossible[:-2],
        "accepted ": good[:-2],
    }
    assert len(observations()) == 2


def test_an_unknown_station_waits_in_quarantine_with_its_readings(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        reader, writer = await call(gateway)
        writer.write(data(1, key="NEWSTATION01"))
        await answers(reader, 1)
        await stored(gateway, 1)

    play(tmp_path, scenario)
    key = DeviceKey.objects.get(key="NEWSTATION01")
    assert key.thing.state == Thing.State.QUARANTINE
    assert [value for _code, _ts, value in observations()] == [80.0, 35.5]


def test_a_station_without_number_is_kept_under_its_address(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        reader, writer = await call(gateway)
        writer.write(data(1, key=""))
        await answers(reader, 1)
        await stored(gateway, 1)

    play(tmp_path, scenario)
    assert DeviceKey.objects.get().key == "peer 127.0.0.1"


def test_settings_of_the_key_readmit_another_checksum(tmp_path: Path) -> None:
    station(crc_mode="modbus")
    segment = data(1)[6:-6]

    async def scenario(gateway: Gateway) -> None:
        reader, writer = await call(gateway)
        writer.write(b"##%04d%s%04X\r\n" % (len(segment), segment, modbus(segment)))
        await answers(reader, 1)
        await stored(gateway, 1)

    play(tmp_path, scenario)
    assert FrameLog.objects.get().reason == "crc_modbus"
    assert len(observations()) == 2


def test_divided_messages_are_joined(tmp_path: Path) -> None:
    station()
    at = now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    head = f"QN={written(at)}000;ST=22;CN=2061;PW=1;MN={MN};Flag=7;PNUM=2;PNO="
    parts = [
        hj212.enclose(
            f"{head}{number};CP=&&DataTime={written(at)};{code}-Avg={number},{code}-Flag=N&&".encode()
        )
        for number, code in ((2, "a34002"), (1, "a34004"))
    ]

    async def scenario(gateway: Gateway) -> None:
        reader, writer = await call(gateway)
        writer.write(parts[0])
        await answers(reader, 1)
        await stored(gateway, 1)
        assert gateway.spool.mark < gateway.spool.tail
        writer.write(parts[1])
        await answers(reader, 1)
        await stored(gateway, 2)
        assert gateway.spool.mark == gateway.spool.tail

    play(tmp_path, scenario)
    hour = at + timedelta(hours=1)
    assert observations() == [("a34002/hour/avg", hour, 2.0), ("a34004/hour/avg", hour, 1.0)]


def test_other_protocols_are_shut_out(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> list[bytes]:
        seen = []
        for _ in range(5):
            reader, writer = await call(gateway)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            seen.append(await asyncio.wait_for(reader.read(), 5))
            writer.close()
        assert gateway.board.bans.banned("127.0.0.1", asyncio.get_running_loop().time())
        before = gateway.board.counts.turned_away
        reader, writer = await call(gateway)
        writer.write(data(1))
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        assert gateway.board.counts.turned_away == before + 1
        return seen

    assert play(tmp_path, scenario) == [b""] * 5


def test_eight_kib_without_a_frame_end_the_link(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> bytes:
        reader, writer = await call(gateway)
        writer.write(b"##" + b"x" * 10_000)
        return await asyncio.wait_for(reader.read(), 5)

    assert play(tmp_path, scenario) == b""


def test_answers_go_on_while_the_database_is_away_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station()
    monkeypatch.setattr(pipeline_module, "LONGEST_PAUSE_S", 0.1)

    async def scenario(gateway: Gateway) -> None:
        real, gateway.pipeline._store_now = gateway.pipeline._store_now, away
        gateway.pipeline.backlog = Backlog(capacity=30)
        reader, writer = await call(gateway)
        for minute in range(60):
            writer.write(data(minute, minute))
        await answers(reader, 60)
        assert gateway.pipeline.lagging
        assert gateway.pipeline.counts.stored_frames == 0
        await until(lambda: gateway.status()["store_down"] == "test")
        assert gateway.status()["ready"] is True
        gateway.pipeline._store_now = real
        await until(lambda: gateway.spool.mark == gateway.spool.tail and not gateway.pipeline.lagging)
        writer.write(data(60, 60))
        await answers(reader, 1)
        await until(lambda: gateway.spool.mark == gateway.spool.tail)

    def away(*_: Any) -> None:
        raise StoreDown("test")

    play(tmp_path, scenario)
    values = [value for code, _ts, value in observations() if code == "a34004"]
    assert values == [float(minute) for minute in range(60, -1, -1)]


def test_a_full_spool_gives_no_answer_and_says_so(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        def away(*_: Any) -> None:
            raise StoreDown("test")

        gateway.pipeline._store_now = away
        reader, writer = await call(gateway)
        for minute in range(20):
            writer.write(data(minute))
            await asyncio.sleep(0.02)
        said = await answers(reader, 1)
        await until(lambda: gateway.board.counts.refused.get("spool full", 0) > 0)
        assert gateway.status()["reasons"] == ["spool: full"]
        assert gateway.status()["ready"] is False
        assert len(said) + gateway.board.counts.refused["spool full"] <= 20

    play(tmp_path, scenario, spool_limit=1_000)


def test_a_batch_the_store_cannot_take_is_cut_down_to_the_frame_at_fault(tmp_path: Path) -> None:
    station()

    async def scenario(gateway: Gateway) -> None:
        real = gateway.pipeline._store_now

        def picky(readings: Any, frames: Any) -> object:
            if any(reading.value == 13 for reading in readings):
                raise ValueError("thirteen")
            return real(readings, frames)

        gateway.pipeline._store_now = picky
        reader, writer = await call(gateway)
        writer.write(b"".join(data(minute, 10 + minute) for minute in range(6)))
        await answers(reader, 6)
        await until(lambda: gateway.spool.mark == gateway.spool.tail)
        assert gateway.pipeline.counts.given_up == 2

    play(tmp_path, scenario)
    assert {value for code, _ts, value in observations() if code == "a34004"} == {
        10.0,
        11.0,
        12.0,
        14.0,
        15.0,
    }
    assert FrameLog.objects.get(outcome="refused").reason == "store: ValueError"
    assert FrameLog.objects.count() == 6


def test_an_order_is_sent_and_its_answers_are_kept(tmp_path: Path) -> None:
    thing = station()
    by = Account.objects.create(username="gateway.clerk", name="设备管理员")
    instant = now()
    order = Order.objects.create(
        device_key=thing.keys.get(),
        command="set_clock",
        parameters={"SystemTime": "2026-11-01T12:00:00+08:00"},
        by=by,
        purpose="校时",
        created_at=instant,
        expires_at=instant + timedelta(minutes=5),
    )
    wrong = Order.objects.create(
        device_key=thing.keys.get(),
        command="set_password",
        by=by,
        purpose="试",
        created_at=instant,
        expires_at=instant + timedelta(minutes=5),
    )
    late = Order.objects.create(
        device_key=thing.keys.get(),
        command="sample_now",
        parameters={"PolId": "a34004"},
        by=by,
        purpose="过期",
        created_at=instant - timedelta(hours=2),
        expires_at=instant - timedelta(hours=1),
    )

    async def scenario(gateway: Gateway) -> hj212.Message:
        reader, writer = await call(gateway)
        writer.write(data(1, flag=4))
        (request,) = await answers(reader, 1)
        head = f"QN={request.qn};ST=91;CN={{}};PW=123456;MN={MN};Flag=4;CP=&&{{}}&&"
        writer.write(hj212.enclose(head.format("9011", "QnRtn=1").encode()))
        writer.write(hj212.enclose(head.format("9012", "ExeRtn=1").encode()))
        await until(lambda: gateway.board.counts.frames == 3)
        await asyncio.sleep(1.2)
        return request

    request = play(tmp_path, scenario)
    assert (request.cn, request.st, request.get("SystemTime")) == ("1012", "22", "20261101120000")
    assert request.wants_answer
    order.refresh_from_db()
    assert (order.state, order.answer, order.reference) == ("acked", {"QnRtn": 1, "ExeRtn": 1}, request.qn)
    wrong.refresh_from_db()
    assert (wrong.state, wrong.answer) == ("refused", {"error": "kind: set_password"})
    late.refresh_from_db()
    assert late.state == "expired"
    assert FrameLog.objects.filter(direction="out", outcome="sent").count() == 1


def test_two_gateways_cannot_share_a_spool(tmp_path: Path) -> None:
    async def scenario(gateway: Gateway) -> None:
        with pytest.raises(AlreadyRunning):
            Gateway(GatewaySettings(tmp_path))

    play(tmp_path, scenario)
