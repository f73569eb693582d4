"""Ranking of places with ties, and what the rank would be without one station."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from .standards import Number, exact


@dataclass(frozen=True)
class Ranked:
    """A place in a ranking; ``rank`` is None where there is no valid value."""

    name: str
    value: Fraction | None
    rank: int | None


def rank(values: Mapping[str, Number | None]) -> list[Ranked]:
    """Ascending ranking (1 = lowest, best); equal values share a rank and the next ones are skipped.

    Give values already rounded as they are printed, so that equal print means equal rank.
    """
    known = {name: exact(value) for name, value in values.items() if value is not None}
    ordered = sorted(known.items(), key=lambda pair: (pair[1], pair[0]))
    rows = [Ranked(name, value, 1 + sum(v < value for v in known.values())) for name, value in ordered]
    return rows + [Ranked(name, None, None) for name, value in values.items() if value is None]


def place_means(stations: Mapping[str, Mapping[str, Number | None]]) -> dict[str, Fraction | None]:
    """Mean over the stations of each place; a place without any valid station has none."""
    means: dict[str, Fraction | None] = {}
    for place, readings in stations.items():
        known = [exact(value) for value in readings.values() if value is not None]
        means[place] = sum(known, Fraction(0)) / len(known) if known else None
    return means


def rank_without(stations: Mapping[str, Mapping[str, Number | None]], station: str) -> list[Ranked]:
    """The ranking of places as it would be if one station did not count; KeyError when it is unknown."""
    if not any(station in readings for readings in stations.values()):
        raise KeyError(station)
    rest = {
        place: {name: value for name, value in readings.items() if name != station}
        for place, readings in stations.items()
    }
    return rank(place_means(rest))


def change_percent(now: Number | None, before: Number | None) -> Fraction | None:
    """Change against the same period of last year in percent; None when either is missing or before is 0."""
    if now is None or before is None or exact(before) == 0:
        return None
    return (exact(now) - exact(before)) * 100 / exact(before)
