"""A trained forecast: its boosters, blend weights and intervals, as one value that can be kept as bytes."""

import io
import json
import zipfile
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qipan.domains.governance.environment import forecast

from .blend import Climatology, mix
from .conformal import Conformal
from .dataset import Array
from .design import Inputs, Mask, design
from .features import Matrix
from .linear import Linear

if TYPE_CHECKING:
    from .boosting import Booster

HORIZON = 72
# Last lead of each horizon group. A group's model is told the lead, so the hours inside a group are
# forecast themselves instead of being interpolated: the day's rhythm is no straight line.
GROUP_ENDS = (1, 3, 6, 12, 18, 24, 36, 48, 72)
GROUPS = tuple(zip((1, *(end + 1 for end in GROUP_ENDS[:-1])), GROUP_ENDS, strict=True))
FULL, BARE, PERSISTENCE = "full", "no_weather", "persistence"


def group_of(lead: int) -> int:
    """Number of the horizon group of a lead; ValueError outside 1…72."""
    for number, (first, last) in enumerate(GROUPS):
        if first <= lead <= last:
            return number
    raise ValueError(f"lead: {lead} is not in 1…{HORIZON}")


@dataclass(frozen=True)
class GroupModel:
    """One horizon group of one pollutant: line and trees, share against climatology, intervals."""

    linear: Linear
    booster: "Booster"
    weight: float
    conformal: Conformal


@dataclass(frozen=True)
class PollutantModel:
    """One pollutant: ``groups[kind][group]`` for the kinds that were trained.

    ``persistence[group]`` is the fall-back: share of the present value against climatology, with intervals.
    """

    spread: float
    climatology: Climatology
    groups: dict[str, dict[int, GroupModel]]
    persistence: dict[int, tuple[float, Conformal]]


