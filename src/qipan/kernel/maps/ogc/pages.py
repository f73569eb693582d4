"""The OGC door at /ogc/: landing page, conformance, collections, features."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import quote, urlencode

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from shapely.geometry import mapping

from qipan.kernel.access.models import Actor
from qipan.kernel.base.clock import now
from qipan.kernel.maps.ogc.collections import Collection, Item, Items, collections, language, today
from qipan.kernel.maps.ogc.crs import CRS84, SUPPORTED, to_crs
from qipan.kernel.maps.ogc.description import CONFORMANCE, openapi
from qipan.kernel.maps.ogc.parameters import ItemsQuery, WrongParameter, check_format, crs_of, read
from qipan.kernel.ui.declarations import PUBLIC, page

JSON = "application/json"
GEOJSON = "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
EQUAL = frozenset({"code", "name", "parent"})

View = Callable[..., HttpResponse]


class Unknown(LookupError):  # noqa: N818 - named after what it says to the caller
    """There is no such collection or feature for this caller."""


def _door(view: View) -> View:
    """Answers for programs: errors as JSON, compressed, open to browsers of other sites."""

    @require_safe
    @gzip_page
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer = view(request, *args, **kwargs)
        except WrongParameter as error:
            answer = _answer({"code": "InvalidParameterValue", "description": str(error)}, status=400)
        except Unknown as error:
            answer = _answer({"code": "NotFound", "description": str(error)}, status=404)
        answer["Access-Control-Allow-Origin"] = "*"
        answer["Vary"] = "Cookie, Authorization, Accept-Language"
        return answer

    return guarded


def _answer(data: Any, content_type: str = JSON, status: int = 200) -> HttpResponse:
    return HttpResponse(orjson.dumps(data, default=str), content_type=content_type, status=status)


def _url(request: HttpRequest, path: str = "", **query: object) -> str:
    tail = f"?{urlencode(query)}" if query else ""
    return request.build_absolute_uri(f"/ogc/{path}{tail}")


def _link(href: str, rel: str, media: str = JSON, title: str = "") -> dict[str, str]:
    return {"href": href, "rel": rel, "type": media, **({"title": title} if title else {})}


def _collections(request: HttpRequest) -> dict[str, Collection]:
    found = collections(cast(Actor, request.user))
    return {collection.key: collection for collection in found}


def _collection(request: HttpRequest, key: str) -> Collection:
    found = _collections(request).get(key)
    if found is None:
        raise Unknown(f"collection {key}")
    return found


@page("/ogc/", gettext_lazy("OGC 接口"), permission=PUBLIC, menu=False)
@_door
def landing(request: HttpRequest) -> HttpResponse:
    """What is here, and where."""
    check_format(request.GET)
    links = [
        _link(_url(request), "self"),
        _link(_url(request, "api"), "service-desc", OPENAPI),
        _link(request.build_absolute_uri("/maps/"), "service-doc", "text/html"),
        _link(_url(request, "conformance"), "conformance"),
        _link(_url(request, "collections"), "data"),
    ]
    return _answer(
        {"title": _("县域地理要素服务"), "description": _("区划、网格与各系统图层"), "links": links}
    )


@page("/ogc/conformance", gettext_lazy("OGC 符合性"), permission=PUBLIC, menu=False)
@_door
def conformance(request: HttpRequest) -> HttpResponse:
    """Which classes of the standards hold."""
    check_format(request.GET)
    return _answer({"conformsTo": CONFORMANCE})


@page("/ogc/api", gettext_lazy("OGC 接口说明"), permission=PUBLIC, menu=False)
@_door
def api(request: HttpRequest) -> HttpResponse:
    """The OpenAPI description."""
    return _answer(openapi(_url(request).rstrip("/"), list(_collections(request))), OPENAPI)


@page("/ogc/collections", gettext_lazy("OGC 数据集"), permission=PUBLIC, menu=False)
@_door
def all_collections(request: HttpRequest) -> HttpResponse:
    """The collections that the caller may read."""
    check_format(request.GET)
    found = [_described(request, collection) for collection in _collections(request).values()]
    links = [_link(_url(request, "collections"), "self")]
    return _answer({"links": links, "crs": SUPPORTED, "collections": found})


@page("/ogc/collections/<str:key>", gettext_lazy("OGC 数据集"), permission=PUBLIC, menu=False)
@_door
def one_collection(request: HttpRequest, key: str) -> HttpResponse:
    """One collection."""
    check_format(request.GET)
    return _answer(_described(request, _collection(request, key)))


def _described(request: HttpRequest, collection: Collection) -> dict[str, Any]:
    path = f"collections/{quote(collection.key)}"
    bounds = collection.items(today()).bounds()
    return {
        "id": collection.key,
        "title": collection.title,
        "description": collection.description,
        "itemType": "feature",
        "crs": SUPPORTED,
        "storageCrs": CRS84,
        "extent": {"spatial": {"bbox": [bounds], "crs": CRS84}} if bounds else {},
        "links": [
            _link(_url(request, path), "self"),
            _link(_url(request, f"{path}/items"), "items", GEOJSON, collection.title),
        ],
    }


@page("/ogc/collections/<str:key>/items", gettext_lazy("OGC 要素"), permission=PUBLIC, menu=False)
@_door
def items(request: HttpRequest, key: str) -> HttpResponse:
    """Features of a collection by box, time and property, page by page."""
    collection = _collection(request, key)
    asked = read(request.GET, EQUAL)
    found = _matching(collection.items(asked.period), asked)
    shown = found[asked.offset : asked.offset + asked.limit]
    data = {
        "type": "FeatureCollection",
        "timeStamp": now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberMatched": len(found),
        "numberReturned": len(shown),
        "links": _page_links(request, key, asked, len(found)),
        "features": [_feature(item, asked.crs) for item in shown],
    }
    return _with_crs(_answer(data, GEOJSON), asked.crs)


def _matching(held: Items, asked: ItemsQuery) -> list[Item]:
    found = held.within(asked.box)
    for name, value in asked.equal.items():
        found = [item for item in found if str(item.properties.get(name)) == value]
    return found


def _page_links(request: HttpRequest, key: str, asked: ItemsQuery, matched: int) -> list[dict[str, str]]:
    path = f"collections/{quote(key)}"
    query = {name: request.GET[name] for name in request.GET}

    def at(offset: int) -> str:
        return _url(request, f"{path}/items", **{**query, "limit": asked.limit, "offset": offset})

    links = [
        _link(_url(request, f"{path}/items", **query), "self", GEOJSON),
        _link(_url(request, path), "collection"),
    ]
    if asked.offset + asked.limit < matched:
        links.append(_link(at(asked.offset + asked.limit), "next", GEOJSON))
    if asked.offset > 0:
        links.append(_link(at(max(0, asked.offset - asked.limit)), "prev", GEOJSON))
    return links


@page(
    "/ogc/collections/<str:key>/items/<str:feature>", gettext_lazy("OGC 要素"), permission=PUBLIC, menu=False
)
@_door
def one_item(request: HttpRequest, key: str, feature: str) -> HttpResponse:
    """One feature."""
    check_format(request.GET)
    crs = crs_of(request.GET, "crs")
    item = _collection(request, key).items(today()).by_key.get(feature)
    if item is None:
        raise Unknown(f"feature {feature} in {key}")
    path = f"collections/{quote(key)}"
    links = [
        _link(_url(request, f"{path}/items/{quote(feature)}"), "self", GEOJSON),
        _link(_url(request, path), "collection"),
    ]
    return _with_crs(_answer({**_feature(item, crs), "links": links}, GEOJSON), crs)


def _feature(item: Item, crs: str) -> dict[str, Any]:
    geometry = mapping(to_crs(item.geometry, crs)) if item.geometry is not None else None
    return {"type": "Feature", "id": item.key, "geometry": geometry, "properties": item.properties}


def _with_crs(answer: HttpResponse, crs: str) -> HttpResponse:
    answer["Content-Crs"] = f"<{crs}>"
    answer["Content-Language"] = language()
    return answer


PAGES = (landing, conformance, api, all_collections, one_collection, items, one_item)
