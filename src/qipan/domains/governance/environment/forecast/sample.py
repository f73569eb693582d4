"""Which rows a model learns from, and which ones it is judged on.

Every sixth week of the calendar is held out, the same weeks in every training: so the models of two nights
can be compared on hours that neither of them has seen.
"""

from dataclasses import dataclass

import numpy as np

from .blend import Climatology
from .dataset import Array, Hours
from .design import Inputs, Mask, design
from .features import Matrix
from .model import GROUPS

HOLDOUT_WEEKS = 6


def held_out(times: Hours) -> Mask:
    """Hours of every sixth week: never seen by the trees."""
    mask: Mask = times.astype("datetime64[D]").astype(np.int64) // 7 % HOLDOUT_WEEKS == HOLDOUT_WEEKS - 1
    return mask


@dataclass(frozen=True)
class Sample:
    """Rows of one horizon group, by lead: design, start, scale, observed and usual value."""

    x: Matrix
    start: Array
    scale: Array
    observed: Array
    usual: Array


@dataclass
class Tally:
    """Mean absolute errors on held-out hours, each group counted by the hours it covers."""

    ours: float = 0.0
    persistence: float = 0.0
    cases: int = 0

    @property
    def ratio(self) -> float:
        """Our error as a share of that of persistence."""
        return self.ours / self.persistence

    def add(self, forecast: Array, held: Sample, hours: int) -> None:
        """Count the forecasts of the held-out rows of a group that covers so many hours."""
        self.ours += hours * float(np.mean(np.abs(forecast - held.observed)))
        self.persistence += hours * float(np.mean(np.abs(held.start - held.observed)))
        self.cases += held.observed.size


@dataclass(frozen=True)
class Sampler:
    """Draws rows for one pollutant."""

    inputs: Inputs
    values: Array
    usual: Climatology
    spread: float

    def draw(self, group: int, count: int, rng: np.random.Generator, *, held: bool | None) -> Sample:
        """About ``count`` rows of a horizon group at most, each with a random lead of the group.

        Held-out rows have their valid hour in a held-out week; the others neither that nor their origin;
        ``held`` None draws from all.
        """
        first, last = GROUPS[group]
        times = self.inputs.times
        pick = rng.integers(first, last + 1, size=self.values.shape)
        thin = rng.random(self.values.shape)
        part = {None: 1.0, True: 1 / HOLDOUT_WEEKS, False: 1 - 1 / HOLDOUT_WEEKS}[held]
        share = count / (self.values.size * part)
        usable = ~np.isnan(self.inputs.start)
        parts = []
        for lead in range(first, last + 1):
            rows = _allowed(times, lead, held)
            mask = (pick == lead) & (thin < share) & rows[:, None] & usable
            mask[:-lead] &= ~np.isnan(self.values[lead:])
            mask[-lead:] = False
            origins, stations = np.nonzero(mask)
            parts.append(
                (
                    design(self.inputs, lead, mask),
                    self.inputs.start[mask],
                    self.inputs.scale(self.spread, mask),
                    self.values[origins + lead, stations],
                    self.usual.at_rows(times[origins] + np.timedelta64(lead, "h"), stations),
                )
            )
        return Sample(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _allowed(times: Hours, lead: int, held: bool | None) -> Mask:
    """Origins that may be drawn."""
    if held is None:
        return np.ones(times.shape, dtype=bool)
    later = held_out(times + np.timedelta64(lead, "h"))
    return later if held else ~later & ~held_out(times)
