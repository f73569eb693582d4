"""Interpolation against hand figures and an independent formula."""

import numpy as np
import pytest
import shapely
from scipy.spatial.distance import cdist

from qipan.kernel.maps.geodesy import area_m2
from qipan.kernel.maps.interpolate import (
    Variogram,
    fit_variogram,
    idw,
    kriging,
    leave_one_out,
    thiessen,
    to_metres,
)
from qipan.kernel.maps.tests.sample import county

RNG = np.random.default_rng(11)
STATIONS = RNG.uniform((115.3, 36.4), (115.75, 36.68), (30, 2))
FIELD = 80 + 300 * (STATIONS[:, 0] - 115.5) - 200 * (STATIONS[:, 1] - 36.5) + RNG.normal(0, 2, 30)


def test_idw_by_hand() -> None:
    stations = [(115.40, 36.5), (115.44, 36.5)]
    # A quarter of the way: squared inverse distances stand 9 to 1.
    found = idw(stations, [10.0, 20.0], [(115.41, 36.5), (115.40, 36.5), (115.42, 36.5)])
    assert found.tolist() == pytest.approx([11.0, 10.0, 15.0], abs=1e-9)
    with pytest.raises(ValueError, match="no stations"):
        idw(np.empty((0, 2)), [], [(115.4, 36.5)])


def test_thiessen_shares_are_of_the_area_on_the_ellipsoid() -> None:
    box = shapely.box(115.3, 36.4, 115.7, 36.6)
    shares = thiessen([(115.35, 36.5), (115.45, 36.5), (115.65, 36.5)], box)
    # The sides of a cell are geodesics, which leave the parallel by some centimetres.
    thirds = [shapely.box(a, 36.4, b, 36.6) for a, b in ((115.3, 115.4), (115.4, 115.55), (115.55, 115.7))]
    assert shares.tolist() == pytest.approx([area_m2(part) / area_m2(box) for part in thirds], rel=1e-6)
    twice = thiessen([(115.35, 36.5), (115.35, 36.5), (115.65, 36.5)], box)
    assert twice.tolist() == pytest.approx([0.25, 0.25, 0.5], rel=1e-9)
    assert thiessen(STATIONS, county()).sum() == pytest.approx(1, rel=1e-12)
    assert thiessen([(115.4, 36.5)], box).tolist() == [1.0]


def test_kriging_equals_the_covariance_form() -> None:
    model = Variogram("exponential", 4.0, 900.0, 30_000.0)
    targets = RNG.uniform((115.3, 36.4), (115.75, 36.68), (40, 2))
    found = kriging(STATIONS, FIELD, targets, model)
    here, there = to_metres(STATIONS, STATIONS), to_metres(targets, STATIONS)
    # Generalised least squares: mean first, then simple kriging of what is left (Cressie 1993, 3.4).
    inverse = np.linalg.inv(model.sill - model(cdist(here, here)))
    ones = np.ones(len(FIELD))
    mean = ones @ inverse @ FIELD / (ones @ inverse @ ones)
    near = model.sill - model(cdist(there, here))
    expected = mean + near @ inverse @ (FIELD - mean)
    assert found.values == pytest.approx(expected, rel=1e-8)
    slack = 1 - near @ inverse @ ones
    variance = model.sill - np.einsum("ij,jk,ik->i", near, inverse, near) + slack**2 / (ones @ inverse @ ones)
    assert found.variance == pytest.approx(variance, rel=1e-7)


def test_kriging_honours_its_stations_and_says_what_it_did() -> None:
    found = kriging(STATIONS, FIELD, STATIONS)
    assert found.method == "ordinary kriging"
    assert found.values == pytest.approx(FIELD, abs=1e-6)
    assert found.variance == pytest.approx(np.zeros(30), abs=1e-6)
    few = kriging(STATIONS[:7], FIELD[:7], STATIONS[7:9])
    assert (few.method, few.variance) == ("idw", None)
    assert few.values.tolist() == idw(STATIONS[:7], FIELD[:7], STATIONS[7:9]).tolist()
    assert kriging(STATIONS, np.full(30, 5.0), [(115.5, 36.5)]).values.tolist() == pytest.approx([5.0])


def test_a_variogram_finds_its_own_parameters() -> None:
    points = RNG.uniform((115.3, 36.4), (115.75, 36.68), (400, 2))
    true = Variogram("spherical", 1.0, 10.0, 12_000.0)
    flat = to_metres(points, points)
    covariance = true.sill - true(cdist(flat, flat))
    sample = np.linalg.cholesky(covariance + 1e-9 * np.eye(400)) @ RNG.normal(size=400)
    found = fit_variogram(points, sample)
    assert found.range_m == pytest.approx(12_000, rel=0.5)
    assert found.sill == pytest.approx(10, rel=0.5)
    assert true(np.array([0.0, 12_000.0, 50_000.0])).tolist() == [0.0, 10.0, 10.0]


def test_kriging_beats_inverse_distance_on_a_smooth_field() -> None:
    by_kriging = leave_one_out(STATIONS, FIELD, lambda s, v, t: kriging(s, v, t).values)
    by_distance = leave_one_out(STATIONS, FIELD, idw)
    assert by_kriging < by_distance
