"""HJ 212 over TCP into the database: frames and values per second of one gateway process.

200 stations send frames of eight values over 200 links to a gateway process; a frame counts when its
readings are committed. Sender, gateway and database share the machine.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.models import Datastream, DeviceKey, Thing
from qipan.protocols.hj212 import Framer, enclose
from qipan.protocols.hj212.moment import written

LINKS = 200
FRAMES = 150
CODES = ("a34004", "a34002", "a21026", "a21004", "a21005", "a05024", "a01001", "a01002")
_START = "import django; django.setup(); from qipan.kernel.sensing.gateway.process import run; run()"


def run(report: Callable[[str], None]) -> dict[str, Any]:
    """Rates of one gateway process; every frame is answered and stored before the clock stops."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.project.settings")
    before = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["SERIALIZE"] = False
    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        _register()
        with tempfile.TemporaryDirectory() as folder:
            return _measure(Path(folder), name, report)
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def _register() -> None:
    instant = now()
    for number in range(LINKS):
        thing = Thing.objects.create(code=f"S{number}", name=f"S{number}", kind="air_station")
        DeviceKey.objects.create(
            thing=thing, protocol="hj212", key=f"BENCH{number:04d}", valid_from=instant, settings={}
        )
        Datastream.objects.bulk_create(Datastream(thing=thing, code=code, unit="µg/m³") for code in CODES)


def _measure(folder: Path, database: str, report: Callable[[str], None]) -> dict[str, Any]:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()
    environment = {**os.environ, "QIPAN_HOME": str(folder), "DATABASE_URL": url, "QIPAN_HJ212_PORT": "0"}
    process = subprocess.Popen(
        [sys.executable, "-c", _START], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        # the first thread runs the links and the codec, the others the spool and the store
        whole, loop = str(process.pid), f"{process.pid}/task/{process.pid}"
        idle, idle_loop, begin = _cpu_seconds(whole), _cpu_seconds(loop), time.monotonic()
        answered = asyncio.run(_send_all(port))
        answered_s = time.monotonic() - begin
        _wait_for(LINKS * FRAMES * len(CODES))
        wall, cpu = time.monotonic() - begin, _cpu_seconds(whole) - idle
        loop_cpu = _cpu_seconds(loop) - idle_loop
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    total = LINKS * FRAMES
    report(f"{answered} of {total} frames answered in {answered_s:.1f} s, stored in {wall:.1f} s")
    return {
        "frames_per_cpu_s": {"value": round(total / cpu), "goal": "≥ 25000", "met": total / cpu >= 25_000},
        "frames_per_cpu_s_without_store": round(total / loop_cpu),
        "values_per_cpu_s": round(total * len(CODES) / cpu),
        "answered_frames_per_s_wall": round(answered / answered_s),
        "stored_values_per_s_wall": {
            "value": round(total * len(CODES) / wall),
            "goal": "≥ 50000",
            "met": total * len(CODES) / wall >= 50_000,
        },
    }


async def _send_all(port: int) -> int:
    return sum(await asyncio.gather(*(_station(port, number) for number in range(LINKS))))


async def _station(port: int, number: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    first = now().replace(second=0, microsecond=0) - timedelta(minutes=FRAMES)
    framer, answers = Framer(), 0
    for minute in range(FRAMES):
        at = written(first + timedelta(minutes=minute))
        body = ";".join(f"{code}-Rtd={minute + number / 10:.1f},{code}-Flag=N" for code in CODES)
        head = f"QN={at}{minute:03d};ST=22;CN=2011;PW=123456;MN=BENCH{number:04d};Flag=5"
        writer.write(enclose(f"{head};CP=&&DataTime={at};{body}&&".encode()))
        if minute % 25 == 24:
            await writer.drain()
            await asyncio.sleep(0)
    while answers < FRAMES and (data := await reader.read(65_536)):
        answers += len(framer.feed(data))
    writer.close()
    return answers


def _wait_for(rows: int) -> None:
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sensing_observation")
            if (found := cursor.fetchone()) is not None and found[0] >= rows:
                return
        time.sleep(0.1)


def _cpu_seconds(path: str) -> float:
    fields = Path(f"/proc/{path}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
