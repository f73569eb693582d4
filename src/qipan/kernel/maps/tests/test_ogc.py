"""OGC API Features: Core, GeoJSON and CRS as a client meets them."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client
from pyproj import Transformer

from qipan.kernel.access.models import Account
from qipan.kernel.maps import layers
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.layers import MapLayer

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


def square(west: float, south: float, size: float = 0.1) -> dict[str, Any]:
    east, north = west + size, south + size
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


@pytest.fixture(autouse=True)
def _no_module_layers() -> Iterator[None]:
    """What other blocks offer stays out of these tests."""
    known = list(layers._layers.values())
    layers.fill([])
    yield
    layers.fill(known)


@pytest.fixture
def zones(db: None) -> Layer:
    """Twelve squares in a row; the first was replaced in 2020."""
    layer = Layer.objects.create(code="zones", name="片区", origin="drawn", public=True, licence="CC0")
    for number in range(12):
        Area.objects.create(
            layer=layer,
            code=f"Z{number:02}",
            name=f"片区{number}",
            valid_from=date(2020, 1, 1) if number == 0 else date(2000, 1, 1),
            geometry=square(115.0 + 0.1 * number, 36.4),
            area_m2=1e8,
            label_lon=115.05 + 0.1 * number,
            label_lat=36.45,
        )
    Area.objects.create(
        layer=layer,
        code="Z00",
        name="旧片区",
        valid_from=date(2000, 1, 1),
        valid_to=date(2020, 1, 1),
        geometry=square(114.0, 36.4),
        area_m2=1e8,
        label_lon=114.05,
        label_lat=36.45,
    )
    Layer.objects.create(code="secret", name="内部", origin="drawn")
    return layer


def names(answer: dict[str, Any]) -> list[str]:
    return [feature["properties"]["name"] for feature in answer["features"]]


def test_every_link_of_the_door_opens(client: Client, zones: Layer) -> None:
    todo, seen = ["/ogc/"], set()
    while todo:
        address = todo.pop().removeprefix("http://testserver")
        if address in seen or not address.startswith("/ogc/"):
            continue
        seen.add(address)
        answer = client.get(address)
        assert answer.status_code == 200, address
        data = answer.json()
        for holder in (data, *data.get("collections", ())):
            todo += [link["href"] for link in holder.get("links", ())]
    assert "/ogc/collections/zones/items" in seen
    assert "/ogc/api" in seen


def test_conformance_and_collections(client: Client, zones: Layer) -> None:
    classes = client.get("/ogc/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes
    listed = client.get("/ogc/collections").json()["collections"]
    assert [one["id"] for one in listed] == ["zones"]
    bounds = listed[0]["extent"]["spatial"]["bbox"][0]
    assert bounds == pytest.approx([115.0, 36.4, 116.2, 36.5])
    client.force_login(Account.objects.create(username="li", name="李明", kind="staff"))
    assert {one["id"] for one in client.get("/ogc/collections").json()["collections"]} >= {"zones", "secret"}


def test_items_come_page_by_page(client: Client, zones: Layer) -> None:
    first = client.get("/ogc/collections/zones/items?limit=5")
    assert first["Content-Type"] == "application/geo+json"
    data = first.json()
    assert (data["numberMatched"], data["numberReturned"]) == (12, 5)
    found = names(data)
    while True:
        following = [link["href"] for link in data["links"] if link["rel"] == "next"]
        if not following:
            break
        data = client.get(following[0].removeprefix("http://testserver")).json()
        found += names(data)
    assert found == [f"片区{number}" for number in range(12)]
    assert [link["rel"] for link in data["links"]] == ["self", "collection", "prev"]


def test_items_by_box_time_and_property(client: Client, zones: Layer) -> None:
    base = "/ogc/collections/zones/items"
    inside = client.get(f"{base}?bbox=115.21,36.41,115.39,36.42").json()
    assert names(inside) == ["片区2", "片区3"]
    assert names(client.get(f"{base}?bbox=115.21,36.41,0,115.29,36.42,9").json()) == ["片区2"]
    lat_lon = client.get(f"{base}?bbox=36.41,115.21,36.42,115.39&bbox-crs={EPSG}4490").json()
    assert names(lat_lon) == ["片区2", "片区3"]
    assert names(client.get(f"{base}?code=Z07").json()) == ["片区7"]
    assert names(client.get(f"{base}?code=Z00&datetime=2010-06-01").json()) == ["旧片区"]
    both = client.get(f"{base}?code=Z00&datetime=2010-06-01T00:00:00Z/..").json()
    assert [feature["id"] for feature in both["features"]] == ["Z00", "Z00.20200101"]
    assert client.get(f"{base}?datetime=../1999-12-31").json()["numberMatched"] == 0


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=116,36,115,37", "bbox=nan,1,2,3",
     "datetime=yesterday", "datetime=2020-01-02/2020-01-01", "datetime=../..", "crs=EPSG:4326", "colour=red",
     "f=html", "offset=-1"],
)  # fmt: skip
def test_wrong_parameters_are_refused(client: Client, zones: Layer, query: str) -> None:
    answer = client.get(f"/ogc/collections/zones/items?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "InvalidParameterValue"


def test_a_limit_over_the_largest_is_lowered(client: Client, zones: Layer) -> None:
    assert client.get("/ogc/collections/zones/items?limit=99999999").json()["numberReturned"] == 12


def test_one_feature_in_the_zone_of_the_survey(client: Client, zones: Layer) -> None:
    answer = client.get(f"/ogc/collections/zones/items/Z04?crs={EPSG}4547")
    assert answer["Content-Crs"] == f"<{EPSG}4547>"
    north, east = answer.json()["geometry"]["coordinates"][0][0]
    expected = Transformer.from_crs(4490, 4547).transform(36.4, 115.4)
    assert (north, east) == pytest.approx(expected, abs=1e-6)
    default = client.get("/ogc/collections/zones/items/Z04").json()["geometry"]["coordinates"][0][0]
    assert default == pytest.approx([115.4, 36.4])


@pytest.mark.parametrize("path", ["nothing", "secret", "nothing/items", "zones/items/Z99"])
def test_what_is_not_there_or_not_for_visitors(client: Client, zones: Layer, path: str) -> None:
    answer = client.get(f"/ogc/collections/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


def test_layers_of_modules_are_collections_too(client: Client, zones: Layer) -> None:
    shown = layers.collection([layers.point(115.5, 36.5, code="S1", title="站点")])
    layers.fill([MapLayer("test.stations", "站点", lambda _actor: shown, "point", permission="public")])
    data = client.get("/ogc/collections/test.stations/items?bbox=115,36,116,37").json()
    assert [feature["id"] for feature in data["features"]] == ["S1"]
    assert client.get("/ogc/collections/test.stations/items/S1").json()["properties"]["title"] == "站点"
