"""Rows with a place: the mixin for every located row, layers, areas and named places."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.county import where
from qipan.kernel.maps.import_models import LayerImport, PlaceMove
from qipan.kernel.orgs.models import Division, Grid

__all__ = ["Area", "Layer", "LayerImport", "Place", "PlaceMove", "Placed"]

LON_RANGE = [MinValueValidator(-180.0), MaxValueValidator(180.0)]
LAT_RANGE = [MinValueValidator(-90.0), MaxValueValidator(90.0)]


class Placed(models.Model):
    """Mixin of rows that lie somewhere: degrees CGCS2000 (WGS84), division and grid."""

    lon = models.FloatField(_("经度"), null=True, blank=True, validators=LON_RANGE)
    lat = models.FloatField(_("纬度"), null=True, blank=True, validators=LAT_RANGE)
    accuracy_m = models.FloatField(_("定位精度(米)"), null=True, blank=True)
    address = models.CharField(_("地址"), max_length=200, blank=True)
    division = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所在区划")
    )
    grid = models.ForeignKey(
        Grid, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所在网格")
    )

    class Meta:
        abstract = True

    def locate(self) -> None:
        """Fill division and grid from the coordinates; nothing changes without coordinates.

        Outside the county both become empty. The row is not saved.
        """
        if self.lon is None or self.lat is None:
            return
        found = where(self.lon, self.lat)
        self.division = Division.objects.filter(code=found.division).first() if found.division else None
        self.grid = Grid.objects.filter(code=found.grid).first() if found.grid else None


class Place(models.Model):
    """A named place, found by search and used as a landmark."""

    class Precision(models.TextChoices):
        """How far the point may be trusted."""

        EXACT = "exact", _("精确位置")
        DOORPLATE = "doorplate", _("门牌")
        VILLAGE = "village", _("村级示意位置")
        TOWNSHIP = "township", _("乡镇级示意位置")

    name = models.CharField(_("名称"), max_length=100, db_index=True)
    kind = models.CharField(_("类别"), max_length=30)
    lon = models.FloatField(_("经度"), validators=LON_RANGE)
    lat = models.FloatField(_("纬度"), validators=LAT_RANGE)
    precision = models.CharField(
        _("位置精度"), max_length=10, choices=Precision.choices, default=Precision.EXACT
    )
    division = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所在区划")
    )
    source = models.CharField(_("来源"), max_length=200, blank=True)
    demo = models.BooleanField(_("演示数据"), default=False)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("地名")
        verbose_name_plural = _("地名")

    def __str__(self) -> str:
        return self.name
