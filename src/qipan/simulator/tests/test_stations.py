"""Stations out of the register and out of a file."""

import json
from pathlib import Path

import pytest

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.models import Datastream, DeviceKey, Thing
from qipan.protocols.hj212 import Edition
from qipan.simulator.stations import Factor, from_file, from_register


@pytest.mark.django_db
def test_the_register_gives_what_each_demo_station_measures() -> None:
    for code, demo in (("AIR-101", True), ("AIR-102", False)):
        thing = Thing.objects.create(
            code=code, name=code, kind="township_air", lon=115.4, lat=36.5, demo=demo
        )
        settings = {"edition": "2005", "stamp": "end"}
        DeviceKey.objects.create(
            thing=thing, protocol="hj212", key=f"K{code}", valid_from=now(), settings=settings
        )
        Datastream.objects.create(thing=thing, code="a34004", decimals=0, step_s=60)
        Datastream.objects.create(thing=thing, code="a34004/hour/avg", decimals=0, step_s=3600)
        Datastream.objects.create(thing=thing, code="a01001", decimals=1, step_s=300)
    (station,) = from_register()
    assert (station.key, station.st, station.edition, station.step_s) == ("KAIR-101", "22", Edition.E2005, 60)
    assert station.factors == (Factor("a01001", 2, False), Factor("a34004", 1, True))
    assert station.hourly == (Factor("a34004", 1, True),)


def test_a_file_gives_stations_from_west_to_east(tmp_path: Path) -> None:
    rows = [
        {
            "key": str(n),
            "code": f"M{n}",
            "kind": "micro",
            "lon": lon,
            "step_s": 300,
            "factors": [["a34004", 1, False]],
        }
        for n, lon in ((1, 115.6), (2, 115.2), (3, 115.4))
    ]
    path = tmp_path / "stations.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    stations = from_file(path)
    assert [round(one.spot.along, 3) for one in stations] == [1.0, 0.0, 0.5]
    assert [one.spot.number for one in stations] == [0, 1, 2]
