"""Live warnings on the map: the divisions they hold in, in their colours."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Actor
from qipan.kernel.alerts.models import Alert, AlertArea, Colour
from qipan.kernel.alerts.rules import rank
from qipan.kernel.maps import areas
from qipan.kernel.maps.layers import MapLayer
from qipan.protocols import cap

PAINT = {"red": "#d63031", "orange": "#f39c12", "yellow": "#f1c40f", "blue": "#2f80ed"}


def features(_actor: Actor) -> dict[str, Any]:
    """Areas of live warnings as GeoJSON, the gravest last so that it lies on top."""
    rows = AlertArea.objects.filter(alert__in=Alert.objects.live()).select_related("alert__root")
    ordered = sorted(rows, key=lambda area: rank(area.alert.colour))
    found = [_feature(area, shape) for area in ordered if (shape := _shape(area)) is not None]
    return {"type": "FeatureCollection", "features": found}


def _shape(area: AlertArea) -> dict[str, Any] | None:
    if area.kind == AlertArea.Kind.POLYGON:
        ring = [[lon, lat] for lat, lon in cap.polygon_points(area.geometry)]
        return {"type": "Polygon", "coordinates": [ring]}
    if area.kind == AlertArea.Kind.DIVISION:
        return areas.geometry(area.code)
    return None


def _feature(area: AlertArea, shape: dict[str, Any]) -> dict[str, Any]:
    alert = area.alert
    properties = {
        "name": f"{area.name} {alert.headline}",
        "url": f"/public/alerts/{alert.first.pk}/",
        "colour": PAINT[alert.colour],
        "label": area.name,
    }
    return {"type": "Feature", "geometry": shape, "properties": properties}


LAYERS = (
    MapLayer(
        "alerts.live",
        _("生效预警"),
        features,
        "area",
        style={"fill-opacity": 0.35},
        permission="public",
        legend=tuple((PAINT[colour.value], colour.label) for colour in reversed(Colour)),
        live=True,
        shown=True,
    ),
)
