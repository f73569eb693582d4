"""The environment's layers on the county's one map."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import situation
from qipan.domains.governance.environment.models import Grade, Site
from qipan.kernel.access.models import Actor
from qipan.kernel.maps.layers import MapLayer, collection, point

GRADE_LEGEND = tuple(
    (situation.grade_colour(grade.value), grade.label) for grade in Grade if grade != Grade.NONE
)
OTHER_KINDS = (
    Site.Kind.SURFACE_WATER,
    Site.Kind.OUTLET_AIR,
    Site.Kind.OUTLET_WATER,
    Site.Kind.DUST,
    Site.Kind.NOISE,
)
KIND_COLOURS = {
    Site.Kind.SURFACE_WATER: "#1f78b4",
    Site.Kind.OUTLET_AIR: "#6a3d9a",
    Site.Kind.OUTLET_WATER: "#33a02c",
    Site.Kind.DUST: "#b15928",
    Site.Kind.NOISE: "#e31a1c",
}


def _air_features(actor: Actor, kind: str) -> dict[str, Any]:
    features = []
    for one in situation.air_now(situation.visible_sites(actor, kind)):
        if one.site.thing.lon is None or one.site.thing.lat is None:
            continue
        features.append(
            point(
                one.site.thing.lon,
                one.site.thing.lat,
                name=one.site.name,
                value=one.aqi,
                label=str(one.aqi) if one.aqi is not None else "–",
                colour=one.colour,
                url=reverse("environment:station", args=[one.site.code]),
            )
        )
    return collection(features)


def stations(actor: Actor) -> dict[str, Any]:
    """Township stations with their AQI."""
    return _air_features(actor, Site.Kind.TOWNSHIP_AIR)


def micro(actor: Actor) -> dict[str, Any]:
    """Micro-stations with their AQI."""
    return _air_features(actor, Site.Kind.MICRO)


def public_stations(_actor: Actor) -> dict[str, Any]:
    """Township stations as anybody may see them."""
    rows = situation.air_now(Site.objects.assessed())
    return collection(
        point(
            one.site.thing.lon,
            one.site.thing.lat,
            name=str(one.site.township or one.site.name),
            value=one.aqi,
            label=str(one.aqi) if one.aqi is not None else "–",
            colour=one.colour,
        )
        for one in rows
        if one.site.thing.lon is not None and one.site.thing.lat is not None
    )


def others(actor: Actor) -> dict[str, Any]:
    """Water, outlet, dust and noise sites."""
    rows = situation.visible_sites(actor, *OTHER_KINDS).select_related("thing")
    return collection(
        point(
            site.thing.lon,
            site.thing.lat,
            name=site.name,
            colour=KIND_COLOURS[Site.Kind(site.kind)],
            url=reverse("environment:site-detail", args=[site.pk]),
        )
        for site in rows
        if site.thing.lon is not None and site.thing.lat is not None
    )


LAYERS = (
    MapLayer(
        "environment.stations",
        _("乡镇空气站 AQI"),
        stations,
        "point",
        permission="environment.site.view",
        legend=GRADE_LEGEND,
        live=True,
        shown=True,
    ),
    MapLayer(
        "environment.micro",
        _("微站 AQI"),
        micro,
        "point",
        style={"circle-radius": 5},
        permission="environment.site.view",
        legend=GRADE_LEGEND,
        minzoom=10,
        live=True,
    ),
    MapLayer(
        "environment.sites",
        _("水站、排放口、扬尘与噪声点位"),
        others,
        "point",
        permission="environment.site.view",
        legend=tuple((colour, kind.label) for kind, colour in KIND_COLOURS.items()),
    ),
    MapLayer(
        "environment.public",
        _("空气质量"),
        public_stations,
        "point",
        permission="public",
        legend=GRADE_LEGEND,
        live=True,
    ),
)
