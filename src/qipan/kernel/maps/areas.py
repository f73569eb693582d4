"""Areas as geometry: of a code, of many codes together, by layer, replaced as a whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from django.db import transaction
from django.db.models import F
from shapely.geometry import Point, mapping
from shapely.geometry.base import BaseGeometry

from qipan.kernel.access import audit
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.county import LEVELS, forget
from qipan.kernel.maps.geodesy import area_m2, to_shapely


@dataclass(frozen=True)
class Shape:
    """An area to be stored; ``parent`` is the code of an area of another layer."""

    code: str
    name: str
    geometry: BaseGeometry
    parent: str = ""


def geometry(code: str, at: date | None = None) -> dict[str, Any] | None:
    """GeoJSON geometry of the area with this code, division layers first; None if there is none."""
    rows = Area.objects.filter(code=code).at(at or county_day(now())).select_related("layer")
    found = {row.layer.code: row for row in rows}
    for layer in (*LEVELS, *found):
        if layer in found:
            return dict(found[layer].geometry)
    return None


def union(codes: Iterable[str]) -> dict[str, Any] | None:
    """GeoJSON geometry of several areas together; None when no code has an area."""
    shapes = [to_shapely(found) for found in map(geometry, codes) if found is not None]
    return dict(mapping(shapely.union_all(shapes))) if shapes else None


@transaction.atomic
def replace(
    layer: Layer, shapes: Sequence[Shape], *, valid_from: date, by: Account | None, parents: str = ""
) -> int:
    """Put new areas in place of a layer's from a day on; gives how many.

    Areas in force on that day end with it; those that began on it are removed. ``parents`` names the
    layer of the parent codes. The layer's version moves on, so that every process asks anew.
    ValueError for an invalid or empty geometry.
    """
    wrong = [shape.code for shape in shapes if not shape.geometry.is_valid or shape.geometry.is_empty]
    if wrong:
        raise ValueError(f"layer {layer.code}: invalid geometry of {', '.join(wrong[:5])}")
    Area.objects.filter(layer=layer, valid_from__gte=valid_from).delete()
    Area.objects.filter(layer=layer).at(valid_from).update(valid_to=valid_from)
    above = dict(Area.objects.of(parents).at(valid_from).values_list("code", "pk")) if parents else {}
    Area.objects.bulk_create(
        (_row(layer, shape, valid_from, above.get(shape.parent)) for shape in shapes), batch_size=500
    )
    Layer.objects.filter(pk=layer.pk).update(version=F("version") + 1, updated_at=now())
    layer.refresh_from_db()
    audit.record(by, "maps.layer.replace", layer, changes={"areas": len(shapes), "version": layer.version})
    transaction.on_commit(forget)
    forget()
    return len(shapes)


def _row(layer: Layer, shape: Shape, valid_from: date, parent: int | None) -> Area:
    label = _label_point(shape.geometry)
    is_area = layer.kind == Layer.Kind.AREA
    return Area(
        layer=layer,
        code=shape.code,
        name=shape.name,
        parent_id=parent,
        valid_from=valid_from,
        geometry=mapping(shapely.orient_polygons(shape.geometry)),
        area_m2=area_m2(shape.geometry) if is_area else 0.0,
        label_lon=label.x,
        label_lat=label.y,
    )


def _label_point(geometry: BaseGeometry) -> Point:
    """Where a name stands best: the middle of the widest part of an area, the middle of a line."""
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return Point(shapely.maximum_inscribed_circle(geometry, tolerance=1e-4).coords[0])
    if geometry.geom_type == "LineString":
        return geometry.interpolate(0.5, normalized=True)
    return geometry.representative_point()
