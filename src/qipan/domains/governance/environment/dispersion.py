"""Gaussian plume and puffs: concentration per unit of emission, s/m³ (g/m³ for 1 g/s).

Axes: x downwind, y across, z up, metres. The ground reflects; nothing is deposited or transformed.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from .series import Floats
from .stability import Terrain
from .standards import RuleTable

PUFF_BELOW = 1.0  # m/s: with less wind a plume has no direction
DRIFT_SPEED = 0.5  # m/s: in calm air puffs still grow as if they travelled this fast
_LEAST_SIGMA = 1e-3
_SHORTEST = 1e-3  # m
_ROOT_2PI = float(np.sqrt(2 * np.pi))


@dataclass(frozen=True)
class Sigmas:
    """Dispersion coefficients a·x·(1+b·x)^p of one stability class; ``factor`` widens or narrows both."""

    y: tuple[float, float, float]
    z: tuple[float, float, float]
    factor: float = 1.0

    def at(self, distance: Floats) -> tuple[Floats, Floats]:
        """σy and σz in m at distances downwind (m, ≥ 0)."""
        return self._one(self.y, distance), self._one(self.z, distance)

    def _one(self, terms: tuple[float, float, float], distance: Floats) -> Floats:
        a, b, power = terms
        result: Floats = np.maximum(self.factor * a * distance * (1 + b * distance) ** power, _LEAST_SIGMA)
        return result


def sigmas(stability: str, table: RuleTable, *, terrain: Terrain = "rural", factor: float = 1.0) -> Sigmas:
    """Briggs' coefficients of a class A-F in open country or a town."""
    y = tuple(float(value) for value in table.cell("sigma_y", terrain, stability))
    z = tuple(float(value) for value in table.cell("sigma_z", terrain, stability))
    return Sigmas((y[0], y[1], y[2]), (z[0], z[1], z[2]), factor)


def plume(
    x: Floats, y: Floats, z: Floats | float, *, wind: float | Floats, height: float | Floats, spread: Sigmas
) -> Floats:
    """Steady plume of a source at (0, 0, height) for 1 g/s; 0 upwind. ``wind`` > 0 in m/s at the plume.

    C = 1/(2π·u·σy·σz) · exp(−y²/2σy²) · [exp(−(z−H)²/2σz²) + exp(−(z+H)²/2σz²)].
    """
    downwind = x > 0
    sigma_y, sigma_z = spread.at(np.where(downwind, x, 1.0))
    across = np.exp(-0.5 * (y / sigma_y) ** 2)
    upright = np.exp(-0.5 * ((z - height) / sigma_z) ** 2) + np.exp(-0.5 * ((z + height) / sigma_z) ** 2)
    value = across * upright / (2 * np.pi * wind * sigma_y * sigma_z)
    result: Floats = np.where(downwind, value, 0.0)
    return result


def puff(
    distance: Floats,
    z: Floats | float,
    *,
    height: float | Floats,
    sigma_h: Floats | float,
    sigma_z: Floats | float,
) -> Floats:
    """One puff of 1 g at horizontal ``distance`` from its centre, g/m³, with reflection at the ground."""
    sideways = np.exp(-0.5 * (distance / sigma_h) ** 2) / (2 * np.pi * np.square(sigma_h))
    upright = np.exp(-0.5 * ((z - height) / sigma_z) ** 2) + np.exp(-0.5 * ((z + height) / sigma_z) ** 2)
    result: Floats = sideways * upright / (_ROOT_2PI * sigma_z)
    return result


def wind_frame(
    east: Floats, north: Floats, wind_u: Floats | float, wind_v: Floats | float
) -> tuple[Floats, Floats]:
    """Downwind and crosswind metres of places given east and north of the source.

    ``wind_u``, ``wind_v``: components of the air's motion in m/s (eastward, northward), not both 0.
    """
    speed = np.hypot(wind_u, wind_v)
    downwind: Floats = (east * wind_u + north * wind_v) / speed
    across: Floats = (north * wind_u - east * wind_v) / speed
    return downwind, across


