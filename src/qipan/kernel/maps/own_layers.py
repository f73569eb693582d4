"""Layers that the map block itself offers: the divisions and the grids."""

from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Actor
from qipan.kernel.maps.area_models import Layer
from qipan.kernel.maps.county import GRIDS, TOWNSHIPS, VILLAGES
from qipan.kernel.maps.features import area_features
from qipan.kernel.maps.layers import MapLayer
from qipan.kernel.maps.reference import RIVER_LAYER


def _note(code: str) -> str:
    """What stands in the corner while the layer is synthetic, looked up when it is shown."""

    def words() -> str:
        synthetic = Layer.objects.filter(code=code, origin=Layer.Origin.SYNTHETIC).exists()
        return gettext("示意边界·非法定") if synthetic else ""

    later: str = lazy(words, str)()
    return later


DASHED = {"line-dasharray": [3, 2], "fill-opacity": 0.04}


def _townships(_actor: Actor) -> dict[str, Any]:
    return area_features(TOWNSHIPS)


def _villages(_actor: Actor) -> dict[str, Any]:
    return area_features(VILLAGES)


def _grids(_actor: Actor) -> dict[str, Any]:
    return area_features(GRIDS)


def _rivers(_actor: Actor) -> dict[str, Any]:
    return area_features(RIVER_LAYER)


LAYERS = (
    MapLayer(
        "maps.townships",
        _("乡镇街道"),
        _townships,
        "area",
        {**DASHED, "line-width": 1.5},
        permission="public",
        legend=(("#6b5b95", _("乡镇街道界")),),
        note=_note(TOWNSHIPS),
    ),
    MapLayer(
        "maps.villages",
        _("村居"),
        _villages,
        "area",
        DASHED,
        permission="public",
        legend=(("#8a8d93", _("村居界")),),
        note=_note(VILLAGES),
    ),
    MapLayer(
        "maps.grids",
        _("网格"),
        _grids,
        "area",
        DASHED,
        legend=(("#2f855a", _("网格界")),),
        note=_note(GRIDS),
    ),
    MapLayer(
        "maps.rivers",
        _("河流"),
        _rivers,
        "line",
        {"line-width": 2},
        permission="public",
        legend=(("#3b82b5", _("河流")),),
        note=_("1:400万,位置误差可达数公里"),
    ),
)
