"""A small network with a daily rhythm, slow episodes driven by the wind, and gaps."""

from typing import Any

import numpy as np

from qipan.domains.governance.environment.forecast.dataset import History


def network(
    days: int = 100, *, stations: int = 3, pollutants: Any = ("pm25", "o3"), weather: bool = True
) -> History:
    """Hourly values of stations that breathe together; winds of some days clean the air."""
    rng = np.random.default_rng(11)
    hours = days * 24
    times = np.datetime64("2015-01-01T00") + np.arange(hours)
    rhythm = np.sin(2 * np.pi * (np.arange(hours) % 24) / 24)
    wind = np.repeat(rng.normal(0, 2, days), 24)
    level = np.zeros(hours)
    for hour in range(1, hours):
        level[hour] = 0.97 * level[hour - 1] + rng.normal(0, 4) + 2.5 - 1.5 * max(wind[hour], 0)
    base = np.maximum(level, 2)[:, None] * np.linspace(0.9, 1.1, stations) + 8 * rhythm[:, None] + 12
    values = {
        name: np.maximum(base * (number + 1) + rng.normal(0, 2, base.shape), 1.0)
        for number, name in enumerate(pollutants)
    }
    values[pollutants[0]][50:60, 0] = np.nan
    winds = {
        "wind_u": np.repeat(wind[:, None], stations, axis=1),
        "temperature": 10 + 5 * np.repeat(rhythm[:, None], stations, axis=1),
    }
    return History(times, tuple(f"s{n}" for n in range(stations)), values, winds if weather else {})
