"""Hourly history of a network of stations as arrays, and the readers that make one.

Times are naive ``datetime64[h]`` of the county's clock (UTC+8), without gaps; every array is
``[time, station]`` in float64 with NaN where a value is missing.
"""

import csv
import gzip
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Hours = npt.NDArray[np.datetime64]

POLLUTANTS = ("pm25", "pm10", "so2", "no2", "co", "o3")
WEATHER = ("temperature", "pressure", "dew_point", "rain", "wind_u", "wind_v")
INPUT_FILL_HOURS = 6

_PRSA_POLLUTANTS = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3": "O3"}
_PRSA_WEATHER = {"temperature": "TEMP", "pressure": "PRES", "dew_point": "DEWP", "rain": "RAIN"}
_PRSA_SATURATED = {"pm25": 999.0, "pm10": 999.0, "co": 10000.0}
_COMPASS = (
    "N",
    "NNE",
    "NE",
    "ENE",
    "E",
    "ESE",
    "SE",
    "SSE",
    "S",
    "SSW",
    "SW",
    "WSW",
    "W",
    "WNW",
    "NW",
    "NNW",
)


@dataclass(frozen=True)
class History:
    """What was measured: concentrations (µg/m³, CO too) and weather of every station, hour by hour.

    ``weather`` may hold any of ``WEATHER``: temperature and dew point °C, pressure hPa, rain mm,
    wind components m/s (the direction the air moves to); a missing name means "not measured".
    """

    times: Hours
    stations: tuple[str, ...]
    values: dict[str, Array]
    weather: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a history whose arrays do not fit its axes or whose hours have gaps."""
        if self.times.size and np.any(np.diff(self.times.astype("datetime64[h]").astype(np.int64)) != 1):
            raise ValueError("times: hours must follow each other without gaps")
        shape = (self.times.size, len(self.stations))
        for name, array in (*self.values.items(), *self.weather.items()):
            if array.shape != shape:
                raise ValueError(f"{name}: shape {array.shape}, expected {shape}")

    @property
    def pollutants(self) -> tuple[str, ...]:
        """The measured pollutants in the order of ``POLLUTANTS``."""
        return tuple(name for name in POLLUTANTS if name in self.values)

    def index(self, time: np.datetime64) -> int:
        """Row of an hour; ValueError when it lies outside the history."""
        row = int((time.astype("datetime64[h]") - self.times[0]).astype(np.int64))
        if not 0 <= row < self.times.size:
            raise ValueError(f"origin: {time} is outside {self.times[0]} … {self.times[-1]}")
        return row

    def window(self, first: np.datetime64, last: np.datetime64) -> "History":
        """The part from ``first`` to ``last``, both included, cut to what exists."""
        keep = (self.times >= first) & (self.times <= last)
        return History(
            self.times[keep],
            self.stations,
            {name: array[keep] for name, array in self.values.items()},
            {name: array[keep] for name, array in self.weather.items()},
        )

    def digest(self) -> str:
        """SHA-256 over axes and arrays: the identity of the training data in a model card."""
        sha = hashlib.sha256()
        sha.update(self.times.astype("datetime64[h]").astype("<i8").tobytes())
        sha.update("\n".join(self.stations).encode())
        for name, array in sorted({**self.values, **self.weather}.items()):
            sha.update(name.encode())
            sha.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        return sha.hexdigest()


def fill_forward(values: Array, limit: int) -> Array:
    """Carry the last value forward over at most ``limit`` missing hours along the first axis."""
    rows = np.arange(values.shape[0]).reshape(-1, *([1] * (values.ndim - 1)))
    seen = np.where(np.isnan(values), -1, rows)
    last = np.maximum.accumulate(seen, axis=0)
    carried = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where((last >= 0) & (rows - last <= limit), carried, np.nan)


def wind_components(direction: Array, speed: Array) -> tuple[Array, Array]:
    """Eastward and northward motion (m/s) from the direction the wind comes from (degrees) and speed."""
    angle = np.radians(direction)
    return -speed * np.sin(angle), -speed * np.cos(angle)


def read_prsa(folder: Path) -> History:
    """The PRSA station files of a folder as one history; ValueError when there is none."""
    paths = sorted([*folder.glob("PRSA_*.csv.gz"), *folder.glob("PRSA_*.csv")])
    if not paths:
        raise ValueError(f"folder: no PRSA_*.csv or .csv.gz in {folder}")
    tables = [_read_station(path) for path in paths]
    names = (*POLLUTANTS, *WEATHER)
    stacked = {name: np.stack([table[name] for _, _, table in tables], axis=1) for name in names}
    return History(
        tables[0][1],
        tuple(station for station, _, _ in tables),
        {name: stacked[name] for name in POLLUTANTS},
        {name: stacked[name] for name in WEATHER},
    )


def _read_station(path: Path) -> tuple[str, Hours, dict[str, Array]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    rows = list(csv.DictReader(text.splitlines()))
    times = np.array(
        [f"{r['year']}-{int(r['month']):02d}-{int(r['day']):02d}T{int(r['hour']):02d}" for r in rows],
        dtype="datetime64[h]",
    )
    table = {name: _column(rows, column) for name, column in (_PRSA_POLLUTANTS | _PRSA_WEATHER).items()}
    for name, limit in _PRSA_SATURATED.items():
        table[name][table[name] >= limit] = np.nan
    points = {point: 22.5 * number for number, point in enumerate(_COMPASS)}
    direction = np.array([points.get(row["wd"], np.nan) for row in rows])
    table["wind_u"], table["wind_v"] = wind_components(direction, _column(rows, "WSPM"))
    return rows[0]["station"], times, table


def _column(rows: list[dict[str, str]], column: str) -> Array:
    cells = (row[column].strip() for row in rows)
    return np.array([float(cell) if cell not in ("", "NA") else np.nan for cell in cells])
