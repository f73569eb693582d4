"""What one kilogram a day at each source adds to PM2.5 at each receptor, day by day of an episode."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .dispersion import PUFF_BELOW, Sigmas, plume, puff_hours, sigmas, wind_frame
from .places import Point, metres
from .plume_rise import Stack, buoyancy_flux, rises
from .quality import runs
from .series import Floats
from .stability import Terrain, wind_at
from .standards import RuleTable

HOURS = 24
_HEIGHT_STEP = 10.0
NEAREST = 100.0  # m: places closer than this count as this far, where the formulas still hold
_UG_S_PER_KG_D = 1e9 / 86400


@dataclass(frozen=True)
class EmissionPoint:
    """Where a line emits; without a stack it emits near the ground, cold."""

    code: str
    place: Point
    stack: Stack | None = None


@dataclass(frozen=True)
class Skies:
    """Hours of an episode in whole days: motion of the air in m/s at 10 m, °C, stability class."""

    wind_u: Floats
    wind_v: Floats
    temperature: Floats
    stability: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse hours that are no whole days or arrays that differ in length."""
        if self.wind_u.size % HOURS or not self.wind_u.size:
            raise ValueError(f"wind_u: {self.wind_u.size} hours are not whole days")
        sizes = {self.wind_u.size, self.wind_v.size, self.temperature.size, len(self.stability)}
        if len(sizes) > 1:
            raise ValueError(f"skies: arrays differ in length: {sorted(sizes)}")


@dataclass(frozen=True)
class Variation:
    """A change of the weather and the spread, for uncertainty: degrees, factor, factor."""

    turn: float = 0.0
    speed: float = 1.0
    spread: float = 1.0


@dataclass(frozen=True)
class _Scene:
    """Geometry ([source, receptor] in m) and rules that stay the same over the hours."""

    east: Floats
    north: Floats
    heights: Floats
    stacks: tuple[Stack | None, ...]
    table: RuleTable
    terrain: Terrain
    spread: float
    step_s: float

    def sigmas(self, stability: str) -> Sigmas:
        return sigmas(stability, self.table, terrain=self.terrain, factor=self.spread)

    def effective_heights(self, wind: Floats, temperature: float, stability: str) -> Floats:
        """Stack heights plus rise; ``wind`` at each stack."""
        flux = np.array([buoyancy_flux(stack, temperature) if stack else 0.0 for stack in self.stacks])
        result: Floats = self.heights + rises(flux, wind, temperature, stability, self.table)
        return result


def source_receptor(
    sources: Sequence[EmissionPoint],
    receptors: Sequence[Point],
    skies: Skies,
    table: RuleTable,
    *,
    terrain: Terrain = "rural",
    variation: Variation | None = None,
    default_height: float = 10.0,
    puff_step_s: float = 900.0,
) -> Floats:
    """Day means in µg/m³ per kg/d, [day, source, receptor]; ``table`` is ``atmospheric_stability``.

    Each hour is a steady plume; hours with less than 1 m/s are puffs that stay in the air from one such
    hour to the next.
    """
    change = variation or Variation()
    places = np.array([[metres(source.place, receptor) for receptor in receptors] for source in sources])
    scene = _Scene(
        east=places[:, :, 0],
        north=places[:, :, 1],
        heights=np.array([s.stack.height if s.stack else default_height for s in sources]),
        stacks=tuple(source.stack for source in sources),
        table=table,
        terrain=terrain,
        spread=change.spread,
        step_s=puff_step_s,
    )
    u, v = _varied(skies, change)
    hours = np.zeros((u.size, len(sources), len(receptors)))
    calm = np.hypot(u, v) < PUFF_BELOW
    for hour in np.flatnonzero(~calm).tolist():
        hours[hour] = _plume_hour(
            scene, u[hour], v[hour], float(skies.temperature[hour]), skies.stability[hour]
        )
    for first, last in runs(calm):
        hours[first:last] = _puff_hours(scene, skies, (u, v), (first, last))
    days: Floats = hours.reshape(-1, HOURS, *hours.shape[1:]).mean(axis=1) * _UG_S_PER_KG_D
    return days


def _plume_hour(scene: _Scene, u: float, v: float, temperature: float, stability: str) -> Floats:
    wind = float(np.hypot(u, v))
    factors = {h: wind_at(h, 1.0, stability, scene.table, scene.terrain) for h in set(scene.heights.tolist())}
    at_stack = wind * np.array([factors[height] for height in scene.heights.tolist()])
    heights = scene.effective_heights(at_stack, temperature, stability)
    x, y = wind_frame(scene.east, scene.north, u, v)
    x = np.where(x > 0, np.maximum(x, NEAREST), x)
    return plume(x, y, 0.0, wind=at_stack[:, None], height=heights[:, None], spread=scene.sigmas(stability))


def _puff_hours(scene: _Scene, skies: Skies, wind: tuple[Floats, Floats], hours: tuple[int, int]) -> Floats:
    """Hours of a calm spell; sources whose plumes reach about the same height go together."""
    first, last = hours
    spreads = [scene.sigmas(stability) for stability in skies.stability[first:last]]
    still = np.ones(scene.heights.size)
    reached = scene.effective_heights(still, float(skies.temperature[first]), skies.stability[first])
    level = np.maximum(np.round(reached / _HEIGHT_STEP) * _HEIGHT_STEP, _HEIGHT_STEP)
    result = np.zeros((last - first, *scene.east.shape))
    for height in np.unique(level).tolist():
        own = level == height
        flat = (scene.east[own].ravel(), scene.north[own].ravel())
        part = (wind[0][first:last], wind[1][first:last])
        means = puff_hours(flat, part, spreads, height=height, step_s=scene.step_s)
        result[:, own, :] = means.reshape(last - first, int(own.sum()), scene.east.shape[1])
    return result


def _varied(skies: Skies, change: Variation) -> tuple[Floats, Floats]:
    angle = np.radians(change.turn)
    u = change.speed * (skies.wind_u * np.cos(angle) + skies.wind_v * np.sin(angle))
    v = change.speed * (skies.wind_v * np.cos(angle) - skies.wind_u * np.sin(angle))
    return u, v
