"""Dispersion against closed forms: plume, mass, puffs, rise, sun, stability."""

from datetime import UTC, date, datetime, timedelta, timezone
from math import exp, pi, sqrt

import numpy as np
import pytest

from qipan.domains.governance.environment.dispersion import (
    Puffs,
    Sigmas,
    advance,
    plume,
    puff,
    puff_hours,
    sigmas,
    wind_frame,
)
from qipan.domains.governance.environment.plume_rise import Stack, buoyancy_flux, plume_rise
from qipan.domains.governance.environment.stability import solar_elevation, stability_class, wind_at
from qipan.domains.governance.environment.standards import table_on

TABLE = table_on("atmospheric_stability", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("stability", "terrain", "sigma_y", "sigma_z"),
    [
        ("A", "rural", 220 / sqrt(1.1), 200),
        ("B", "rural", 160 / sqrt(1.1), 120),
        ("C", "rural", 110 / sqrt(1.1), 80 / sqrt(1.2)),
        ("D", "rural", 80 / sqrt(1.1), 60 / sqrt(2.5)),
        ("E", "rural", 60 / sqrt(1.1), 30 / 1.3),
        ("F", "rural", 40 / sqrt(1.1), 16 / 1.3),
        ("A", "urban", 320 / sqrt(1.4), 240 * sqrt(2)),
        ("C", "urban", 220 / sqrt(1.4), 200),
        ("D", "urban", 160 / sqrt(1.4), 140 / sqrt(1.3)),
        ("F", "urban", 110 / sqrt(1.4), 80 / sqrt(2.5)),
    ],
)
def test_coefficients_of_briggs_at_one_kilometre(
    stability: str, terrain: str, sigma_y: float, sigma_z: float
) -> None:
    spread = sigmas(stability, TABLE, terrain="urban" if terrain == "urban" else "rural")
    found_y, found_z = spread.at(np.array([1000.0]))
    assert found_y[0] == pytest.approx(sigma_y, rel=1e-12)
    assert found_z[0] == pytest.approx(sigma_z, rel=1e-12)


def test_plume_equals_the_closed_form_on_the_ground_axis() -> None:
    x = np.array([200.0, 1000.0, 8000.0])
    spread = sigmas("D", TABLE)
    sigma_y, sigma_z = spread.at(x)
    expected = [
        exp(-(60**2) / (2 * z**2)) / (pi * 3.0 * y * z) for y, z in zip(sigma_y, sigma_z, strict=True)
    ]
    found = plume(x, np.zeros(3), 0.0, wind=3.0, height=60.0, spread=spread)
    assert found == pytest.approx(expected, rel=1e-6)
    assert plume(np.array([-5.0, 0.0]), np.zeros(2), 0.0, wind=3.0, height=0.0, spread=spread).tolist() == [
        0,
        0,
    ]


def test_everything_emitted_passes_each_cross_section() -> None:
    y, z = np.meshgrid(np.linspace(-900, 900, 301), np.linspace(0, 900, 301), indexing="ij")
    for stability in "ACDF":
        spread = sigmas(stability, TABLE)
        section = plume(np.full(y.shape, 800.0), y, z, wind=4.0, height=50.0, spread=spread)
        flux = np.trapezoid(np.trapezoid(section, z[0], axis=1), y[:, 0]) * 4.0
        assert flux == pytest.approx(1.0, abs=1e-6 if stability != "A" else 1e-4)


def test_puff_holds_its_mass() -> None:
    axis = np.linspace(-600, 600, 61)
    east, north, up = np.meshgrid(axis, axis, np.linspace(0, 600, 61), indexing="ij")
    grams = puff(np.hypot(east, north), up, height=40.0, sigma_h=90.0, sigma_z=60.0)
    total = np.trapezoid(np.trapezoid(np.trapezoid(grams, up[0, 0], axis=2), axis, axis=1), axis)
    assert total == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("wind", [(0.0, 0.0), (0.3, -0.2), (0.0, 0.9)])
def test_puffs_in_the_air_hold_what_was_released(wind: tuple[float, float]) -> None:
    spread, puffs = sigmas("D", TABLE), Puffs.none()
    for _step in range(6):
        puffs = advance(puffs, wind[0], wind[1], 300.0, spread)
    total = 0.0
    for number in range(puffs.east.size):
        one = Puffs(*(part[number : number + 1] for part in vars(puffs).values()))
        wide, tall = float(one.sigma_h[0]), float(one.sigma_z[0])
        reach = 6 * wide + 300
        axis = np.linspace(-reach, reach, int(reach / wide * 4) + 1)
        east, north = np.meshgrid(axis, axis, indexing="ij")
        ground = one.at_ground(east.ravel() + one.east[0], north.ravel() + one.north[0], 20.0)
        plane = float(np.trapezoid(np.trapezoid(ground.reshape(east.shape), axis, axis=1), axis))
        # the column above the ground holds all: ∫ upright dz = 1
        total += 300.0 * plane / (2 * exp(-0.5 * (20 / tall) ** 2) / (sqrt(2 * pi) * tall))
    assert total == pytest.approx(1800.0, rel=0.01)  # 1 g/s for half an hour


def test_a_puff_without_motion_is_the_round_puff() -> None:
    still = Puffs(*(np.array([value]) for value in (0.0, 0.0, 0.0, 0.0, 80.0, 40.0, 0.0)))
    places = np.array([0.0, 50.0, 200.0])
    found = still.at_ground(places, np.zeros(3), 30.0)[:, 0]
    expected = puff(places, 0.0, height=30.0, sigma_h=80.0, sigma_z=40.0)
    assert found == pytest.approx(expected, rel=1e-6)


