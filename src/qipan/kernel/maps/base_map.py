"""The offline base map: a whole MapLibre style made of the county's own layers, in three dresses."""

from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from qipan.kernel.maps.area_models import Layer
from qipan.kernel.maps.county import COUNTY, TOWNSHIPS, VILLAGES
from qipan.kernel.maps.features import area_features, label_features
from qipan.kernel.maps.reference import NEIGHBOURS, RIVER_LAYER

FONT = ["Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "sans-serif"]
AREAS = (COUNTY, NEIGHBOURS, RIVER_LAYER, TOWNSHIPS, VILLAGES)
LABELS = {
    "neighbour-labels": NEIGHBOURS,
    "township-labels": TOWNSHIPS,
    "village-labels": VILLAGES,
}
SOURCES = (*AREAS, *LABELS)


class Dress(NamedTuple):
    """Colours of one base map."""

    outside: str
    inside: str
    border: str
    water: str
    division: str
    text: str
    halo: str


DRESSES = {
    "light": Dress("#e9ebe6", "#f8f8f4", "#7c6f8a", "#8fbcd8", "#b3adbd", "#4b4f57", "#ffffff"),
    "dark": Dress("#10161d", "#18212b", "#8c86a8", "#2f5d7c", "#4a5163", "#aeb9c6", "#0b1219"),
    "print": Dress("#ffffff", "#ffffff", "#333333", "#6aa0c0", "#999999", "#222222", "#ffffff"),
}


def source(name: str) -> dict[str, Any]:
    """GeoJSON of one source of the base map; KeyError for a name it has not."""
    if name in LABELS:
        return label_features(LABELS[name])
    if name not in AREAS:
        raise KeyError(name)
    return area_features(name)


def style(theme: str, version: str) -> dict[str, Any]:
    """A MapLibre style without outside address; KeyError for an unknown theme.

    ``version`` is appended to the sources' addresses, so that browsers may keep them.
    """
    dress = DRESSES[theme]
    notes = attribution()
    sources = {
        name: {"type": "geojson", "data": f"/maps/base/{name}.geojson?v={version}", "attribution": notes}
        for name in SOURCES
    }
    return {
        "version": 8,
        "name": f"qipan-{theme}",
        "center": [115.53, 36.53],
        "zoom": 9.6,
        "sources": sources,
        "layers": [*_ground(dress), *_lines(dress), *_names(dress)],
    }


def attribution() -> str:
    """Where the shown geometry comes from; synthetic borders are named as such."""
    notes = [_("县界:天地图;河流:1:400万")]
    sketched = Layer.objects.filter(code__in=(TOWNSHIPS, VILLAGES), origin=Layer.Origin.SYNTHETIC)
    synthetic = set(sketched.values_list("code", flat=True))
    if synthetic == {TOWNSHIPS, VILLAGES}:
        notes.append(_("乡镇村界为示意,非法定边界"))
    elif VILLAGES in synthetic:
        notes.append(_("村界为示意,非法定边界"))
    elif TOWNSHIPS in synthetic:
        notes.append(_("乡镇界为示意,非法定边界"))
    return " · ".join(notes)


def _ground(dress: Dress) -> list[dict[str, Any]]:
    return [
        {"id": "outside", "type": "background", "paint": {"background-color": dress.outside}},
        {"id": "county", "type": "fill", "source": COUNTY, "paint": {"fill-color": dress.inside}},
    ]


def _lines(dress: Dress) -> list[dict[str, Any]]:
    return [
        _line("rivers", RIVER_LAYER, dress.water, {"line-width": _by_zoom(8, 1, 14, 5)}),
        _line(
            "villages",
            VILLAGES,
            dress.division,
            {"line-width": 0.6, "line-dasharray": [2, 2], "line-opacity": 0.8},
            minzoom=11,
        ),
        _line(
            "townships",
            TOWNSHIPS,
            dress.division,
            {"line-width": _by_zoom(8, 0.8, 14, 1.8), "line-dasharray": [4, 2]},
            minzoom=8,
        ),
        _line("neighbours", NEIGHBOURS, dress.division, {"line-width": 1}),
        _line("border", COUNTY, dress.border, {"line-width": _by_zoom(8, 1.5, 14, 3)}),
    ]


def _line(
    name: str, source: str, colour: str, paint: dict[str, Any], *, minzoom: float = 0
) -> dict[str, Any]:
    return {
        "id": name,
        "type": "line",
        "source": source,
        "minzoom": minzoom,
        "layout": {"line-join": "round"},
        "paint": {"line-color": colour, **paint},
    }


def _by_zoom(low: float, at_low: float, high: float, at_high: float) -> list[Any]:
    return ["interpolate", ["linear"], ["zoom"], low, at_low, high, at_high]


def _names(dress: Dress) -> list[dict[str, Any]]:
    return [
        _name("neighbour-names", "neighbour-labels", dress, size=12, minzoom=8, maxzoom=11),
        _name("township-names", "township-labels", dress, size=12, minzoom=9.5, maxzoom=14),
        _name("village-names", "village-labels", dress, size=11, minzoom=11.5, maxzoom=24),
    ]


def _name(
    name: str, source: str, dress: Dress, *, size: int, minzoom: float, maxzoom: float
) -> dict[str, Any]:
    return {
        "id": name,
        "type": "symbol",
        "source": source,
        "minzoom": minzoom,
        "maxzoom": maxzoom,
        # Above the middle of the area: that is where modules put their points.
        "layout": {
            "text-field": ["get", "label"],
            "text-font": FONT,
            "text-size": size,
            "text-padding": 2,
            "text-anchor": "bottom",
            "text-offset": [0, -0.6],
        },
        "paint": {"text-color": dress.text, "text-halo-color": dress.halo, "text-halo-width": 1.2},
    }
