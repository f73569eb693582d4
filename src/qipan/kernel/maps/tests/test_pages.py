"""The one map, its documents and its API over HTTP."""

from datetime import date

import pytest
from django.test import Client

from qipan.kernel.access.models import Account
from qipan.kernel.maps import county, place_search
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.orgs.models import Division, Level

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[115.4, 36.4], [115.5, 36.4], [115.5, 36.5], [115.4, 36.5], [115.4, 36.4]]],
}


@pytest.fixture
def village(db: None) -> Division:
    """One township with one village, the same square."""
    founded = date(2000, 1, 1)
    town = Division.objects.create(
        code="371525103000", name="柳林镇", level=Level.TOWNSHIP, valid_from=founded
    )
    row = Division.objects.create(
        code="371525103201", name="西街村委会", level=Level.VILLAGE, parent=town, valid_from=founded
    )
    for code, division in (("townships", town), ("villages", row)):
        layer = Layer.objects.create(code=code, name=code, origin=Layer.Origin.SYNTHETIC)
        Area.objects.create(
            layer=layer,
            code=division.code,
            name=division.name,
            valid_from=founded,
            geometry=SQUARE,
            area_m2=1e8,
            label_lon=115.45,
            label_lat=36.45,
        )
    county.forget()
    place_search.forget()
    return row


def test_visitors_see_public_layers_and_find_places(client: Client, village: Division) -> None:
    text = client.get("/maps/?q=柳林西街&lon=115.45&lat=36.45").content.decode()
    assert "柳林镇西街村委会" in text
    assert "示意位置" in text
    assert 'value="maps.townships"' in text
    assert 'value="maps.grids"' not in text
    assert "371525103201" in text
    assert client.get("/maps/?lon=x&lat=1").status_code == 400


def test_staff_choose_layers_and_the_address_keeps_them(client: Client, village: Division) -> None:
    client.force_login(Account.objects.create(username="li", name="李明", kind="staff"))
    text = client.get("/maps/?chosen=1&layer=maps.villages&layer=maps.grids").content.decode()
    assert 'data-layers="maps.villages,maps.grids"' in text
    assert "示意边界·非法定" in text


def test_documents_of_the_map(client: Client, village: Division) -> None:
    style = client.get("/maps/style/light.json").json()
    for source in style["sources"].values():
        assert client.get(source["data"]).json()["type"] == "FeatureCollection"
    layer = client.get("/maps/layers/maps.villages.geojson", headers={"accept-encoding": "gzip"})
    assert layer["Content-Type"] == "application/geo+json"
    assert client.get("/maps/layers/maps.grids.geojson")["Location"].startswith("/sign-in/")
    for missing in ("layers/x.y.geojson", "style/blue.json", "base/x.geojson"):
        assert client.get(f"/maps/{missing}").status_code == 404


def test_where_and_search_over_the_api(client: Client, village: Division) -> None:
    found = client.get("/api/maps/where?lon=115.45&lat=36.45").json()
    assert (found["village"], found["names"]) == (village.code, ["柳林镇", "西街村委会"])
    assert client.get("/api/maps/where?lon=115.6&lat=36.45").json()["village"] is None
    assert client.get("/api/maps/where?lon=999&lat=36.45").json()["field"] == "lon"
    (hit,) = client.get("/api/maps/search?q=柳林镇西街村&limit=1").json()
    assert (hit["division"], hit["precision"], hit["lon"]) == (village.code, "village", 115.45)
    assert client.get("/api/maps/search?q=" + "长" * 201).status_code == 400


def test_registers_of_layers_and_areas(client: Client, village: Division) -> None:
    client.force_login(Account.objects.create(username="li", name="李明", kind="staff"))
    assert "柳林镇" in client.get("/maps/areas/").content.decode()
    assert client.get("/maps/catalogue/").status_code == 200
