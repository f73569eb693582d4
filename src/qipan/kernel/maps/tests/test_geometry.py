"""Ellipsoidal figures, datums, point in area, synthetic divisions: pure parts of the block."""

import hashlib
import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from shapely.geometry import mapping

from qipan.kernel.maps import datum, geodesy
from qipan.kernel.maps.point_in_area import AreaIndex
from qipan.kernel.maps.power_diagram import diagram
from qipan.kernel.maps.synthetic import Town, divide, split
from qipan.kernel.maps.tests.sample import county, divided, towns

LON = st.floats(115.2, 115.9)
LAT = st.floats(36.3, 36.8)


def test_the_countys_area_is_ellipsoidal() -> None:
    assert geodesy.area_m2(county()) / 1e6 == pytest.approx(1159.861, abs=0.001)


def test_areas_equal_pyproj_with_holes_and_parts() -> None:
    outer = shapely.box(115.3, 36.4, 115.4, 36.5)
    holed = shapely.Polygon(
        outer.exterior.coords, [shapely.box(115.32, 36.42, 115.33, 36.43).exterior.coords]
    )
    both = shapely.MultiPolygon([holed, shapely.box(115.6, 36.4, 115.7, 36.5)])
    right = shapely.orient_polygons(both)
    expected = sum(abs(Geod(ellps="GRS80").geometry_area_perimeter(part)[0]) for part in right.geoms)
    assert geodesy.area_m2(both) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ValueError, match="LineString"):
        geodesy.area_m2(shapely.LineString([(115, 36), (116, 37)]))


def test_distances_are_geodesic() -> None:
    assert geodesy.distance_m(115.0, 36.0, 116.0, 36.0) == pytest.approx(90_163.29, abs=0.01)
    many = geodesy.distances_m(115.4, 36.4, [115.4, 115.5], [36.4, 36.5])
    assert many.tolist() == [0.0, geodesy.distance_m(115.4, 36.4, 115.5, 36.5)]
    lon, lat = geodesy.destination(115.4, 36.4, 90, 1000)
    assert geodesy.distance_m(115.4, 36.4, lon, lat) == pytest.approx(1000, abs=1e-6)
    assert geodesy.bearing(115.4, 36.4, lon, lat) == pytest.approx(90, abs=1e-6)


def test_a_circle_has_its_radius_everywhere() -> None:
    ring = geodesy.circle(115.4, 36.4, 2000).exterior.coords
    distances = geodesy.distances_m(115.4, 36.4, [x for x, _ in ring], [y for _, y in ring])
    assert distances.min() == pytest.approx(2000, abs=0.01)
    assert distances.max() == pytest.approx(2000, abs=0.01)


def test_gcj02_is_half_a_kilometre_off_here() -> None:
    lon, lat = datum.wgs84_to_gcj02(115.5, 36.5)
    assert (lon - 115.5, lat - 36.5) == pytest.approx((0.00591, 0.00014), abs=1e-5)
    assert geodesy.distance_m(115.5, 36.5, lon, lat) == pytest.approx(528, abs=3)
    assert datum.wgs84_to_gcj02(-0.12, 51.5) == (-0.12, 51.5)


@given(LON, LAT)
def test_datums_come_back_exactly(lon: float, lat: float) -> None:
    assert datum.gcj02_to_wgs84(*datum.wgs84_to_gcj02(lon, lat)) == pytest.approx((lon, lat), abs=1e-12)
    assert datum.bd09_to_wgs84(*datum.wgs84_to_bd09(lon, lat)) == pytest.approx((lon, lat), abs=1e-11)


def test_zones_with_and_without_number() -> None:
    east, north = datum.to_zone(115.435, 36.48, 114)
    with_number = Transformer.from_crs(4490, 4526, always_xy=True).transform(115.435, 36.48)
    assert (38_000_000 + east, north) == pytest.approx(with_number, abs=1e-6)
    assert datum.from_zone(east, north, 114) == pytest.approx((115.435, 36.48), abs=1e-9)
    assert datum.from_zone(38_000_000 + east, north, 114) == pytest.approx((115.435, 36.48), abs=1e-9)
    with pytest.raises(ValueError, match="central meridian"):
        datum.to_zone(115, 36, 115)


def brute_force(areas: list[tuple[str, shapely.Polygon]], lon: float, lat: float) -> str | None:
    """The lowest code whose area covers the point."""
    return min((code for code, area in areas if area.covers(shapely.Point(lon, lat))), default=None)


