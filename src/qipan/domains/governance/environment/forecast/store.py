"""Where trained models live: one file each below a folder, and a pointer to the one in force.

A new model takes over only when it is not worse than the present one: each was scored, relative to
persistence, on calendar weeks (the same in every training) that the trees scored had not seen.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from .model import Card, ForecastModel

KEEP = 10
# A difference this small is chance: the newer data win.
TOLERANCE = 0.005


@dataclass(frozen=True)
class Promotion:
    """What became of an offered model: its name, whether it is now in force, and why."""

    name: str
    promoted: bool
    score: float
    current_score: float | None
    reason: str


class ModelStore:
    """Models below a folder (``QIPAN_HOME/models/environment/air``)."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when it is first written to."""
        self.folder = folder

    def current_name(self) -> str | None:
        """Name of the model in force."""
        pointer = self.folder / "current"
        return pointer.read_text().strip() if pointer.exists() else None

    def current(self) -> ForecastModel | None:
        """The model in force; None before the first one. ValueError when its file is damaged."""
        name = self.current_name()
        return self.load(name) if name else None

    def load(self, name: str) -> ForecastModel:
        """A model by name; LookupError when it is not kept, ValueError when its bytes were changed."""
        path = self.folder / f"{name}.zip"
        if not path.is_file():
            raise LookupError(f"model {name}: not in {self.folder}")
        data = path.read_bytes()
        if not name.endswith(_short(data)):
            raise ValueError(f"model {name}: the file was changed")
        return ForecastModel.from_bytes(data)

    def cards(self) -> list[tuple[str, Promotion, Card]]:
        """Every kept model with what became of it, newest first."""
        found = []
        for path in sorted(self.folder.glob("*.json"), key=lambda p: p.stat().st_mtime_ns, reverse=True):
            text = json.loads(path.read_text())
            card = text["card"] | {key: tuple(text["card"][key]) for key in ("stations", "kinds")}
            found.append((path.stem, Promotion(**text["promotion"]), Card(**card)))
        return found

    def offer(self, model: ForecastModel) -> Promotion:
        """Keep a trained model; put it in force unless the present one is better."""
        data = model.to_bytes()
        name = f"air-{model.card.last_hour}-{_short(data)}".replace(":", "")
        promotion = self._judge(name, model.card)
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / f"{name}.zip", data)
        text = {"promotion": asdict(promotion), "card": asdict(model.card)}
        _write(self.folder / f"{name}.json", json.dumps(text, ensure_ascii=False).encode())
        if promotion.promoted:
            _write(self.folder / "current", name.encode())
        self._forget()
        return promotion

    def _judge(self, name: str, card: Card) -> Promotion:
        present = self._usable()
        if present is None:
            return Promotion(name, True, card.score, None, "no usable model in force")
        current = present.card
        if (current.stations, current.kinds) != (card.stations, card.kinds):
            return Promotion(name, True, card.score, None, "the network or its weather data have changed")
        if card.score <= current.score + TOLERANCE:
            return Promotion(name, True, card.score, current.score, "not worse than the model in force")
        return Promotion(name, False, card.score, current.score, "worse than the model in force")

    def _usable(self) -> ForecastModel | None:
        """The model in force; a lost or damaged one must not keep a sound one out."""
        try:
            return self.current()
        except (LookupError, ValueError):
            return None

    def _forget(self) -> None:
        """Keep the newest models and the one in force."""
        kept = self.current_name()
        for name, _, _ in self.cards()[KEEP:]:
            if name != kept:
                (self.folder / f"{name}.zip").unlink(missing_ok=True)
                (self.folder / f"{name}.json").unlink(missing_ok=True)


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: a reader never sees half a model."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)
