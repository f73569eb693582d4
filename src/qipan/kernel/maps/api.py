"""The map's own addresses below /api/maps/: where a point lies, and where a name is."""

from dataclasses import asdict
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Schema

from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.maps.area_models import Layer
from qipan.kernel.maps.county import VILLAGES, where
from qipan.kernel.maps.place_search import search
from qipan.kernel.orgs.models import Division

router = Router()
LONGEST_TEXT = 200
MOST_HITS = 50


class WhereAnswer(Schema):
    """Codes of what holds the point, the names of the divisions, and whether the borders are legal ones."""

    county: str | None
    township: str | None
    village: str | None
    grid: str | None
    names: list[str]
    origin: str


class HitAnswer(Schema):
    """One found place; ``precision`` says how far the point may be trusted."""

    name: str
    full_name: str
    kind: str
    precision: str
    lon: float | None
    lat: float | None
    radius_m: float | None
    division: str
    score: float
    note: str


@router.get("/where", response=WhereAnswer, summary="Areas that hold a point")
def where_is(request: HttpRequest, lon: float, lat: float, at: date | None = None) -> dict[str, Any]:
    """Codes and names of county, township, village and grid at a point in degrees (CGCS2000)."""
    _check_degrees(lon, lat)
    found = where(lon, lat, at)
    codes = [code for code in (found.county, found.township, found.village) if code]
    names = dict(Division.objects.filter(code__in=codes).values_list("code", "name"))
    origin = Layer.objects.filter(code=VILLAGES).values_list("origin", flat=True).first()
    return {**asdict(found), "names": [names.get(code, code) for code in codes], "origin": origin or ""}


@router.get("/search", response=list[HitAnswer], summary="Places by name or address")
def search_places(
    request: HttpRequest,
    q: str,
    lon: float | None = None,
    lat: float | None = None,
    limit: int = 10,
) -> list[dict[str, Any]]:
    """Townships, villages and places that a text names, best first; ``lon`` and ``lat`` break ties."""
    if len(q) > LONGEST_TEXT:
        raise InvalidInput("q", _("搜索文字过长"))
    near = None
    if lon is not None and lat is not None:
        _check_degrees(lon, lat)
        near = (lon, lat)
    return [asdict(hit) for hit in search(q, near=near, limit=max(1, min(limit, MOST_HITS)))]


def _check_degrees(lon: float, lat: float) -> None:
    if not -180 <= lon <= 180:
        raise InvalidInput("lon", _("经度应在 -180 到 180 之间"))
    if not -90 <= lat <= 90:
        raise InvalidInput("lat", _("纬度应在 -90 到 90 之间"))
