"""Map layers: what a module offers to the one map, and the registry that serves them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.functional import Promise

from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Actor

Text = str | Promise
Features = Callable[[Actor], dict[str, Any]]
PUBLIC = "public"


@dataclass(frozen=True)
class MapLayer:
    """One layer of the map.

    ``features`` gives a GeoJSON FeatureCollection (degrees) of what the actor may see; the map knows
    the properties ``title``, ``text`` and ``url`` (the pop-up), ``colour``, ``label`` and ``stream`` (live
    value of a datastream). ``style``
    holds MapLibre paint properties of the layer's kind. ``permission`` is asked for the whole layer;
    "public" admits anybody. ``legend`` pairs a colour with its meaning. ``live`` layers are fetched
    again while the map is open. ``shown`` layers are switched on when the map opens; ``note`` stands
    in the corner of the map (source, date, 示意).
    """

    key: str
    title: Text
    features: Features = field(repr=False)
    kind: Literal["point", "line", "area"]
    style: Mapping[str, Any] = field(default_factory=dict)
    permission: str = "maps.layer.view"
    legend: tuple[tuple[str, Text], ...] = ()
    minzoom: float = 0
    live: bool = False
    shown: bool = False
    note: Text = ""

    def describe(self) -> dict[str, Any]:
        """What the map needs to draw the layer and its legend."""
        return {
            "key": self.key,
            "title": str(self.title),
            "kind": self.kind,
            "style": dict(self.style),
            "legend": [[colour, str(label)] for colour, label in self.legend],
            "minzoom": self.minzoom,
            "live": self.live,
            "shown": self.shown,
            "note": str(self.note),
            "url": f"/maps/layers/{self.key}.geojson",
        }


_layers: dict[str, MapLayer] = {}


def fill(layers: Iterable[MapLayer]) -> None:
    """Take the layers of all modules in place of those known before; ValueError for a key given twice."""
    found: dict[str, MapLayer] = {}
    for layer in layers:
        if layer.key in found:
            raise ValueError(f"map layer {layer.key}: declared twice")
        found[layer.key] = layer
    _layers.clear()
    _layers.update(found)


def everything() -> list[MapLayer]:
    """All known layers, whoever may see them."""
    return list(_layers.values())


def find(key: str) -> MapLayer | None:
    """The layer with this key, whoever asks."""
    return _layers.get(key)


def visible(layer: MapLayer, actor: Actor) -> bool:
    """Whether the actor may see the layer at all."""
    return may_view(layer.permission, actor)


def may_view(permission: str, actor: Actor) -> bool:
    """Whether a permission is held, or is the public one."""
    return permission == PUBLIC or decide(actor, permission).allowed


def offered(actor: Actor) -> list[MapLayer]:
    """The layers that the actor may see, in the order of the modules."""
    return [layer for layer in _layers.values() if visible(layer, actor)]


def collection(features: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A GeoJSON FeatureCollection (RFC 7946)."""
    return {"type": "FeatureCollection", "features": list(features)}


def point(lon: float, lat: float, **properties: Any) -> dict[str, Any]:
    """A GeoJSON point feature; coordinates to the decimetre."""
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
        "properties": properties,
    }
