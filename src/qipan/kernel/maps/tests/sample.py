"""The county's real boundary and its synthetic divisions, made once for all tests."""

import csv
import json
from functools import lru_cache
from pathlib import Path

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from qipan.kernel.maps.synthetic import Town, divide

DATA = Path(__file__).resolve().parents[5] / "data" / "county"


@lru_cache
def county() -> BaseGeometry:
    """The boundary of 371525."""
    path = DATA / "boundary" / "371525_and_neighbours_tianditu.geojson"
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        if feature["properties"]["district_adcode"] == 371525:
            return shape(feature["geometry"])
    raise LookupError("371525")


@lru_cache
def towns() -> tuple[Town, ...]:
    """The 18 townships with their villages."""
    villages: dict[str, list[str]] = {}
    with (DATA / "divisions" / "371525_villages.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            villages.setdefault(row["streetCode"], []).append(row["code"])
    with (DATA / "town_seats.csv").open(encoding="utf-8") as rows:
        return tuple(
            Town(row["code"] + "000", float(row["lon"]), float(row["lat"]), tuple(villages[row["code"]]))
            for row in csv.DictReader(rows)
        )


@lru_cache
def divided() -> dict[str, BaseGeometry]:
    """Areas of every township and village."""
    return divide(county(), towns())
