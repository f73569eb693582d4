"""Which stations the simulator plays: those of the demo county's register, or of a file."""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qipan.kernel.sensing.models import Datastream, DeviceKey
from qipan.protocols.hj212 import Edition, Settings
from qipan.simulator.episode import Spot

_SYSTEMS = {"surface_water": "21", "outlet_air": "31", "outlet_water": "32", "dust": "22", "noise": "23"}
AIR_SYSTEM = "22"
_DECIMALS = 3


@dataclass(frozen=True)
class Factor:
    """One value a station sends: by which code, with how many decimals, whether its hours too."""

    code: str
    decimals: int = 1
    hourly: bool = False


@dataclass(frozen=True)
class Station:
    """One device: its number, how it speaks, what it measures, how often."""

    key: str
    spot: Spot
    st: str
    edition: Edition
    settings: Settings
    factors: tuple[Factor, ...]
    step_s: int

    @property
    def hourly(self) -> tuple[Factor, ...]:
        """Factors whose hourly means it sends."""
        return tuple(factor for factor in self.factors if factor.hourly)


def from_rows(rows: Iterable[Mapping[str, Any]]) -> list[Station]:
    """Stations of plain rows: key, code, kind, lon, lat, settings, step_s, factors.

    ``factors`` lists (code, decimals, whether hourly means are sent too). Places lie along the way of the
    pollution by their longitude, 0 in the west and 1 in the east.
    """
    listed = sorted(rows, key=lambda row: str(row["code"]))
    longitudes = [float(row["lon"]) for row in listed if row.get("lon") is not None]
    west, east = min(longitudes, default=0.0), max(longitudes, default=0.0)
    numbers: Counter[str] = Counter()
    stations = []
    for row in listed:
        kind, code = str(row["kind"]), str(row["code"])
        lon = float(row["lon"]) if row.get("lon") is not None else west
        along = (lon - west) / (east - west) if east > west else 0.0
        spot = Spot(code, kind, numbers[kind], along, zlib.crc32(code.encode()) / 2**32)
        numbers[kind] += 1
        settings = Settings.from_json(row.get("settings") or {})
        factors = tuple(
            Factor(str(name), int(decimals), bool(hourly)) for name, decimals, hourly in row["factors"]
        )
        edition = settings.edition or Edition.E2017
        st = _SYSTEMS.get(kind, AIR_SYSTEM)
        stations.append(Station(str(row["key"]), spot, st, edition, settings, factors, int(row["step_s"])))
    return stations


def from_file(path: Path) -> list[Station]:
    """Stations of a JSON file, a list of rows as ``from_rows`` takes them."""
    return from_rows(json.loads(path.read_text(encoding="utf-8")))


def from_register() -> list[Station]:
    """The demo's things that call by HJ 212, with the streams they have."""
    keys = DeviceKey.objects.filter(protocol="hj212", valid_to=None, thing__demo=True, thing__state="active")
    streams: dict[int, list[Datastream]] = {}
    for stream in Datastream.objects.filter(thing__keys__in=keys).order_by("code"):
        streams.setdefault(stream.thing_id, []).append(stream)
    return from_rows(
        _row(key, streams[key.thing_id]) for key in keys.select_related("thing") if key.thing_id in streams
    )


def _row(key: DeviceKey, streams: list[Datastream]) -> dict[str, Any]:
    plain = {stream.code: stream for stream in streams if "/" not in stream.code}
    hourly = {stream.code.split("/")[0] for stream in streams if stream.code.endswith("/hour/avg")}
    return {
        "key": key.key,
        "code": key.thing.code,
        "kind": key.thing.kind,
        "lon": key.thing.lon,
        "lat": key.thing.lat,
        "settings": key.settings,
        "step_s": min((stream.step_s for stream in plain.values()), default=300),
        "factors": [
            [code, min(_DECIMALS, stream.decimals + 1), code in hourly] for code, stream in plain.items()
        ],
    }
