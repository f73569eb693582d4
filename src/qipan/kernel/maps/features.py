"""Areas as GeoJSON features for the map: simplified together, so that neighbours still share borders."""

from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from shapely.geometry import mapping

from qipan.kernel.base.clock import county_day, now
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.geodesy import to_shapely
from qipan.kernel.maps.names import short_name

# Borders may move by this many degrees on the map (some 40 m); looked up answers never use them.
TOLERANCE = 0.0004
DECIMALS = 5


def area_features(code: str, tolerance: float = TOLERANCE) -> dict[str, Any]:
    """FeatureCollection of a layer's areas in force today, empty when there is no such layer."""
    layer = Layer.objects.filter(code=code).first()
    if layer is None:
        return {"type": "FeatureCollection", "features": []}
    return _features(layer.pk, layer.version, county_day(now()), tolerance, get_language() or "")


@lru_cache(maxsize=64)
def _features(layer: int, version: int, day: date, tolerance: float, language: str) -> dict[str, Any]:
    """Built once for each version, day and language of a layer."""
    rows = list(Area.objects.filter(layer=layer).at(day).select_related("layer", "parent"))
    shapes = _simplified([to_shapely(row.geometry) for row in rows], tolerance)
    features = [
        {
            "type": "Feature",
            "id": row.pk,
            "geometry": _rounded(shape),
            "properties": _properties(row),
        }
        for row, shape in zip(rows, shapes, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _simplified(shapes: list[Any], tolerance: float) -> list[Any]:
    """Areas of a coverage are simplified together; everything else each by itself."""
    if not shapes or tolerance == 0:
        return shapes
    together = np.array(shapes, dtype=object)
    are_areas = all(shape.geom_type in ("Polygon", "MultiPolygon") for shape in shapes)
    if are_areas and shapely.coverage_is_valid(together):
        return list(shapely.coverage_simplify(together, tolerance))
    return list(shapely.simplify(together, tolerance))


def _rounded(shape: Any) -> dict[str, Any]:
    moved = shapely.transform(shape, lambda xy: np.round(xy, DECIMALS))
    return dict(mapping(moved))


def _properties(row: Area) -> dict[str, Any]:
    square_km = f"{row.area_m2 / 1e6:.2f} km²"
    synthetic = row.layer.origin == Layer.Origin.SYNTHETIC
    note = _("示意边界·非法定") if synthetic else ""
    words = (row.parent.name if row.parent else "", square_km if row.area_m2 else "", note)
    return {
        "code": row.code,
        "name": row.name,
        "title": row.name,
        "text": " · ".join(word for word in words if word),
        "origin": row.layer.origin,
        "area_m2": round(row.area_m2, 1),
    }


def label_features(code: str) -> dict[str, Any]:
    """FeatureCollection of the label points of a layer's areas, each with its everyday ``label``."""
    layer = Layer.objects.filter(code=code).first()
    if layer is None:
        return {"type": "FeatureCollection", "features": []}
    return _labels(layer.pk, layer.version, county_day(now()))


@lru_cache(maxsize=32)
def _labels(layer: int, version: int, day: date) -> dict[str, Any]:
    rows = Area.objects.filter(layer=layer).at(day)
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [round(row.label_lon, DECIMALS), round(row.label_lat, DECIMALS)],
            },
            "properties": {"code": row.code, "label": short_name(row.name)},
        }
        for row in rows
    ]
    return {"type": "FeatureCollection", "features": features}
