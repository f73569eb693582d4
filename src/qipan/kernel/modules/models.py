"""Versioned rule tables: thresholds and codes of the trades as dated data, never as code."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class RuleTable(models.Model):
    """One version of one table; what was computed with it names this version for ever."""

    class Status(models.TextChoices):
        """Whether the numbers were checked against the published text."""

        CONFIRMED = "confirmed", _("已核对")
        PROVISIONAL = "provisional", _("暂定")
        RETIRED = "retired", _("停用")

    code = models.CharField(_("代码"), max_length=100)
    version = models.CharField(_("版本"), max_length=50)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    status = models.CharField(_("状态"), max_length=20, choices=Status.choices)
    source = models.TextField(_("依据"))
    rows = models.JSONField(_("内容"))
    digest = models.CharField(_("内容摘要"), max_length=64, editable=False)
    loaded_at = models.DateTimeField(_("载入时间"), auto_now=True)

    class Meta:
        ordering: ClassVar = ["code", "valid_from", "version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="modules_rule_table_once")
        ]
        verbose_name = _("规则表")
        verbose_name_plural = _("规则表")

    def __str__(self) -> str:
        return f"{self.code} {self.version}"
