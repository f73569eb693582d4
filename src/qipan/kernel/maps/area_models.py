"""Layers of areas with their origin, and the areas of each version."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Layer(models.Model):
    """One set of areas, lines or points with where it comes from and what it may be used for."""

    class Kind(models.TextChoices):
        """Geometry of the members."""

        AREA = "area", _("面")
        LINE = "line", _("线")
        POINT = "point", _("点")

    class Origin(models.TextChoices):
        """How the geometry came to be; a synthetic one never decides anything legal."""

        OFFICIAL = "official", _("主管部门提供")
        OPEN = "open", _("公开数据")
        SYNTHETIC = "synthetic", _("示意(非法定边界)")
        DRAWN = "drawn", _("手工绘制")

    code = models.CharField(_("图层代码"), max_length=50, unique=True)
    name = models.CharField(_("图层名称"), max_length=100)
    kind = models.CharField(_("几何类型"), max_length=10, choices=Kind.choices, default=Kind.AREA)
    origin = models.CharField(_("来源性质"), max_length=10, choices=Origin.choices)
    version = models.PositiveIntegerField(_("版本"), default=1)
    datum = models.CharField(_("坐标系"), max_length=30, default="CGCS2000")
    source = models.TextField(_("数据来源"), blank=True)
    licence = models.CharField(_("许可"), max_length=100, blank=True)
    approval = models.CharField(_("审图号"), max_length=50, blank=True)
    public = models.BooleanField(_("可公开"), default=False)
    demo = models.BooleanField(_("演示数据"), default=False)
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("图层")
        verbose_name_plural = _("图层")

    def __str__(self) -> str:
        return self.name


class AreaRows(models.QuerySet["Area"]):
    """Areas by layer and day."""

    def at(self, day: date) -> "AreaRows":
        """Areas in force on a day (valid_to is the first day out of force)."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)

    def of(self, layer: str) -> "AreaRows":
        """Areas of the layer with this code, in the order of their codes."""
        return self.filter(layer__code=layer).order_by("code")


class Area(models.Model):
    """A member of a layer: GeoJSON in CGCS2000 degrees (WGS84 within centimetres); lines have no area."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="areas", verbose_name=_("图层"))
    code = models.CharField(_("代码"), max_length=50, db_index=True)
    name = models.CharField(_("名称"), max_length=100)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级区域")
    )
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    geometry = models.JSONField(_("几何"))
    area_m2 = models.FloatField(_("椭球面积(平方米)"))
    label_lon = models.FloatField(_("标注经度"))
    label_lat = models.FloatField(_("标注纬度"))

    objects = AreaRows.as_manager()

    class Meta:
        ordering: ClassVar = ["layer", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["layer", "code", "valid_from"], name="maps_area_once"),
            models.CheckConstraint(condition=Q(area_m2__gte=0), name="maps_area_positive"),
        ]
        verbose_name = _("区域")
        verbose_name_plural = _("区域")

    def __str__(self) -> str:
        return self.name
