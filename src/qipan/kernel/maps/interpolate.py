"""Values between stations: inverse distance, Thiessen weights, ordinary kriging, each with its error.

Points are degrees (lon, lat) in arrays of shape (n, 2); distances are taken on the plane of the
ellipsoid's scale at their middle, which over a county is right to some 1e-4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares
from scipy.spatial.distance import cdist, pdist
from shapely.geometry.base import BaseGeometry

from qipan.kernel.maps.geodesy import area_m2, local_scale

Numbers = NDArray[np.float64]
Model = Literal["spherical", "exponential"]
FEWEST_STATIONS = 8
LAGS = 12
# A target nearer to a station than this takes its value.
SAME_PLACE_M = 1e-3


@dataclass(frozen=True)
class Variogram:
    """Half the expected squared difference of two values by their distance: nugget, sill, range (metres).

    ``sill`` includes the nugget; the exponential model reaches 95 % of it at the range.
    """

    model: Model
    nugget: float
    sill: float
    range_m: float

    def __call__(self, distance: Numbers) -> Numbers:
        """Semivariance at each distance in metres; zero at zero."""
        ratio = distance / self.range_m
        if self.model == "spherical":
            shape = np.where(ratio < 1, 1.5 * ratio - 0.5 * ratio**3, 1.0)
        else:
            shape = 1 - np.exp(-3 * ratio)
        return np.where(distance > 0, self.nugget + (self.sill - self.nugget) * shape, 0.0)


@dataclass(frozen=True)
class Estimate:
    """Values at the targets, their kriging variance (None for the other methods), and the method used."""

    values: Numbers
    variance: Numbers | None
    method: str
    variogram: Variogram | None = None


def to_metres(points: ArrayLike, around: ArrayLike) -> Numbers:
    """Degrees to metres east and north of the middle of ``around``."""
    middle = np.asarray(around, dtype=np.float64).mean(axis=0)
    metres: Numbers = (np.asarray(points, dtype=np.float64) - middle) * local_scale(float(middle[1]))
    return metres


def idw(stations: ArrayLike, values: ArrayLike, targets: ArrayLike, power: float = 2.0) -> Numbers:
    """Inverse-distance weighted means; a target at a station takes its value. ValueError without stations."""
    known = np.asarray(values, dtype=np.float64)
    if known.size == 0:
        raise ValueError("idw: no stations")
    distance = cdist(to_metres(targets, stations), to_metres(stations, stations))
    weights = 1 / np.maximum(distance, SAME_PLACE_M) ** power
    found: Numbers = weights @ known / weights.sum(axis=1)
    nearest = distance.argmin(axis=1)
    same = distance[np.arange(len(nearest)), nearest] <= SAME_PLACE_M
    found[same] = known[nearest[same]]
    return found


def thiessen(stations: ArrayLike, area: BaseGeometry) -> Numbers:
    """Share of the area (ellipsoidal) that lies nearest to each station; they sum to one.

    Two stations at one place share their part.
    """
    points = np.asarray(stations, dtype=np.float64)
    places, index, counts = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    if len(places) == 1:
        return np.full(len(points), 1 / len(points))
    scale = np.array(local_scale(float(points[:, 1].mean())))
    flat = shapely.transform(area, lambda xy: xy * scale)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(places * scale), extend_to=flat, ordered=True)
    )
    pieces = shapely.transform(shapely.intersection(cells, flat), lambda xy: xy / scale)
    sizes = np.array([_size(piece) for piece in pieces])
    shares: Numbers = (sizes / sizes.sum() / counts)[index]
    return shares


def _size(piece: BaseGeometry) -> float:
    """Square metres of a piece; what is no area counts nothing."""
    parts = [part for part in shapely.get_parts(piece) if part.geom_type == "Polygon"]
    return sum(area_m2(part) for part in parts)


def fit_variogram(stations: ArrayLike, values: ArrayLike, model: Model = "spherical") -> Variogram:
    """The variogram of the stations by weighted least squares over twelve lags (Cressie's weights)."""
    points, known = to_metres(stations, stations), np.asarray(values, dtype=np.float64)
    distance = pdist(points)
    half = pdist(known[:, None], "sqeuclidean") / 2
    reach = float(distance.max()) / 2
    edges = np.linspace(0, reach, LAGS + 1)
    lag = np.clip(np.digitize(distance, edges) - 1, 0, LAGS)
    counts = np.bincount(lag, minlength=LAGS + 1)[:LAGS]
    used = counts > 0
    centres = np.bincount(lag, distance, LAGS + 1)[:LAGS][used] / counts[used]
    semivariance = np.bincount(lag, half, LAGS + 1)[:LAGS][used] / counts[used]
    spread = float(known.var()) or 1e-12

    def misfit(parameters: Numbers) -> Numbers:
        expected = _variogram(model, parameters)(centres)
        off: Numbers = np.sqrt(counts[used]) * (semivariance / np.maximum(expected, 1e-12) - 1)
        return off

    start = np.log([0.1 * spread, spread, reach / 2])
    found = least_squares(misfit, start, bounds=(start - 12, start + 4))
    return _variogram(model, found.x)


def _variogram(model: Model, logs: Numbers) -> Variogram:
    nugget, partial, range_m = np.exp(logs)
    return Variogram(model, float(nugget), float(nugget + partial), float(range_m))


def kriging(
    stations: ArrayLike, values: ArrayLike, targets: ArrayLike, variogram: Variogram | None = None
) -> Estimate:
    """Ordinary kriging; with fewer than eight stations, or equal values, inverse distance, and it says so."""
    points, known = np.asarray(stations, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if variogram is None and (len(known) < FEWEST_STATIONS or np.ptp(known) == 0):
        return Estimate(idw(points, known, targets), None, "idw")
    model = variogram or fit_variogram(points, known)
    here = to_metres(points, points)
    count = len(known)
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = model(cdist(here, here))
    system[count, count] = 0
    right = np.ones((count + 1, len(np.asarray(targets))))
    right[:count] = model(cdist(here, to_metres(targets, points)))
    solution = np.linalg.solve(system, right)
    variance = np.maximum((solution * right).sum(axis=0), 0)
    return Estimate(known @ solution[:count], variance, "ordinary kriging", model)


def leave_one_out(
    stations: ArrayLike, values: ArrayLike, method: Callable[[Numbers, Numbers, Numbers], Numbers]
) -> float:
    """Mean absolute error when each station is estimated from all others by ``method``."""
    points, known = np.asarray(stations, dtype=np.float64), np.asarray(values, dtype=np.float64)
    errors = []
    for left_out in range(len(known)):
        rest = np.arange(len(known)) != left_out
        found = method(points[rest], known[rest], points[left_out : left_out + 1])
        errors.append(abs(float(found[0]) - known[left_out]))
    return float(np.mean(errors))
