"""What the OGC door serves: area layers with their history, and the map layers of all modules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import shapely
from django.db.models import Q
from django.utils.translation import get_language
from shapely import STRtree
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from qipan.kernel.access.models import Actor
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.maps import layers
from qipan.kernel.maps.area_models import Area, Layer

Box = tuple[float, float, float, float]
# First and last day of a request's time; None leaves the end open.
Period = tuple[date | None, date | None]
AREA_PERMISSION = "maps.layer.view"


@dataclass(frozen=True)
class Item:
    """One feature: its identifier in the collection, geometry in degrees (or none) and properties."""

    key: str
    geometry: BaseGeometry | None
    properties: dict[str, Any]


@dataclass(frozen=True)
class Collection:
    """A collection of the door; ``items`` gives those in force within a period."""

    key: str
    title: str
    description: str
    items: Callable[[Period], "Items"] = field(repr=False)


class Items:
    """Features held in memory with a tree over their boxes."""

    def __init__(self, items: list[Item]) -> None:
        self.all = items
        self.by_key = {item.key: item for item in items}
        self._placed = [item for item in items if item.geometry is not None]
        self._tree = STRtree([item.geometry for item in self._placed])

    def within(self, box: Box | None) -> list[Item]:
        """Items whose geometry meets the box, in their order; all of them without a box."""
        if box is None:
            return self.all
        hits = self._tree.query(shapely.box(*box), predicate="intersects")
        return [self._placed[index] for index in sorted(hits.tolist())]

    def bounds(self) -> list[float] | None:
        """West, south, east and north of all geometries; None when there is none."""
        if not self._placed:
            return None
        found = shapely.total_bounds([item.geometry for item in self._placed])
        return [float(value) for value in found]


def collections(actor: Actor) -> list[Collection]:
    """What the actor may read: public area layers or, with the permission, all; then the map's layers."""
    rows = Layer.objects.order_by("code")
    if not layers.may_view(AREA_PERMISSION, actor):
        rows = rows.filter(public=True)
    own = [_of_layer(row) for row in rows]
    # The map block's own map layers show the same areas again, simplified.
    offered = [layer for layer in layers.offered(actor) if not layer.key.startswith("maps.")]
    return own + [_of_map_layer(layer, actor) for layer in offered]


def _of_layer(row: Layer) -> Collection:
    words = (row.get_origin_display(), row.source, row.licence, row.approval)

    def items(period: Period) -> Items:
        return _areas(row.pk, row.version, period)

    return Collection(row.code, row.name, " · ".join(word for word in words if word), items)


@lru_cache(maxsize=32)
def _areas(layer: int, version: int, period: Period) -> Items:
    """Areas in force on some day of the period."""
    first, last = period
    rows = Area.objects.filter(layer=layer).select_related("layer", "parent").order_by("code", "valid_from")
    if last is not None:
        rows = rows.filter(valid_from__lte=last)
    if first is not None:
        rows = rows.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=first))
    seen: dict[str, int] = {}
    items = []
    for row in rows:
        seen[row.code] = seen.get(row.code, 0) + 1
        key = row.code if seen[row.code] == 1 else f"{row.code}.{row.valid_from:%Y%m%d}"
        items.append(Item(key, shape(row.geometry), _area_properties(row)))
    return Items(items)


def _area_properties(row: Area) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "parent": row.parent.code if row.parent else None,
        "area_m2": row.area_m2,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        "origin": row.layer.origin,
    }


def _of_map_layer(layer: layers.MapLayer, actor: Actor) -> Collection:
    def items(_period: Period) -> Items:
        found = layer.features(actor)["features"]
        return Items([_map_item(number, feature) for number, feature in enumerate(found, start=1)])

    return Collection(layer.key, str(layer.title), str(layer.note), items)


def _map_item(number: int, feature: dict[str, Any]) -> Item:
    properties = dict(feature.get("properties") or {})
    key = feature.get("id") or properties.get("code") or number
    geometry = feature.get("geometry")
    return Item(str(key), shape(geometry) if geometry else None, properties)


def today() -> Period:
    """The county's present day."""
    day = county_day(now())
    return day, day


def language() -> str:
    """The language that titles are in."""
    return get_language() or "zh-hans"
