"""The demo county's map: real boundary and rivers, synthetic townships, villages and grids."""

import csv
from collections.abc import Callable

import numpy as np
from django.conf import settings
from django.db import transaction
from shapely.geometry.base import BaseGeometry

from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.areas import Shape
from qipan.kernel.maps.county import COUNTY, GRIDS, TOWNSHIPS, VILLAGES
from qipan.kernel.maps.geodesy import to_shapely
from qipan.kernel.maps.models import Place
from qipan.kernel.maps.names import short_name
from qipan.kernel.maps.reference import DATA, FOUNDED, load, store
from qipan.kernel.maps.synthetic import Town, divide, split
from qipan.kernel.orgs.models import Division, Grid, Level

Report = Callable[[str, int, int], None]
SOURCE = "由区划代码表和乡镇驻地概略位置生成的示意区域,非法定边界"
# Chances of one, two or three grids in a village; communities of the towns are denser.
GRID_CHANCES = {"village": (0.7, 0.25, 0.05), "community": (0.1, 0.5, 0.4)}


@transaction.atomic
def build(seed: int, scale: float, report: Report) -> None:
    """Write layers, areas, grids and village places; a second run changes nothing."""
    load(report)
    if Area.objects.of(VILLAGES).exists():
        return
    areas = _divide(seed)
    report("map divisions", len(areas), len(areas))
    divisions = {row.code: row for row in Division.objects.filter(code__in=areas).select_related("parent")}
    _store(TOWNSHIPS, "乡镇街道(示意)", _shapes(areas, divisions, Level.TOWNSHIP), COUNTY)
    _store(VILLAGES, "村居(示意)", _shapes(areas, divisions, Level.VILLAGE), TOWNSHIPS)
    villages = [row for row in divisions.values() if row.level == Level.VILLAGE]
    _store(GRIDS, "网格(示意)", _grids(villages, areas, seed, report), VILLAGES)
    _places(list(divisions.values()))


def _divide(seed: int) -> dict[str, BaseGeometry]:
    """Areas of the county's townships and villages by code."""
    county = Area.objects.of(COUNTY).get()
    villages: dict[str, list[str]] = {}
    own = Division.objects.villages().filter(code__startswith=settings.COUNTY_CODE).order_by("code")
    for code, above in own.values_list("code", "parent__code"):
        villages.setdefault(above, []).append(code)
    with (DATA / "town_seats.csv").open(encoding="utf-8") as rows:
        seats = {row["code"].ljust(12, "0"): (row["lon"], row["lat"]) for row in csv.DictReader(rows)}
    towns = [
        Town(code, float(lon), float(lat), tuple(villages[code]))
        for code, (lon, lat) in sorted(seats.items())
        if code in villages
    ]
    return divide(to_shapely(county.geometry), towns, seed)


def _shapes(areas: dict[str, BaseGeometry], divisions: dict[str, Division], level: Level) -> list[Shape]:
    return [
        Shape(code, row.name, areas[code], row.parent.code if row.parent else "")
        for code, row in sorted(divisions.items())
        if row.level == level
    ]


def _store(code: str, name: str, shapes: list[Shape], parents: str) -> None:
    values = {
        "name": name,
        "kind": Layer.Kind.AREA,
        "origin": Layer.Origin.SYNTHETIC,
        "source": SOURCE,
        "licence": "Apache-2.0",
        "public": True,
        "demo": True,
    }
    store(code, values, shapes, parents)


def _grids(
    villages: list[Division], areas: dict[str, BaseGeometry], seed: int, report: Report
) -> list[Shape]:
    """One to three grids a village, stored as rows of the organisations too."""
    generator = np.random.default_rng(seed)
    shapes: list[Shape] = []
    for done, village in enumerate(sorted(villages, key=lambda row: row.code), start=1):
        kind = "community" if "社区" in village.name else "village"
        count = int(generator.choice((1, 2, 3), p=GRID_CHANCES[kind]))
        parts = split(areas[village.code], count, seed, village.code)
        for number, part in enumerate(parts, start=1):
            name = short_name(village.name) + (f"第{number}网格" if count > 1 else "网格")
            shapes.append(Shape(f"{village.code}{number:03}", name, part, village.code))
        report("grids", done, len(villages))
    pks = {village.code: village.pk for village in villages}
    Grid.objects.bulk_create(
        (
            Grid(code=one.code, name=one.name, division_id=pks[one.parent], valid_from=FOUNDED)
            for one in shapes
        ),
        ignore_conflicts=True,
    )
    return shapes


def _places(divisions: list[Division]) -> None:
    """A place at the label point of every township and village, marked as approximate."""
    kinds = {Level.TOWNSHIP: Place.Precision.TOWNSHIP, Level.VILLAGE: Place.Precision.VILLAGE}
    labels = {
        code: (lon, lat)
        for code, lon, lat in Area.objects.filter(layer__code__in=(TOWNSHIPS, VILLAGES)).values_list(
            "code", "label_lon", "label_lat"
        )
    }
    Place.objects.bulk_create(
        Place(
            name=short_name(row.name),
            kind="乡镇街道" if row.level == Level.TOWNSHIP else "村居",
            lon=labels[row.code][0],
            lat=labels[row.code][1],
            precision=kinds[Level(row.level)],
            division=row,
            source=SOURCE,
            demo=True,
        )
        for row in divisions
    )
