"""How high the smoke of a stack rises before it travels level (Briggs)."""

from dataclasses import dataclass

import numpy as np

from .series import Floats
from .standards import RuleTable

GRAVITY = 9.81
KELVIN = 273.15
_BUOYANT = 55.0


@dataclass(frozen=True)
class Stack:
    """Height and inner diameter in m, gas temperature in °C, exit speed in m/s."""

    height: float
    diameter: float
    temperature: float
    speed: float


def buoyancy_flux(stack: Stack, air_temperature: float) -> float:
    """F = g·v·d²·(Ts−Ta)/(4·Ts) in m⁴/s³; 0 when the gas is no warmer than the air (°C)."""
    hot, air = stack.temperature + KELVIN, air_temperature + KELVIN
    return max(0.0, GRAVITY * stack.speed * stack.diameter**2 * (hot - air) / (4 * hot))


def rises(flux: Floats, wind: Floats, air_temperature: float, stability: str, table: RuleTable) -> Floats:
    """Final rise in m for buoyancy fluxes; ``wind`` at the stacks' mouths in m/s, at least 1 is used.

    Neutral and unstable air: 21.425·F^¾/u below F = 55, else 38.71·F^⅗/u. Stable air:
    2.6·(F/(u·s))^⅓, never more than the neutral rise.
    """
    speed = np.maximum(wind, 1.0)
    neutral: Floats = np.where(flux < _BUOYANT, 21.425 * flux**0.75, 38.71 * flux**0.6) / speed
    gradients = table.cell("stable_gradient")
    if stability not in gradients:
        return neutral
    strength = GRAVITY / (air_temperature + KELVIN) * float(gradients[stability])
    stable: Floats = np.minimum(neutral, 2.6 * np.cbrt(flux / (speed * strength)))
    return stable


def plume_rise(stack: Stack, wind: float, air_temperature: float, stability: str, table: RuleTable) -> float:
    """Final rise of one stack in m (see ``rises``)."""
    flux = np.array([buoyancy_flux(stack, air_temperature)])
    return float(rises(flux, np.array([wind]), air_temperature, stability, table)[0])