@dataclass(frozen=True)
class Puffs:
    """Puffs in the air: metres east and north of their source, the stretch each fills, its sizes.

    A puff holds what was released in one step. While the air moves on, that is a stretch of the way and
    not a point: ``along_e`` and ``along_n`` are its ends' distance east and north.
    """

    east: Floats
    north: Floats
    along_e: Floats
    along_n: Floats
    sigma_h: Floats
    sigma_z: Floats
    travelled: Floats

    @staticmethod
    def none() -> "Puffs":
        """No puff in the air."""
        return Puffs(*([np.empty(0)] * 7))

    def youngest(self, count: int) -> "Puffs":
        """The last ``count`` released."""
        return Puffs(*(part[-count:] for part in vars(self).values()))

    def at_ground(self, east: Floats, north: Floats, height: float) -> Floats:
        """Concentration of each puff for 1 g at places on the ground, [place, puff], g/m³."""
        length = np.hypot(self.along_e, self.along_n)
        long = np.maximum(length, _SHORTEST)
        # without motion any direction will do
        unit_e = np.where(length > _SHORTEST, self.along_e / long, 1.0)
        unit_n = np.where(length > _SHORTEST, self.along_n / long, 0.0)
        away_e, away_n = east[:, None] - self.east, north[:, None] - self.north
        ahead = away_e * unit_e + away_n * unit_n
        aside = away_n * unit_e - away_e * unit_n
        root = np.sqrt(2) * self.sigma_h
        along = (erf((ahead + long / 2) / root) - erf((ahead - long / 2) / root)) / (2 * long)
        across = np.exp(-0.5 * (aside / self.sigma_h) ** 2) / (_ROOT_2PI * self.sigma_h)
        upright = 2 * np.exp(-0.5 * (height / self.sigma_z) ** 2) / (_ROOT_2PI * self.sigma_z)
        result: Floats = along * across * upright
        return result


def advance(puffs: Puffs, wind_u: float, wind_v: float, seconds: float, spread: Sigmas) -> Puffs:
    """Move the puffs with the wind, let them grow, and release the one of this step."""
    speed = max(float(np.hypot(wind_u, wind_v)), DRIFT_SPEED)
    way = puffs.travelled + speed * seconds
    before_y, before_z = spread.at(puffs.travelled)
    after_y, after_z = spread.at(way)
    first = np.array([speed * seconds / 2])
    new_y, new_z = spread.at(first)
    half = seconds / 2
    return Puffs(
        np.append(puffs.east + wind_u * seconds, wind_u * half),
        np.append(puffs.north + wind_v * seconds, wind_v * half),
        np.append(puffs.along_e, wind_u * seconds),
        np.append(puffs.along_n, wind_v * seconds),
        np.append(puffs.sigma_h + after_y - before_y, new_y),
        np.append(puffs.sigma_z + after_z - before_z, new_z),
        np.append(way, first),
    )


def puff_hours(
    receptors: tuple[Floats, Floats],
    wind: tuple[Floats, Floats],
    spreads: list[Sigmas],
    *,
    height: float,
    step_s: float = 300.0,
    keep_hours: int = 6,
) -> Floats:
    """Hour means at ground level for 1 g/s over successive hours of weak wind, [hour, receptor].

    ``receptors``: metres east and north of the source; ``wind``: components per hour in m/s; ``spreads``:
    coefficients per hour. Puffs older than ``keep_hours`` have left.
    """
    east, north = receptors
    steps = round(3600 / step_s)
    means = np.zeros((wind[0].size, east.size))
    puffs = Puffs.none()
    for hour in range(wind[0].size):
        for _step in range(steps):
            puffs = advance(puffs, float(wind[0][hour]), float(wind[1][hour]), step_s, spreads[hour])
            puffs = puffs.youngest(keep_hours * steps)
            means[hour] += puffs.at_ground(east, north, height).sum(axis=1) * step_s / steps
    return means
