"""How high the smoke of a stack rises before it travels level (Briggs)."""

from dataclasses import dataclass

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


def plume_rise(stack: Stack, wind: float, air_temperature: float, stability: str, table: RuleTable) -> float:
    """Final rise in m; ``wind`` at the stack's mouth in m/s, at least 1 is used.

    Neutral and unstable air: 21.425·F^¾/u below F = 55, else 38.71·F^⅗/u. Stable air:
    2.6·(F/(u·s))^⅓, never more than the neutral rise.
    """
    flux = buoyancy_flux(stack, air_temperature)
    speed = max(wind, 1.0)
    neutral = 21.425 * flux**0.75 / speed if flux < _BUOYANT else 38.71 * flux**0.6 / speed
    gradients = table.cell("stable_gradient")
    if stability not in gradients or flux == 0.0:
        return float(neutral)
    strength = GRAVITY / (air_temperature + KELVIN) * float(gradients[stability])
    return float(min(neutral, 2.6 * (flux / (speed * strength)) ** (1 / 3)))
