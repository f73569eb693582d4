"""The block over the database: demo, where, layers, base map, replacing a layer."""

import csv
import json
from datetime import date
from typing import Any

import pytest
import shapely
from django.db.models import Sum
from django.test import RequestFactory
from pytest_django import Settings

from qipan.kernel import maps
from qipan.kernel.access.models import ANONYMOUS
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.maps import areas, base_map, county, demo, layers, pages, reference
from qipan.kernel.maps import models as maps_models
from qipan.kernel.maps.api import where_is
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.areas import Shape, replace
from qipan.kernel.maps.geodesy import to_shapely
from qipan.kernel.maps.models import Place
from qipan.kernel.maps.own_layers import LAYERS
from qipan.kernel.maps.tests.sample import DATA
from qipan.kernel.orgs.models import Division, Grid, Level

FOUNDED = date(2000, 1, 1)
TOWNS = ("371525112", "371525200", "371525108")


def silent(_what: str, _done: int, _of: int) -> None:
    """No progress bar."""


def divisions(*towns: str) -> None:
    """The county, some townships and their villages."""
    county_row = Division.objects.create(
        code="371525000000", name="冠县", level=Level.COUNTY, valid_from=FOUNDED
    )
    names = _rows("371525_streets.csv")
    for code in towns:
        town = Division.objects.create(
            code=f"{code}000",
            name=next(row["name"] for row in names if row["code"] == code),
            level=Level.TOWNSHIP,
            parent=county_row,
            valid_from=FOUNDED,
        )
        Division.objects.bulk_create(
            Division(code=row["code"], name=row["name"], level=Level.VILLAGE, parent=town, valid_from=FOUNDED)
            for row in _rows("371525_villages.csv")
            if row["streetCode"] == code
        )


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / "divisions" / name).open(encoding="utf-8") as rows:
        return list(csv.DictReader(rows))


@pytest.fixture
def built(db: None) -> None:
    county.forget()
    divisions(*TOWNS)
    demo.build(1, 1.0, silent)


def test_the_demo_covers_the_county_and_is_built_once(built: None) -> None:
    assert Area.objects.of("villages").count() == 17
    assert Area.objects.of("townships").count() == 3
    assert Grid.objects.count() == Area.objects.of("grids").count() >= 17
    total = Area.objects.of("villages").aggregate(total=Sum("area_m2"))["total"]
    assert total == pytest.approx(Area.objects.of("county").get().area_m2, rel=1e-6)
    assert Layer.objects.get(code="villages").origin == "synthetic"
    before = (Area.objects.count(), Place.objects.count(), Layer.objects.get(code="villages").version)
    demo.build(1, 1.0, silent)
    after = (Area.objects.count(), Place.objects.count(), Layer.objects.get(code="villages").version)
    assert before == after


def test_where_names_every_level_and_nothing_outside(built: None) -> None:
    village = Area.objects.of("villages").first()
    assert village is not None
    found = maps.where(village.label_lon, village.label_lat)
    assert (found.county, found.township, found.village) == (
        "371525000000",
        f"{village.code[:9]}000",
        village.code,
    )
    assert found.grid is not None
    assert found.grid.startswith(village.code)
    assert maps.contains(village.code, village.label_lon, village.label_lat)
    assert not maps.contains(village.code, 115.0, 36.0)
    assert maps.where(115.0, 36.0) == maps.Where()
    assert maps.where_many([village.label_lon, 115.0], [village.label_lat, 36.0], "villages") == [
        village.code,
        None,
    ]


def test_locate_fills_division_and_grid(built: None) -> None:
    village = Area.objects.of("villages").last()
    assert village is not None
    place = Place(name="桥头", kind="桥", lon=village.label_lon, lat=village.label_lat)
    row = _Located(lon=place.lon, lat=place.lat)
    row.locate()
    assert row.division is not None
    assert row.division.code == village.code
    assert row.grid is not None
    row.lon, row.lat = 115.0, 36.0
    row.locate()
    assert (row.division, row.grid) == (None, None)


class _Located:
    """What Placed.locate works on, without a table."""

    division: Any = None
    grid: Any = None

    def __init__(self, lon: float, lat: float) -> None:
        self.lon, self.lat = lon, lat

    def locate(self) -> None:
        """The mixin's own function."""
        maps_models.Placed.locate(self)  # type: ignore[arg-type]


def test_a_new_version_of_a_layer_answers_from_its_day_on(built: None) -> None:
    layer = Layer.objects.get(code="villages")
    version = layer.version
    whole = to_shapely(Area.objects.of("county").get().geometry)
    west, south, east, north = whole.bounds
    middle = (west + east) / 2
    halves = [
        Shape("371525112001", "西半", whole.intersection(shapely.box(west, south, middle, north))),
        Shape("371525112002", "东半", whole.intersection(shapely.box(middle, south, east, north))),
    ]
    assert replace(layer, halves, valid_from=date(2020, 1, 1), by=None) == 2
    assert layer.version == version + 1
    assert maps.where(115.40, 36.50).village == "371525112001"
    assert maps.where(115.60, 36.50).village == "371525112002"
    old = maps.where(115.40, 36.50, date(2019, 12, 31)).village
    assert old is not None
    assert old not in ("371525112001", "371525112002")
    with pytest.raises(ValueError, match="invalid geometry of bow"):
        bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
        replace(layer, [Shape("bow", "", bow)], valid_from=date(2021, 1, 1), by=None)


