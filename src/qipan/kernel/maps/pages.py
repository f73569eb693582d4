"""The one map of the county, and the documents that it is drawn from."""

import hashlib
from typing import Any, cast

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.gzip import gzip_page

from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Actor
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.maps import base_map, layers
from qipan.kernel.maps.area_models import Layer
from qipan.kernel.maps.county import where
from qipan.kernel.maps.place_search import Hit, search
from qipan.kernel.orgs.models import Division
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import PUBLIC, page
from qipan.kernel.ui.site import site

GEOJSON = "application/geo+json"
BASE_MAX_AGE = 86_400
EXACT = 0.9


def _actor(request: HttpRequest) -> Actor:
    """The middleware of the access block guarantees this type."""
    return cast(Actor, request.user)


def _document(request: HttpRequest, data: Any, content_type: str, cache: str) -> HttpResponse:
    """JSON with an ETag of its content; 304 when the browser has it already."""
    body = orjson.dumps(data, default=str)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if etag in request.headers.get("If-None-Match", "").replace("W/", ""):
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(body, content_type=content_type)
    answer["ETag"] = etag
    answer["Cache-Control"] = cache
    return answer


@page("", gettext_lazy("县域一张图"), permission=PUBLIC, icon="map")
def overview(request: HttpRequest) -> HttpResponse:
    """Base map and the layers of all modules; a search, a point and the chosen layers are in the address."""
    actor = _actor(request)
    offered = layers.offered(actor)
    chosen = set(request.GET.getlist("layer"))
    if not chosen and "chosen" not in request.GET:
        chosen = {layer.key for layer in offered if layer.shown}
    text = request.GET.get("q", "").strip()
    hits = _likely(search(text)) if text else []
    lon, lat = _point(request)
    if lon is None and hits:
        lon, lat = hits[0].lon, hits[0].lat
    context = {
        "groups": _groups(offered, chosen),
        "chosen": [layer.key for layer in offered if layer.key in chosen],
        "keys": ",".join(layer.key for layer in offered if layer.key in chosen),
        "notes": sorted({str(layer.note) for layer in offered if layer.key in chosen and layer.note}),
        "text": text,
        "hits": hits,
        "lon": lon,
        "lat": lat,
        "here": _here(lon, lat),
    }
    return render(request, "maps/overview.html", context)


def _likely(hits: list[Hit]) -> list[Hit]:
    """Only the answers that fit wholly, when there are some."""
    exact = [hit for hit in hits if hit.score >= EXACT]
    return exact or hits


def _groups(offered: list[layers.MapLayer], chosen: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Layers under the names of the modules that offer them, each with whether it is switched on."""
    names = {module.label: str(module.name) for module in site.modules}
    groups: dict[str, list[dict[str, Any]]] = {}
    for layer in offered:
        label = layer.key.partition(".")[0]
        group = groups.setdefault(names.get(label, label), [])
        group.append({"layer": layer, "on": layer.key in chosen})
    return groups


def _point(request: HttpRequest) -> tuple[float | None, float | None]:
    lon, lat = request.GET.get("lon"), request.GET.get("lat")
    if not lon or not lat:
        return None, None
    try:
        return float(lon), float(lat)
    except ValueError as error:
        raise InvalidInput("lon", _("经纬度应为十进制度,如 115.4350, 36.4800")) from error


def _here(lon: float | None, lat: float | None) -> list[dict[str, str]]:
    """What holds the point: the divisions and the grid, by level."""
    if lon is None or lat is None:
        return []
    found = where(lon, lat)
    codes = [code for code in (found.county, found.township, found.village) if code]
    names = dict(Division.objects.filter(code__in=codes).values_list("code", "name"))
    rows = [{"code": code, "name": names.get(code, code)} for code in codes]
    if found.grid:
        rows.append({"code": found.grid, "name": _("网格")})
    return rows


@page("layers.json", gettext_lazy("图层目录"), permission=PUBLIC, menu=False)
def catalogue(request: HttpRequest) -> HttpResponse:
    """The layers that the actor may see, with their styles and legends."""
    data = {"layers": [layer.describe() for layer in layers.offered(_actor(request))]}
    return _document(request, data, "application/json", "private, no-cache")


@page("layers/<str:key>.geojson", gettext_lazy("图层数据"), permission=PUBLIC, menu=False)
def layer_data(request: HttpRequest, key: str) -> HttpResponse:
    """One layer's features; 404 for an unknown layer, 403 without its permission."""
    layer = layers.find(key)
    if layer is None:
        raise Http404(_("没有这个图层:%s") % key)
    actor = _actor(request)
    if layer.permission != layers.PUBLIC:
        require(actor, layer.permission)
    data = {**layer.features(actor), "layer": layer.describe()}
    return gzip_page(_layer_answer)(request, data)


def _layer_answer(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    return _document(request, data, GEOJSON, "private, no-cache")


@page("style/<str:theme>.json", gettext_lazy("底图样式"), permission=PUBLIC, menu=False)
def style(request: HttpRequest, theme: str) -> HttpResponse:
    """The base map as a MapLibre style: light, dark or print."""
    if theme not in base_map.DRESSES:
        raise Http404(_("没有这种底图:%s") % theme)
    versions = Layer.objects.filter(code__in=base_map.AREAS).order_by("code").values_list("code", "version")
    mark = "-".join(f"{version}" for _code, version in versions)
    return _document(request, base_map.style(theme, mark), "application/json", "no-cache")


@page("base/<str:name>.geojson", gettext_lazy("底图数据"), permission=PUBLIC, menu=False)
def base_data(request: HttpRequest, name: str) -> HttpResponse:
    """One source of the base map."""
    if name not in base_map.SOURCES:
        raise Http404(_("底图没有这一层:%s") % name)
    return gzip_page(_base_answer)(request, base_map.source(name))


def _base_answer(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    return _document(request, data, GEOJSON, f"public, max-age={BASE_MAX_AGE}")


PAGES = (overview, catalogue, layer_data, style, base_data)
