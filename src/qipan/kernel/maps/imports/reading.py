"""Features of an uploaded file, in the coordinates that the file has: GeoJSON or CSV with two columns."""

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import shapely
from django.utils.translation import gettext as _
from shapely.errors import ShapelyError
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

from qipan.kernel.base.errors import InvalidInput

CODE_KEYS = ("code", "CODE", "区划代码", "代码", "编码", "XZQDM", "adcode", "district_adcode", "ZLDWDM")
NAME_KEYS = ("name", "NAME", "名称", "XZQMC", "district_name", "ZLDWMC", "地名")
EAST_KEYS = ("lon", "lng", "longitude", "经度", "x", "X", "东坐标")
NORTH_KEYS = ("lat", "latitude", "纬度", "y", "Y", "北坐标")
MOST_FEATURES = 100_000


@dataclass(frozen=True)
class RawFeature:
    """One feature with its geometry in the file's own coordinates."""

    number: int
    code: str
    name: str
    geometry: BaseGeometry
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Reading:
    """What was read, and what could not be, by number of the feature."""

    features: tuple[RawFeature, ...]
    faults: tuple[str, ...]


def read(data: bytes) -> Reading:
    """Read a file; InvalidInput when it is neither GeoJSON nor CSV with coordinates, or holds nothing."""
    text = _text(data)
    reading = _geojson(text) if text.lstrip().startswith("{") else _csv(text)
    if not reading.features:
        raise InvalidInput("file", "; ".join((_("没有读到任何要素"), *reading.faults[:3])))
    return reading


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("file", _("文件不是文本:请上传 GeoJSON 或 CSV"))


def _geojson(text: str) -> Reading:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidInput("file", _("GeoJSON 格式错误:%s") % error) from error
    kind = document.get("type")
    if kind == "FeatureCollection":
        rows = document.get("features") or []
    else:
        rows = [
            document if kind == "Feature" else {"type": "Feature", "geometry": document, "properties": {}}
        ]
    if len(rows) > MOST_FEATURES:
        raise InvalidInput("file", _("要素超过 %d 个") % MOST_FEATURES)
    features, faults = [], []
    for number, row in enumerate(rows, start=1):
        try:
            features.append(_feature(number, row))
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, ShapelyError) as error:
            faults.append(_("第 %(number)d 个要素:%(fault)s") % {"number": number, "fault": error})
    return Reading(tuple(features), tuple(faults))


def _feature(number: int, row: Mapping[str, Any]) -> RawFeature:
    geometry = shapely.force_2d(shape(row["geometry"]))
    if geometry.is_empty or not all(map(math.isfinite, geometry.bounds)):
        raise ValueError(_("几何为空或坐标不是数字"))
    properties = dict(row.get("properties") or {})
    return RawFeature(
        number, _first(properties, CODE_KEYS), _first(properties, NAME_KEYS), geometry, properties
    )


def _first(properties: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    for key in keys:
        if properties.get(key) not in (None, ""):
            return str(properties[key]).strip()
    return ""


def _csv(text: str) -> Reading:
    rows = csv.DictReader(io.StringIO(text))
    columns = rows.fieldnames or []
    east = next((key for key in EAST_KEYS if key in columns), "")
    north = next((key for key in NORTH_KEYS if key in columns), "")
    if not east or not north:
        raise InvalidInput("file", _("CSV 需要两列坐标,列名如 lon 和 lat、经度和纬度、x 和 y"))
    features, faults = [], []
    for number, row in enumerate(rows, start=1):
        try:
            point = Point(float(row[east]), float(row[north]))
            if not all(map(math.isfinite, point.bounds)):
                raise ValueError(_("坐标不是数字"))
        except (ValueError, TypeError) as error:
            faults.append(_("第 %(number)d 行:%(fault)s") % {"number": number, "fault": error})
            continue
        features.append(RawFeature(number, _first(row, CODE_KEYS), _first(row, NAME_KEYS), point, row))
    return Reading(tuple(features), tuple(faults))
