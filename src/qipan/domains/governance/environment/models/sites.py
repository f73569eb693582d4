"""Monitoring sites and outlets: what a device is for, beside the device itself."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.orgs.models import Division, Organisation
from qipan.kernel.sensing.models import Thing


class SiteRows(models.QuerySet["Site"]):
    """Sites by what they measure."""

    def active(self) -> "SiteRows":
        """Sites whose device is in use."""
        return self.filter(thing__state=Thing.State.ACTIVE)

    def air(self) -> "SiteRows":
        """Sites that measure ambient air."""
        return self.filter(kind__in=Site.AIR_KINDS)

    def assessed(self) -> "SiteRows":
        """Sites that count in the townships' ranking."""
        return self.active().filter(kind=Site.Kind.TOWNSHIP_AIR, assessed=True)


class Site(Record):
    """A monitoring site: one device, its purpose, its township and who looks after it."""

    class Kind(models.TextChoices):
        """What a site is for."""

        TOWNSHIP_AIR = "township_air", _("乡镇空气站")
        MICRO = "micro", _("微站")
        MOBILE = "mobile", _("车载移动站")
        SURFACE_WATER = "surface_water", _("地表水站")
        OUTLET_AIR = "outlet_air", _("废气排放口")
        OUTLET_WATER = "outlet_water", _("废水排放口")
        DUST = "dust", _("扬尘监测点")
        NOISE = "noise", _("噪声监测点")
        CAMERA = "camera", _("视频监控点")

    AIR_KINDS = (Kind.TOWNSHIP_AIR, Kind.MICRO, Kind.MOBILE, Kind.DUST)

    thing = models.OneToOneField(Thing, models.PROTECT, related_name="+", verbose_name=_("设备"))
    code = models.CharField(_("点位编码"), max_length=30, unique=True)
    name = models.CharField(_("点位名称"), max_length=100)
    kind = models.CharField(_("类别"), max_length=20, choices=Kind.choices, db_index=True)
    township = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所属乡镇")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("主管单位")
    )
    reference_site = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="micro_sites", verbose_name=_("参考站")
    )
    maintainer = models.CharField(_("运维单位"), max_length=100, blank=True)
    assessed = models.BooleanField(_("参与排名"), default=False)

    target_class = models.PositiveSmallIntegerField(
        _("水质目标类别"), choices=tuple(enumerate("ⅠⅡⅢⅣⅤ", start=1)), null=True, blank=True
    )

    objects = SiteRows.as_manager()
    scope: ClassVar[Scope] = Scope(organisation="organisation", division="township__code")

    class Meta:
        ordering: ClassVar = ["kind", "code"]
        verbose_name = _("监测点位")
        verbose_name_plural = _("监测点位")

    def __str__(self) -> str:
        return self.name


class Outlet(Record):
    """An outlet of a firm: permit, limits of each factor and the yearly quota."""

    site = models.OneToOneField(Site, models.CASCADE, related_name="outlet", verbose_name=_("监测点位"))
    firm = models.CharField(_("企业名称"), max_length=200)
    firm_code = models.CharField(_("统一社会信用代码"), max_length=18, db_index=True)
    permit = models.CharField(_("排污许可证编号"), max_length=50, blank=True)
    limits = models.JSONField(
        _("许可限值"),
        default=dict,
        help_text=_('因子代码 → 小时限值、日限值,如 {"a21026": {"hour": 35, "day": 35}}'),
    )
    reference_oxygen = models.FloatField(_("基准氧含量(%)"), null=True, blank=True)
    quotas = models.JSONField(_("年许可排放量(吨)"), default=dict)

    scope: ClassVar[Scope] = Scope(organisation="site__organisation", division="site__township__code")

    class Meta:
        ordering: ClassVar = ["firm"]
        verbose_name = _("排放口")
        verbose_name_plural = _("排放口")

    def __str__(self) -> str:
        return f"{self.firm} {self.site}"
