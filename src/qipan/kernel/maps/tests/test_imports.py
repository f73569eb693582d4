"""Bringing a layer: datum found with evidence, matched, compared, put in force, what moved listed."""

import json
import random
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pyproj import Transformer
from pytest_django import Settings
from shapely.geometry import mapping

from qipan.kernel import maps
from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.jobs.models import ProgressRow
from qipan.kernel.jobs.testing import run_pending
from qipan.kernel.jobs.tests.people import account, chief
from qipan.kernel.maps import county as county_module
from qipan.kernel.maps import datum, demo
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.geodesy import to_shapely
from qipan.kernel.maps.imports import actions
from qipan.kernel.maps.imports.detective import MOVES, is_clear, judge, to_degrees
from qipan.kernel.maps.imports.reading import read
from qipan.kernel.maps.models import LayerImport, PlaceMove
from qipan.kernel.maps.tests.sample import county, divided, towns
from qipan.kernel.maps.tests.test_county import TOWNS, divisions, silent

TODAY = date(2026, 3, 1)


def planted(geometry: Any, code: str) -> Any:
    """A geometry in degrees as a file in that datum would hold it."""

    def dms(value: float) -> float:
        total = round(value * 3600, 4)
        degrees, rest = divmod(total, 3600)
        minutes, seconds = divmod(rest, 60)
        return degrees + minutes / 100 + seconds / 10_000

    mercator = Transformer.from_crs(4326, 3857, always_xy=True)
    moves: dict[str, Callable[[float, float], tuple[float, ...]]] = {
        "cgcs2000": lambda x, y: (x, y),
        "gcj02": datum.wgs84_to_gcj02,
        "bd09": datum.wgs84_to_bd09,
        "zone38": lambda x, y: datum.to_zone(x, y, 114),
        "zone39": lambda x, y: datum.to_zone(x, y, 117),
        "zone38-north-first": lambda x, y: datum.to_zone(x, y, 114)[::-1],
        "zone39-north-first": lambda x, y: datum.to_zone(x, y, 117)[::-1],
        "mercator": mercator.transform,
        "swapped": lambda x, y: (y, x),
        "dms": lambda x, y: (dms(x), dms(y)),
    }
    return shapely.transform(geometry, lambda xy: np.array([moves[code](x, y) for x, y in xy.tolist()]))


def file_of(shapes: dict[str, Any], code: str = "cgcs2000", **more: dict[str, str]) -> bytes:
    """A GeoJSON file with code and name of each area."""
    features = [
        {
            "type": "Feature",
            "geometry": mapping(planted(geometry, code)),
            "properties": {"code": key, "name": more.get("names", {}).get(key, "")},
        }
        for key, geometry in shapes.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


@pytest.mark.parametrize("code", sorted(MOVES))
def test_a_datum_is_found_from_the_towns_borders(code: str) -> None:
    pick = random.Random(code)
    for _ in range(2):
        some = pick.sample([divided()[town.code] for town in towns()], pick.choice((6, 10)))
        phase = pick.uniform(0, 6)

        # A survey of its own: every corner up to 30 m elsewhere, the same corner always alike.
        def noise(xy: Any, phase: float = phase) -> Any:
            return xy + 0.0002 * np.sin(xy[:, ::-1] * 4e4 + phase)

        ranked = judge([planted(shapely.transform(area, noise), code) for area in some], county())
        assert ranked[0].code == code
        assert ranked[0].evidence == "border"
        assert is_clear(ranked)


def test_every_datum_leads_back() -> None:
    for code in MOVES:
        back = to_degrees(planted(county(), code), code)
        assert shapely.hausdorff_distance(back, county()) < 1e-7


def test_points_alone_prove_no_datum_but_known_names_do() -> None:
    points = [shapely.Point(115.4 + 0.01 * n, 36.5) for n in range(10)]
    ranked = judge([planted(point, "gcj02") for point in points], county())
    assert not is_clear(ranked)
    assert ranked[0].evidence == "position"
    named = [(n, points[n].x, points[n].y) for n in (0, 5)]
    ranked = judge([planted(point, "gcj02") for point in points], county(), named=named)
    assert (ranked[0].code, ranked[0].evidence) == ("gcj02", "names")
    assert is_clear(ranked)


def test_files_are_read_with_their_faults() -> None:
    data = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": mapping(shapely.box(0, 0, 1, 1)), "properties": {"XZQDM": "1"}},
            {"type": "Feature", "geometry": None, "properties": {}},
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": ["x", 1]}, "properties": {}},
        ],
    }
    reading = read(json.dumps(data).encode())
    assert [feature.code for feature in reading.features] == ["1"]
    assert len(reading.faults) == 2
    rows = read("名称,经度,纬度\n桥头,115.4,36.5\n坏行,东,36.5\n".encode("gb18030"))
    assert [(one.name, one.geometry.x) for one in rows.features] == [("桥头", 115.4)]
    assert len(rows.faults) == 1
    for wrong in (b"{", b"a,b\n1,2\n", b'{"type": "FeatureCollection", "features": []}', b"\xff\xfe\x00"):
        with pytest.raises(InvalidInput):
            read(wrong)


@pytest.fixture
def editor(db: None, settings: Settings, tmp_path: Any) -> Account:
    settings.QIPAN_HOME = tmp_path
    county_module.forget()
    divisions(*TOWNS)
    demo.build(1, 1.0, silent)
    return chief("maps.*")


