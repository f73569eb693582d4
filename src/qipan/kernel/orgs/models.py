"""Where and who: divisions, organisations, posts, grids and the working calendar."""

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Level(models.IntegerChoices):
    """Rank of an administrative division."""

    PROVINCE = 1, _("省")
    CITY = 2, _("市")
    COUNTY = 3, _("县")
    TOWNSHIP = 4, _("乡镇街道")
    VILLAGE = 5, _("村居")


# Significant digits of a 12-digit division code by level (GB/T 2260, GB/T 10114).
SIGNIFICANT = {Level.PROVINCE: 2, Level.CITY: 4, Level.COUNTY: 6, Level.TOWNSHIP: 9, Level.VILLAGE: 12}


class DivisionRows(models.QuerySet["Division"]):
    """Divisions by level and day."""

    def at(self, day: date) -> "DivisionRows":
        """Divisions in force on a day (valid_to is the first day out of force)."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)

    def townships(self) -> "DivisionRows":
        """Townships, towns and streets."""
        return self.filter(level=Level.TOWNSHIP)

    def villages(self) -> "DivisionRows":
        """Villages and communities."""
        return self.filter(level=Level.VILLAGE)


class Division(models.Model):
    """An administrative division with its 12-digit statistical code."""

    code = models.CharField(_("区划代码"), max_length=12, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    level = models.IntegerField(_("级别"), choices=Level.choices, db_index=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级区划")
    )
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    objects = DivisionRows.as_manager()

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")

    def __str__(self) -> str:
        return self.name

    @property
    def prefix(self) -> str:
        """Significant digits: every division inside begins with them."""
        return self.code[: SIGNIFICANT[Level(self.level)]]

    @property
    def full_name(self) -> str:
        """Names from the province down, without gaps."""
        return (self.parent.full_name if self.parent else "") + self.name


class Organisation(models.Model):
    """A legal person or office with its unified social credit code (GB 32100)."""

    class Kind(models.TextChoices):
        """What sort of body it is."""

        GOVERNMENT = "government", _("政府部门")
        PARTY = "party", _("党群机关")
        TOWNSHIP = "township", _("乡镇街道")
        VILLAGE = "village", _("村居")
        FIRM = "firm", _("企业")
        OTHER = "other", _("其他")

    code = models.CharField(_("统一社会信用代码"), max_length=18, unique=True)
    name = models.CharField(_("名称"), max_length=200)
    short_name = models.CharField(_("简称"), max_length=50, blank=True)
    kind = models.CharField(_("类别"), max_length=20, choices=Kind.choices)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级单位")
    )
    path = models.TextField(_("路径"), db_index=True, editable=False, default="")
    division = models.ForeignKey(
        Division, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所在区划")
    )
    active = models.BooleanField(_("在用"), default=True)
    demo = models.BooleanField(_("演示数据"), default=False)

    class Meta:
        ordering: ClassVar = ["path"]
        verbose_name = _("单位")
        verbose_name_plural = _("单位")

    def __str__(self) -> str:
        return self.short_name or self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row, then the path that its own key completes ("1/5/")."""
        super().save(*args, **kwargs)
        path = (self.parent.path if self.parent else "") + f"{self.pk}/"
        if path != self.path:
            self.path = path
            super().save(update_fields=["path"])
            for child in self.children.all():
                child.save()


class Post(models.Model):
    """A post in an organisation; accounts hold it for a time."""

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="posts", verbose_name=_("单位")
    )
    name = models.CharField(_("岗位"), max_length=100)
    rank = models.IntegerField(_("排序"), default=0)

    class Meta:
        ordering: ClassVar = ["organisation", "rank"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "name"], name="orgs_post_once")
        ]
        verbose_name = _("岗位")
        verbose_name_plural = _("岗位")

    def __str__(self) -> str:
        return self.name


class Grid(models.Model):
    """A grid of social governance inside one village (village code and three digits)."""

    code = models.CharField(_("网格编码"), max_length=15, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    kind = models.CharField(_("类别"), max_length=20, default="basic")
    division = models.ForeignKey(Division, models.PROTECT, related_name="grids", verbose_name=_("所属村居"))
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("网格")
        verbose_name_plural = _("网格")

    def __str__(self) -> str:
        return self.name


class WorkCalendar(models.Model):
    """A calendar of working time."""

    code = models.CharField(_("代码"), max_length=20, unique=True)
    name = models.CharField(_("名称"), max_length=50)

    class Meta:
        verbose_name = _("工作日历")
        verbose_name_plural = _("工作日历")

    def __str__(self) -> str:
        return self.name


class WorkPattern(models.Model):
    """Weekly working hours of a calendar from one day to another (valid_to excluded)."""

    calendar = models.ForeignKey(
        WorkCalendar, models.CASCADE, related_name="patterns", verbose_name=_("工作日历")
    )
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    hours = models.JSONField(_("每周工作时间"), help_text=_('周一至周日,每天若干段,如 [["08:30", "12:00"]]'))

    class Meta:
        ordering: ClassVar = ["calendar", "valid_from"]
        verbose_name = _("工作时间安排")
        verbose_name_plural = _("工作时间安排")

    def __str__(self) -> str:
        return f"{self.calendar} {self.valid_from}"


class CalendarDay(models.Model):
    """A day that departs from the weekly pattern."""

    class Kind(models.TextChoices):
        """How the day departs."""

        HOLIDAY = "holiday", _("放假")
        WORKDAY = "workday", _("调休上班")
        HALF = "half", _("半天")
        CLOSED = "closed", _("临时停办")

    calendar = models.ForeignKey(
        WorkCalendar, models.CASCADE, related_name="days", verbose_name=_("工作日历")
    )
    day = models.DateField(_("日期"))
    kind = models.CharField(_("类别"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("名称"), max_length=50, blank=True)

    class Meta:
        ordering: ClassVar = ["calendar", "day"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["calendar", "day"], name="orgs_day_once")]
        verbose_name = _("日历特殊日")
        verbose_name_plural = _("日历特殊日")

    def __str__(self) -> str:
        return f"{self.day} {self.get_kind_display()}"
