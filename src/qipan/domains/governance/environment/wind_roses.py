"""From which direction and at which wind speed a site gets its high values (over some 30 days)."""

from dataclasses import dataclass

import numpy as np

from .series import Floats
from .standards import RuleTable


@dataclass(frozen=True)
class ConditionalProbability:
    """Share of high hours by wind sector (NaN where too few hours); sector 0 is centred on north."""

    threshold: float
    share: Floats
    hours: Floats
    calm_hours: int

    @property
    def top_sector(self) -> int | None:
        """The sector with the largest share; None when no sector has enough hours."""
        return None if np.isnan(self.share).all() else int(np.nanargmax(self.share))


@dataclass(frozen=True)
class PolarPlot:
    """Mean concentration over wind components: ``mean[v, u]`` on the axes u (east), v (north), m/s.

    The place (u, v) is where the wind comes *from*; NaN where the wind was never like that.
    """

    axis: Floats
    mean: Floats


def conditional_probability(
    values: Floats, wind_from: Floats, wind_speed: Floats, table: RuleTable, *, sectors: int = 16
) -> ConditionalProbability:
    """Conditional probability function (CPF): of the hours with wind from a sector, how many were high.

    High is above a percentile of all hours. Arrays of equal length: concentration, direction in
    degrees, speed in m/s; hours with a gap are left out, calm ones counted apart.
    """
    known = np.isfinite(values) & np.isfinite(wind_from) & np.isfinite(wind_speed)
    if not known.any():
        raise ValueError("values: no hour has concentration and wind")
    threshold = float(np.percentile(values[known], float(table.limit("conditional_percentile"))))
    calm = known & (wind_speed < float(table.limit("calm_wind")))
    moving = known & ~calm
    sector = np.rint(wind_from[moving] / (360 / sectors)).astype(np.int64) % sectors
    hours = np.bincount(sector, minlength=sectors).astype(np.float64)
    high = np.bincount(sector, weights=values[moving] > threshold, minlength=sectors)
    enough = hours >= float(table.limit("conditional_needed"))
    share = np.full(sectors, np.nan)
    share[enough] = high[enough] / hours[enough]
    return ConditionalProbability(threshold, share, hours, int(calm.sum()))


def polar_plot(
    values: Floats, wind_from: Floats, wind_speed: Floats, *, step: float = 0.5, bandwidth: float = 0.6
) -> PolarPlot:
    """Bivariate polar plot: kernel mean of the concentration over the wind components.

    ``bandwidth`` in m/s is the width of the Gaussian kernel; cells with the weight of less than three
    hours stay empty.
    """
    known = np.isfinite(values) & np.isfinite(wind_from) & np.isfinite(wind_speed)
    angle = np.radians(wind_from[known])
    east, north = wind_speed[known] * np.sin(angle), wind_speed[known] * np.cos(angle)
    reach = max(step, float(np.ceil(wind_speed[known].max(initial=step) / step) * step))
    axis = np.linspace(-reach, reach, 2 * round(reach / step) + 1)
    weight_u = np.exp(-0.5 * ((axis[:, None] - east) / bandwidth) ** 2)
    weight_v = np.exp(-0.5 * ((axis[:, None] - north) / bandwidth) ** 2)
    weight = weight_v @ weight_u.T
    total = (weight_v * values[known]) @ weight_u.T
    mean = np.full(weight.shape, np.nan)
    enough = weight >= 3
    mean[enough] = total[enough] / weight[enough]
    return PolarPlot(axis, mean)