def test_areas_of_several_codes_together(built: None) -> None:
    codes = list(Area.objects.of("townships").values_list("code", flat=True))
    together = areas.union(codes)
    assert together is not None
    whole = to_shapely(Area.objects.of("county").get().geometry)
    assert to_shapely(together).symmetric_difference(whole).area < 1e-9
    assert areas.geometry("nowhere") is None
    assert areas.union(["nowhere"]) is None


def test_simplified_features_still_share_their_borders(built: None) -> None:
    (layer,) = [layer for layer in LAYERS if layer.key == "maps.villages"]
    found = layer.features(ANONYMOUS)["features"]
    assert len(found) == 17
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in found]
    whole = to_shapely(Area.objects.of("county").get().geometry)
    gaps = shapely.union_all(shapes).symmetric_difference(whole).area
    assert gaps / whole.area < 0.002
    assert sum(shape.area for shape in shapes) == pytest.approx(shapely.union_all(shapes).area, rel=1e-5)
    assert found[0]["properties"]["origin"] == "synthetic"
    assert "示意边界·非法定" in found[0]["properties"]["text"]


def _get(rf: RequestFactory, path: str, **headers: str) -> Any:
    request = rf.get(path, headers=headers)
    request.user = ANONYMOUS  # type: ignore[assignment]
    return request


def test_layers_are_served_by_permission_with_their_description(built: None, rf: RequestFactory) -> None:
    layers.fill(LAYERS)
    answer = pages.layer_data(_get(rf, "/"), "maps.townships")
    data = json.loads(answer.content)
    assert answer["Content-Type"] == "application/geo+json"
    assert len(data["features"]) == 3
    assert (data["layer"]["key"], data["layer"]["note"]) == ("maps.townships", "示意边界·非法定")
    again = pages.layer_data(_get(rf, "/", if_none_match=answer["ETag"]), "maps.townships")
    assert again.status_code == 304
    with pytest.raises(Refused):
        pages.layer_data(_get(rf, "/"), "maps.grids")
    listed = json.loads(pages.catalogue(_get(rf, "/")).content)["layers"]
    assert [layer["key"] for layer in listed] == ["maps.townships", "maps.villages", "maps.rivers"]
    with pytest.raises(ValueError, match="declared twice"):
        layers.fill((*LAYERS, LAYERS[0]))


def test_the_base_map_asks_nobody_outside_and_names_synthetic_borders(
    built: None, rf: RequestFactory
) -> None:
    for theme in base_map.DRESSES:
        style = json.loads(pages.style(_get(rf, "/"), theme).content)
        assert style["version"] == 8
        assert "glyphs" not in style
        used = {layer["source"] for layer in style["layers"] if "source" in layer}
        assert used <= set(style["sources"])
        for name, source in style["sources"].items():
            assert source["data"].startswith(f"/maps/base/{name}.geojson?v=")
            assert "乡镇村界为示意" in source["attribution"]
            data = json.loads(pages.base_data(_get(rf, "/"), name).content)
            assert data["features"], name


def test_where_as_an_api_answer(built: None, rf: RequestFactory) -> None:
    village = Area.objects.of("villages").first()
    assert village is not None
    answer = where_is(_get(rf, "/"), village.label_lon, village.label_lat)
    assert answer["village"] == village.code
    assert answer["names"][0] == "冠县"
    assert answer["origin"] == "synthetic"
    with pytest.raises(InvalidInput) as caught:
        where_is(_get(rf, "/"), 181, 36)
    assert caught.value.field == "lon"


def test_a_county_without_data_of_ours_gets_no_foreign_border(db: None, settings: Settings) -> None:
    settings.COUNTY_CODE = "110101"
    reference.load(silent)
    assert not Layer.objects.exists()
    settings.COUNTY_CODE = "371525"
    reference.load(silent)
    assert list(Layer.objects.values_list("code", flat=True)) == ["county", "neighbours", "rivers"]
    assert not Layer.objects.filter(demo=True).exists()


def test_only_synthetic_borders_are_called_so(built: None) -> None:
    layers.fill(LAYERS)
    townships = layers.find("maps.townships")
    assert townships is not None
    assert townships.describe()["note"] == "示意边界·非法定"
    Layer.objects.filter(code="townships").update(origin=Layer.Origin.OFFICIAL)
    assert townships.describe()["note"] == ""
    assert base_map.attribution().endswith("· 村界为示意,非法定边界")
    Layer.objects.filter(code="villages").update(origin=Layer.Origin.OFFICIAL)
    assert "示意" not in base_map.attribution()
