"""Figures in time: daily values, frozen snapshots with their rows, targets, typed values."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account


class DailyValue(models.Model):
    """The value of a figure (or of one member of a dimension) at the end of a day."""

    key = models.CharField(_("指标"), max_length=100)
    dimension = models.CharField(_("维度"), max_length=40, blank=True)
    member = models.CharField(_("成员"), max_length=100, blank=True)
    day = models.DateField(_("日期"))
    value = models.FloatField(_("值"), null=True)
    numerator = models.FloatField(_("分子"), null=True)
    denominator = models.FloatField(_("分母"), null=True)
    computed_at = models.DateTimeField(_("计算时间"))
    demo = models.BooleanField(_("演示数据"), default=False, editable=False)

    class Meta:
        ordering: ClassVar = ["key", "day"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key", "dimension", "member", "day"], name="indicators_daily_once"
            )
        ]
        verbose_name = _("每日指标值")
        verbose_name_plural = _("每日指标值")

    def __str__(self) -> str:
        return f"{self.key} {self.day}"


class Snapshot(models.Model):
    """A figure frozen for a period: never changed; a correction is a new version with its reason."""

    key = models.CharField(_("指标"), max_length=100)
    period = models.CharField(_("期间"), max_length=10)
    version = models.PositiveIntegerField(_("版本"), default=1)
    value = models.FloatField(_("值"), null=True)
    numerator = models.FloatField(_("分子"), null=True)
    denominator = models.FloatField(_("分母"), null=True)
    # how the value follows from the frozen rows, whatever becomes of the declaration
    recipe = models.JSONField(_("算法"))
    formula_digest = models.CharField(_("公式摘要"), max_length=64)
    rows_digest = models.CharField(_("行摘要"), max_length=64)
    row_count = models.PositiveIntegerField(_("行数"))
    as_of = models.DateTimeField(_("截止时刻"))
    frozen_at = models.DateTimeField(_("冻结时间"))
    frozen_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("冻结人")
    )
    reason = models.CharField(_("更正理由"), max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["key", "period", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "period", "version"], name="indicators_snapshot_once")
        ]
        verbose_name = _("指标快照")
        verbose_name_plural = _("指标快照")

    def __str__(self) -> str:
        return f"{self.key} {self.period} v{self.version}"


class SnapshotRow(models.Model):
    """One row behind a frozen figure: its key, the digest of its content then, the number it gave."""

    snapshot = models.ForeignKey(Snapshot, models.CASCADE, related_name="rows", verbose_name=_("快照"))
    part = models.CharField(_("部分"), max_length=10)
    row_key = models.CharField(_("行"), max_length=120)
    digest = models.CharField(_("内容摘要"), max_length=64)
    number = models.FloatField(_("数值"))

    class Meta:
        ordering: ClassVar = ["part", "row_key"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["snapshot", "part", "row_key"], name="indicators_row_once")
        ]
        verbose_name = _("快照行")
        verbose_name_plural = _("快照行")

    def __str__(self) -> str:
        return self.row_key


class TargetVersion(models.Model):
    """A target set by a decision document; the newest one counts, the older ones stay."""

    key = models.CharField(_("指标"), max_length=100, db_index=True)
    value = models.FloatField(_("目标值"))
    by = models.DateField(_("期限"))
    baseline_day = models.DateField(_("基期"), null=True, blank=True)
    baseline_value = models.FloatField(_("基期值"), null=True, blank=True)
    document = models.CharField(_("依据文件"), max_length=200)
    set_by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("设定人"))
    set_at = models.DateTimeField(_("设定时间"))

    class Meta:
        ordering: ClassVar = ["key", "-set_at"]
        verbose_name = _("指标目标")
        verbose_name_plural = _("指标目标")

    def __str__(self) -> str:
        return f"{self.key} {self.value:g}"


class TypedValue(models.Model):
    """A value that one person typed in with evidence and a second person confirmed."""

    key = models.CharField(_("指标"), max_length=100, db_index=True)
    day = models.DateField(_("所属日期"))
    value = models.FloatField(_("值"))
    evidence = models.TextField(_("依据"))
    typed_by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("填报人"))
    typed_at = models.DateTimeField(_("填报时间"))
    confirmed_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("复核人")
    )
    confirmed_at = models.DateTimeField(_("复核时间"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["key", "-day", "-typed_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(confirmed_by__isnull=True) | ~models.Q(confirmed_by=models.F("typed_by")),
                name="indicators_typed_by_two",
            )
        ]
        verbose_name = _("填报值")
        verbose_name_plural = _("填报值")

    def __str__(self) -> str:
        return f"{self.key} {self.day} {self.value:g}"
