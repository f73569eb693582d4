"""Hourly and daily air values: derived from observations, rebuilt when those change, never typed in."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment.models.sites import Site
from qipan.kernel.base.scope import Scope

AREA_SCOPE = Scope(organisation="site__organisation", division="site__township__code")


class Grade(models.IntegerChoices):
    """Grades of the AQI (HJ 633)."""

    NONE = 0, _("无法评价")
    EXCELLENT = 1, _("优")
    GOOD = 2, _("良")
    LIGHT = 3, _("轻度污染")
    MODERATE = 4, _("中度污染")
    HEAVY = 5, _("重度污染")
    SEVERE = 6, _("严重污染")


class Version(models.TextChoices):
    """How far the values were audited."""

    RAW = "raw", _("原始")
    QA1 = "qa1", _("自动审核")
    QA2 = "qa2", _("人工复核")


class AirValue(models.Model):
    """What hour and day rows share: six concentrations and their evaluation."""

    pm25 = models.FloatField(_("PM2.5(µg/m³)"), null=True)
    pm10 = models.FloatField(_("PM10(µg/m³)"), null=True)
    so2 = models.FloatField(_("SO₂(µg/m³)"), null=True)
    no2 = models.FloatField(_("NO₂(µg/m³)"), null=True)
    co = models.FloatField(_("CO(mg/m³)"), null=True)
    o3 = models.FloatField(_("O₃(µg/m³)"), null=True)
    aqi = models.IntegerField(_("AQI"), null=True)
    grade = models.IntegerField(_("等级"), choices=Grade.choices, default=Grade.NONE)
    primary = models.JSONField(_("首要污染物"), default=list)
    rule_version = models.CharField(_("规则版本"), max_length=50, blank=True)
    version = models.CharField(_("数据版本"), max_length=5, choices=Version.choices, default=Version.RAW)
    flags = models.IntegerField(_("质控标记"), default=0)
    computed_at = models.DateTimeField(_("计算时间"), auto_now=True)
    revised = models.BooleanField(_("发布后有变更"), default=False)

    class Meta:
        abstract = True


class AirHour(AirValue):
    """One hour of one site; ``hour`` is the end of the hour (HJ 633: stamped at its end)."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="hours", verbose_name=_("点位"))
    hour = models.DateTimeField(_("时次"), db_index=True)

    scope: ClassVar[Scope] = AREA_SCOPE

    class Meta:
        ordering: ClassVar = ["-hour", "site"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "hour"], name="environment_air_hour_once")
        ]
        verbose_name = _("空气小时值")
        verbose_name_plural = _("空气小时值")

    def __str__(self) -> str:
        return f"{self.site} {self.hour:%Y-%m-%d %H:00}"


class AirDay(AirValue):
    """One county day of one site; O3 is the largest eight-hour mean."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="days", verbose_name=_("点位"))
    day = models.DateField(_("日期"), db_index=True)
    hours = models.IntegerField(_("有效小时数"), default=0)

    scope: ClassVar[Scope] = AREA_SCOPE

    class Meta:
        ordering: ClassVar = ["-day", "site"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "day"], name="environment_air_day_once")
        ]
        verbose_name = _("空气日值")
        verbose_name_plural = _("空气日值")

    def __str__(self) -> str:
        return f"{self.site} {self.day}"