def test_point_in_area_equals_brute_force_inside_outside_and_on_borders() -> None:
    areas = [(code, divided()[code]) for town in towns() for code in town.villages]
    index = AreaIndex.of(areas)
    generator = np.random.default_rng(7)
    anywhere = generator.uniform((115.25, 36.34), (115.8, 36.72), (4000, 2))
    corners = np.concatenate([shapely.get_coordinates(area) for _code, area in areas[::40]])
    middles = (corners[1:] + corners[:-1]) / 2
    points = np.concatenate((anywhere, corners[::5], middles[::5]))
    found = index.locate(points[:, 0].copy(), points[:, 1].copy())
    answers = [None if at < 0 else index.codes[at] for at in found]
    tree = shapely.STRtree([area for _code, area in areas])
    for (lon, lat), answer in zip(points.tolist(), answers, strict=True):
        near = [areas[i] for i in tree.query(shapely.Point(lon, lat))]
        assert answer == brute_force(near, lon, lat)
        assert index.code_at(lon, lat) == answer
    assert sum(answer is not None for answer in answers) > 2000


rectangles = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 5), st.integers(1, 5)), max_size=8
)
positions = st.lists(st.tuples(st.integers(-2, 30), st.integers(-2, 30)), min_size=1, max_size=30)


@settings(max_examples=12, deadline=None)
@given(rectangles, positions)
def test_overlapping_and_touching_areas_answer_with_the_lowest_code(
    boxes: list[tuple[int, int, int, int]], at: list[tuple[int, int]]
) -> None:
    areas = [(f"{n:02}", shapely.box(x, y, x + w, y + h)) for n, (x, y, w, h) in enumerate(boxes)]
    index = AreaIndex.of(list(reversed(areas)))
    for x, y in at:
        assert index.code_at(x / 2, y / 2) == brute_force(areas, x / 2, y / 2)


def test_points_that_are_no_numbers_are_outside() -> None:
    index = AreaIndex.of([("a", shapely.box(0, 0, 1, 1))])
    found = index.locate(np.array([np.nan, np.inf, 0.5]), np.array([0.5, 0.5, np.nan]))
    assert found.tolist() == [-1, -1, -1]
    assert index.locate(np.array([0.5, 1.5]), np.array([0.5, 0.5])).tolist() == [0, -1]
    assert index.code_at(float("nan"), 0.5) is None
    assert AreaIndex.of([]).code_at(0.5, 0.5) is None


def test_a_power_diagram_gives_each_point_to_the_nearest_site_by_power() -> None:
    generator = np.random.default_rng(3)
    sites, weights = generator.uniform(0, 100, (12, 2)), generator.uniform(0, 150, 12)
    cells = diagram(sites, weights).cells()
    for point in generator.uniform(5, 95, (300, 2)):
        nearest = int(np.argmin(((point - sites) ** 2).sum(axis=1) - weights))
        cell = cells[nearest]
        assert cell.buffer(1e-9).covers(shapely.Point(point))


def test_synthetic_villages_cover_the_county_without_gap_or_overlap() -> None:
    villages = [divided()[code] for town in towns() for code in town.villages]
    assert len(villages) == 352
    assert all(area.is_valid and not area.is_empty for area in villages)
    together = shapely.union_all(villages)
    assert together.symmetric_difference(county()).area / county().area < 1e-9
    assert sum(area.area for area in villages) == pytest.approx(county().area, rel=1e-9)
    left, _right = shapely.STRtree(villages).query(villages, predicate="overlaps")
    assert left.size == 0


def test_towns_take_their_shares_and_hold_their_villages() -> None:
    roots = {town.code: len(town.villages) ** 0.5 for town in towns()}
    for town in towns():
        share = divided()[town.code].area / county().area
        assert share == pytest.approx(roots[town.code] / sum(roots.values()), rel=0.05)
        own = shapely.union_all([divided()[code] for code in town.villages])
        assert own.equals(divided()[town.code])


def test_the_same_seed_gives_the_same_areas_and_another_one_others() -> None:
    square = shapely.box(115.3, 36.4, 115.5, 36.5)
    two = (Town("A", 115.35, 36.45, ("a1", "a2", "a3")), Town("B", 115.45, 36.45, ("b1", "b2")))

    def digest(seed: int) -> str:
        text = json.dumps({code: mapping(area) for code, area in divide(square, two, seed).items()})
        return hashlib.sha256(text.encode()).hexdigest()

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)


def test_borders_inside_are_not_straight() -> None:
    square = shapely.box(115.3, 36.4, 115.5, 36.5)
    two = (Town("A", 115.35, 36.45, ("a1",)), Town("B", 115.45, 36.45, ("b1",)))
    shared = divide(square, two)["A"].intersection(divide(square, two)["B"])
    ends = shapely.line_merge(shared).boundary.geoms
    assert shared.length > 1.01 * ends[0].distance(ends[1])


def test_grids_cover_their_village() -> None:
    village = divided()["371525001042"]
    parts = split(village, 3, 1, "371525001042")
    assert len(parts) == 3
    assert shapely.union_all(parts).symmetric_difference(village).area / village.area < 1e-9