@dataclass(frozen=True)
class Card:
    """Where a model comes from and how good it was on hours it had not seen.

    ``score``: mean absolute error over pollutants and leads divided by that of persistence (lower is better).
    """

    data_digest: str
    first_hour: str
    last_hour: str
    stations: tuple[str, ...]
    kinds: tuple[str, ...]
    score: float
    cases: int
    by_pollutant: dict[str, float] = field(default_factory=dict)
    settings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ForecastModel:
    """Everything needed to issue a forecast.

    ``days[kind]``: how daily AQI of the next three 24-hour windows misses; absent for a short horizon.
    """

    pollutants: dict[str, PollutantModel]
    card: Card
    days: dict[str, tuple[Conformal, ...]] = field(default_factory=dict)

    def predict(self, inputs: Inputs, pollutant: str, lead: int, mask: Mask, kind: str) -> Array:
        """Median forecast (µg/m³, ≥ 0) of the chosen origins; ``kind`` FULL or BARE.

        KeyError when the pollutant or kind was not trained.
        """
        own = self.pollutants[pollutant]
        group = own.groups[kind][group_of(lead)]
        start, scale = inputs.start[mask], inputs.scale(own.spread, mask)
        raw = raw_forecast(group.linear, group.booster, design(inputs, lead, mask), start, scale)
        rows, stations = np.nonzero(mask)
        usual = own.climatology.at_rows(inputs.times[rows] + np.timedelta64(lead, "h"), stations)
        return np.maximum(mix(raw, usual, group.weight), 0.0)

    def medians(
        self, inputs: Inputs, pollutant: str, kind: str, origins: npt.NDArray[np.int64], leads: range
    ) -> Array:
        """Median forecasts ``[origin, lead, station]`` of rows of the inputs; NaN where there is no start."""
        result = np.full((len(origins), len(leads), inputs.start.shape[1]), np.nan)
        known = ~np.isnan(inputs.start[origins])
        mask = np.zeros(inputs.start.shape, dtype=bool)
        mask[origins] = known
        for column, lead in enumerate(leads):
            result[:, column][known] = self.predict(inputs, pollutant, lead, mask, kind)
        return result

    def to_bytes(self) -> bytes:
        """The model as one zip archive (text boosters, JSON, numpy arrays)."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("card.json", json.dumps(asdict(self.card), ensure_ascii=False))
            for name, own in self.pollutants.items():
                _write_pollutant(archive, name, own)
            archive.writestr(
                "days.json", json.dumps({k: [_plain(c) for c in v] for k, v in self.days.items()})
            )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "ForecastModel":
        """The model of an archive; ValueError when it is not one."""
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                card = json.loads(archive.read("card.json"))
                days = json.loads(archive.read("days.json"))
                names = {path.split("/")[0] for path in archive.namelist() if "/" in path}
                pollutants = {name: _read_pollutant(archive, name) for name in sorted(names)}
        except (zipfile.BadZipFile, KeyError) as error:
            raise ValueError(f"model: {error}") from error
        card["stations"], card["kinds"] = tuple(card["stations"]), tuple(card["kinds"])
        return cls(pollutants, Card(**card), {k: tuple(_conformal(c) for c in v) for k, v in days.items()})


def with_line(linear: Linear, x: Matrix, start: Array, scale: Array) -> Matrix:
    """Design rows with the answer of the line, in the unit the trees work in, as the last column."""
    said = (linear.forecast(x, start) - start) / scale
    return np.concatenate([x, said[:, None].astype(np.float32)], axis=1)


def raw_forecast(linear: Linear, booster: "Booster", x: Matrix, start: Array, scale: Array) -> Array:
    """What line and trees say, as concentrations; NaN where there is no start."""
    rows = with_line(linear, x, start, scale)
    return start + forecast.boosting.answer(booster, rows) * scale


def _write_pollutant(archive: zipfile.ZipFile, name: str, own: PollutantModel) -> None:
    arrays: dict[str, npt.NDArray[Any]] = {"climatology": own.climatology.values}
    meta: dict[str, Any] = {"spread": own.spread, "groups": {}, "persistence": {}}
    for kind, groups in own.groups.items():
        for number, group in groups.items():
            key = f"{kind}.{number}"
            archive.writestr(f"{name}/{key}.txt", group.booster.model_to_string())
            meta["groups"][key] = [group.weight, group.conformal.floor]
            arrays |= _conformal_arrays(key, group.conformal) | _linear_arrays(key, group.linear)
    for number, (weight, conformal) in own.persistence.items():
        meta["persistence"][str(number)] = [weight, conformal.floor]
        arrays |= _conformal_arrays(f"persistence.{number}", conformal)
    archive.writestr(f"{name}/meta.json", json.dumps(meta))
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    archive.writestr(f"{name}/arrays.npz", buffer.getvalue())


def _plain(conformal: Conformal) -> dict[str, Any]:
    return {
        "floor": conformal.floor,
        "edges": conformal.edges.tolist(),
        "offsets": conformal.offsets.tolist(),
    }


def _conformal(plain: dict[str, Any]) -> Conformal:
    return Conformal(plain["floor"], np.array(plain["edges"], dtype=float), np.array(plain["offsets"]))


def _conformal_arrays(key: str, conformal: Conformal) -> dict[str, Array]:
    return {f"{key}.edges": conformal.edges, f"{key}.offsets": conformal.offsets}


def _linear_arrays(key: str, linear: Linear) -> dict[str, npt.NDArray[Any]]:
    scalars = np.array([linear.floor, linear.hour])
    table = {"scalars": scalars, "logs": linear.logs, "mean": linear.mean}
    table |= {"spread": linear.spread, "weights": linear.weights}
    return {f"{key}.linear.{name}": values for name, values in table.items()}


def _linear(key: str, table: dict[str, Any]) -> Linear:
    floor, hour = table[f"{key}.linear.scalars"]
    logs, mean, spread, weights = (table[f"{key}.linear.{n}"] for n in ("logs", "mean", "spread", "weights"))
    return Linear(float(floor), int(hour), logs, mean, spread, weights)


def _read_pollutant(archive: zipfile.ZipFile, name: str) -> PollutantModel:
    meta = json.loads(archive.read(f"{name}/meta.json"))
    with np.load(io.BytesIO(archive.read(f"{name}/arrays.npz"))) as arrays:
        table = {key: arrays[key] for key in arrays.files}

    def conformal(key: str, floor: float) -> Conformal:
        return Conformal(floor, table[f"{key}.edges"], table[f"{key}.offsets"])

    groups: dict[str, dict[int, GroupModel]] = {}
    for key, (weight, floor) in meta["groups"].items():
        kind, number = key.split(".")
        text = archive.read(f"{name}/{key}.txt").decode()
        groups.setdefault(kind, {})[int(number)] = GroupModel(
            _linear(key, table), forecast.boosting.load(text), weight, conformal(key, floor)
        )
    persistence = {
        int(number): (weight, conformal(f"persistence.{number}", floor))
        for number, (weight, floor) in meta["persistence"].items()
    }
    return PollutantModel(meta["spread"], Climatology(table["climatology"]), groups, persistence)
