"""Layers, areas and places as registers."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.models import Place
from qipan.kernel.ui.declarations import Column, MapPlace, Register, RelatedPanel

REGISTERS = (
    Register(
        Layer,
        "catalogue",
        ("code", "name", "kind", "origin", "version", "licence", "approval", "public", "updated_at"),
        title=_("图层登记"),
        filters=("kind", "origin", "public"),
        search=("code", "name", "source"),
        edit=("name", "source", "licence", "approval", "public"),
        create=(),
        detail=(
            "code",
            "name",
            "kind",
            "origin",
            "version",
            "datum",
            "source",
            "licence",
            "approval",
            "updated_at",
        ),
        panels=(
            RelatedPanel(_("区域"), lambda layer: layer.areas.order_by("code"), ("code", "name", "area_m2")),
        ),
        help=_("每个图层的来源、坐标系、许可和审图号;来源为示意的边界不用于任何执法和审批。"),
    ),
    Register(
        Area,
        "areas",
        (
            "code",
            "name",
            "layer",
            "parent",
            Column("area_km2", _("面积"), lambda area: round(area.area_m2 / 1e6, 3), "km²", sort="area_m2"),
            "valid_from",
            "valid_to",
        ),
        title=_("区域"),
        filters=("layer",),
        search=("code", "name"),
        edit=(),
        place=MapPlace("label_lon", "label_lat"),
        permission="maps.layer",
    ),
    Register(
        Place,
        "places",
        ("name", "kind", "division", "precision", "source"),
        title=_("地名地址"),
        filters=("kind", "precision"),
        search=("name",),
        edit=("name", "kind", "lon", "lat", "precision", "division", "source"),
        place=MapPlace(),
    ),
)