def official() -> dict[str, Any]:
    """Villages as a bureau might bring them: other borders, one village missing."""
    rows = Area.objects.of("villages")
    ground = shapely.union_all([to_shapely(row.geometry) for row in rows])
    seats = shapely.multipoints([(row.label_lon + 0.01, row.label_lat) for row in rows])
    cells = shapely.get_parts(shapely.voronoi_polygons(seats, extend_to=ground, ordered=True))
    found = {row.code: ground.intersection(cell) for row, cell in zip(rows, cells, strict=True)}
    found.pop(max(found))
    return found


def located() -> list[Any]:
    """A device in the middle of every village: located rows belong to the blocks above this one."""
    thing_model: Any = apps.get_model("sensing", "Thing")
    things = [
        thing_model.objects.create(
            code=f"T{n}", name=f"设备{n}", kind="站", lon=row.label_lon, lat=row.label_lat
        )
        for n, row in enumerate(Area.objects.of("villages"))
    ]
    for thing in things:
        thing.locate()
        thing.save()
    return things


VALUES = {
    "layer_code": "villages",
    "layer_name": "村界",
    "origin": "official",
    "source": "县自然资源和规划局 2026 年",
    "licence": "",
    "approval": "",
}


def test_a_bureaus_layer_replaces_the_synthetic_one_and_lists_what_moved(editor: Account) -> None:
    new = official()
    things = located()
    before = {thing.pk: thing.division.code for thing in things if thing.division}
    row = actions.receive(file_of(new, "gcj02"), "村界.geojson", VALUES, editor)
    assert row.candidates[0]["code"] == "gcj02"
    ready = actions.prepared(row, "gcj02")
    assert len(ready.shapes) == 16
    assert len(ready.missing) == 1
    assert ready.unmatched == []
    with pytest.raises(Refused):
        actions.put_in_force(row, "gcj02", TODAY, account("li"))
    assert actions.put_in_force(row, "gcj02", TODAY, editor) == 16
    layer = Layer.objects.get(code="villages")
    assert (layer.origin, layer.public, layer.demo) == ("official", False, False)
    run_pending()
    moves = PlaceMove.objects.filter(model="sensing.thing")
    assert moves.exists()
    for thing in things:
        thing.refresh_from_db()
        assert thing.lon is not None
        assert thing.lat is not None
        found = maps.where(thing.lon, thing.lat)
        assert (thing.division.code if thing.division else None) == found.division
        move = moves.filter(row_pk=thing.pk).first()
        now_code = thing.division.code if thing.division else ""
        if move is not None and move.old_division != move.new_division:
            assert (move.old_division, move.new_division) == (before[thing.pk], now_code)
        else:
            assert now_code == before[thing.pk]
    assert ProgressRow.objects.get(label__contains="村界").state == "done"
    count = PlaceMove.objects.count()
    actions.reassign(import_id=row.pk)
    assert PlaceMove.objects.count() == count
    with pytest.raises(Conflict):
        actions.put_in_force(row, "gcj02", TODAY, editor)
    with pytest.raises(Conflict):
        actions.drop(row, editor)


def test_features_are_matched_by_name_and_repaired(editor: Account) -> None:
    villages = list(Area.objects.of("villages")[:2])
    bow = shapely.Polygon([(115.4, 36.5), (115.5, 36.6), (115.5, 36.5), (115.4, 36.6)])
    names = {"": villages[0].name, "x": "没有这个村"}
    shapes = {"": to_shapely(villages[0].geometry), "x": bow, villages[1].code: bow}
    row = actions.receive(file_of(shapes, names=names), "a.geojson", VALUES, editor)
    ready = actions.prepared(row, "cgcs2000")
    assert [one.code for one in ready.shapes] == sorted(village.code for village in villages)
    assert len(ready.unmatched) == 1
    assert "没有这个村" in ready.unmatched[0]
    assert len(ready.repairs) == 2
    assert all(one.geometry.is_valid for one in ready.shapes)


def test_the_desk_in_the_browser(editor: Account, client: Client) -> None:
    client.force_login(editor)
    upload = SimpleUploadedFile("村界.geojson", file_of(official(), "gcj02"))
    answer = client.post("/maps/import/", {**VALUES, "upload": upload})
    assert answer.status_code == 302
    address = answer["Location"]
    text = client.get(address).content.decode()
    assert "GCJ-02" in text
    assert "证据明显支持第一项。" in text
    text = client.get(f"{address}?datum=gcj02").content.decode()
    assert "与现行版本的差异" in text
    assert f'data-source="{address}preview.geojson?datum=gcj02"' in text
    preview = client.get(f"{address}preview.geojson?datum=gcj02").json()
    assert len(preview["features"]) == 16
    applied = client.post(f"{address}apply/", {"datum": "gcj02", "valid_from": "2026-03-01"})
    assert (applied.status_code, applied["Location"]) == (302, address)
    assert "归属变动" in client.get(address).content.decode()
    assert client.post(f"{address}apply/", {"datum": "gcj02", "valid_from": "2026-03-01"}).status_code == 409


def test_the_desk_says_what_is_wrong_and_keeps_others_out(editor: Account, client: Client) -> None:
    client.force_login(editor)
    broken = SimpleUploadedFile("a.geojson", b"{")
    answer = client.post("/maps/import/", {**VALUES, "upload": broken})
    assert answer.status_code == 400
    assert "GeoJSON 格式错误" in answer.content.decode()
    assert not LayerImport.objects.exists()
    client.force_login(account("li"))
    assert client.get("/maps/import/").status_code == 403