def test_coarse_steps_give_the_same_field() -> None:
    places = (np.linspace(300, 3000, 28), np.zeros(28))
    wind = (np.full(4, 0.6), np.zeros(4))
    spread = [sigmas("F", TABLE)] * 4
    fine = puff_hours(places, wind, spread, height=10.0, step_s=60.0)[3]
    coarse = puff_hours(places, wind, spread, height=10.0, step_s=900.0)[3]
    far = places[0] >= 1200  # nearer than two steps of the way the first puffs show
    assert coarse[far] == pytest.approx(fine[far], rel=0.25)
    assert coarse.sum() == pytest.approx(fine.sum(), rel=0.25)


def test_puffs_only_grow() -> None:
    puffs = Puffs.none()
    for stability in "AFCF":
        before = puffs
        puffs = advance(puffs, 0.5, 0.0, 600.0, sigmas(stability, TABLE))
        assert (puffs.sigma_h[: before.east.size] > before.sigma_h).all()
    assert puffs.east.tolist() == [1050.0, 750.0, 450.0, 150.0]


def test_steady_puffs_in_a_light_wind_come_near_the_plume() -> None:
    spread = sigmas("D", TABLE)
    places = (np.array([1000.0]), np.array([0.0]))
    hours = puff_hours(places, (np.full(3, 1.0), np.zeros(3)), [spread] * 3, height=30.0, step_s=30.0)
    steady = plume(places[0], places[1], 0.0, wind=1.0, height=30.0, spread=spread)
    assert hours[2, 0] == pytest.approx(steady[0], rel=0.06)
    assert hours[0, 0] < hours[1, 0]


def test_wind_frame_turns_with_the_wind() -> None:
    downwind, across = wind_frame(np.array([0.0, 100.0]), np.array([100.0, 0.0]), 0.0, 5.0)
    assert downwind.tolist() == [100.0, 0.0]
    assert across.tolist() == [0.0, -100.0]


def test_widened_spread() -> None:
    assert sigmas("D", TABLE, factor=2).at(np.array([500.0]))[0] == pytest.approx(
        2 * sigmas("D", TABLE).at(np.array([500.0]))[0]
    )
    assert Sigmas((0.1, 0, 0), (0.1, 0, 0)).at(np.array([0.0]))[0][0] == 1e-3


def test_rise_of_a_hot_plume() -> None:
    stack = Stack(height=60, diameter=2, temperature=140, speed=12)
    flux = 9.81 * 12 * 4 * (140 - 10) / (4 * (140 + 273.15))
    assert buoyancy_flux(stack, 10) == pytest.approx(flux)
    assert plume_rise(stack, 4, 10, "D", TABLE) == pytest.approx(21.425 * flux**0.75 / 4)
    big = Stack(100, 4, 140, 12)
    assert plume_rise(big, 4, 10, "D", TABLE) == pytest.approx(38.71 * (4 * flux) ** 0.6 / 4)
    stable = 2.6 * (flux / (4 * 9.81 / 283.15 * 0.035)) ** (1 / 3)
    assert plume_rise(stack, 4, 10, "F", TABLE) == pytest.approx(stable)
    assert plume_rise(Stack(30, 1, 5, 10), 2, 10, "D", TABLE) == 0.0
    assert plume_rise(stack, 0.2, 10, "D", TABLE) == plume_rise(stack, 1, 10, "D", TABLE)


def test_rise_formulas_meet_where_they_change() -> None:
    assert abs(21.425 * 55**0.75 / (38.71 * 55**0.6) - 1) < 0.01


def test_elevation_of_the_sun() -> None:
    noon_june = datetime(2026, 6, 21, 12, 20, tzinfo=timezone(timedelta(hours=8)))
    assert solar_elevation(noon_june, 115.44, 36.48) == pytest.approx(90 - 36.48 + 23.44, abs=0.15)
    noon_december = datetime(2026, 12, 21, 12, 16, tzinfo=timezone(timedelta(hours=8)))
    assert solar_elevation(noon_december, 115.44, 36.48) == pytest.approx(90 - 36.48 - 23.44, abs=0.15)
    assert solar_elevation(datetime(2026, 6, 21, 18, tzinfo=UTC), 115.44, 36.48) < -20
    with pytest.raises(ValueError, match="moment"):
        solar_elevation(datetime(2026, 6, 21), 115.44, 36.48)


@pytest.mark.parametrize(
    ("elevation", "wind", "clouds", "expected"),
    [
        (70, 1.5, (0, 0), "A"),
        (40, 2.5, (0, 0), "B"),
        (20, 2.5, (0, 0), "C"),
        (40, 4, (9, 9), "D"),
        (-10, 1.0, (0, 0), "F"),
        (-10, 2.5, (6, 2), "E"),
        (-10, 4.0, (0, 0), "E"),
        (50, 7, (0, 0), "D"),
        (-10, 1.0, (None, None), "E"),
    ],
)
def test_stability(
    elevation: float, wind: float, clouds: tuple[float | None, float | None], expected: str
) -> None:
    found = stability_class(elevation, wind, TABLE, total_cloud=clouds[0], low_cloud=clouds[1])
    assert found == expected


def test_wind_at_height_and_wrong_wind() -> None:
    assert wind_at(40, 3, "D", TABLE) == pytest.approx(3 * 4**0.15)
    assert wind_at(2, 3, "D", TABLE) == 3
    assert wind_at(500, 3, "F", TABLE) == wind_at(200, 3, "F", TABLE)
    with pytest.raises(ValueError, match="wind"):
        stability_class(10, -1, TABLE)
