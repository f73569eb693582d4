"""What the forecasts were worth, and what they proposed to warn of."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope


class ForecastSkill(models.Model):
    """Scores of one pollutant at one lead over the issues of a window; recomputed every day."""

    pollutant = models.CharField(_("项目"), max_length=10)
    lead_h = models.PositiveSmallIntegerField(_("提前小时"))
    issues = models.PositiveIntegerField(_("发布次数"))
    pairs = models.PositiveIntegerField(_("样本数"))
    mae = models.FloatField(_("平均绝对误差"), null=True)
    bias = models.FloatField(_("偏差"), null=True)
    persistence_mae = models.FloatField(_("持续性误差"), null=True)
    coverage = models.FloatField(_("80%区间覆盖率"), null=True)
    since = models.DateTimeField(_("起算时间"))
    hindcast = models.BooleanField(_("含回算"), default=False)
    computed_at = models.DateTimeField(_("计算时间"), auto_now=True)

    class Meta:
        ordering: ClassVar = ["pollutant", "lead_h"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["pollutant", "lead_h"], name="environment_skill_once")
        ]
        verbose_name = _("预报技巧")
        verbose_name_plural = _("预报技巧")

    def __str__(self) -> str:
        return f"{self.pollutant} {self.lead_h} h"


class WarningProposal(Record):
    """What the forecast says about a heavy-pollution warning at one issue; a person decides."""

    class Action(models.TextChoices):
        """What is proposed."""

        NONE = "none", _("不需预警")
        WATCH = "watch", _("关注")
        ISSUE = "issue", _("建议发布")
        UPGRADE = "upgrade", _("建议升级")
        LOWER = "lower", _("建议降级")
        KEEP = "keep", _("维持")
        EXTEND = "extend", _("建议延长")
        LIFT = "lift", _("建议解除")

    issued = models.DateTimeField(_("起报时间"), unique=True)
    action = models.CharField(_("建议"), max_length=10, choices=Action.choices)
    colour = models.CharField(_("级别"), max_length=10, blank=True)
    possible_colour = models.CharField(_("可能级别(90%分位)"), max_length=10, blank=True)
    start = models.DateTimeField(_("过程开始"), null=True, blank=True)
    end = models.DateTimeField(_("过程结束"), null=True, blank=True)
    lead_h = models.FloatField(_("提前小时"), default=0)
    in_time = models.BooleanField(_("能否提前48小时发布"), default=False)
    confidence = models.CharField(_("信度"), max_length=10, blank=True)
    top_index = models.IntegerField(_("过程最高指数"), null=True, blank=True)
    reasons = models.JSONField(_("理由"), default=list)
    series = models.JSONField(_("24小时指数"), default=dict)
    rule_version = models.CharField(_("规则版本"), max_length=50)
    provisional = models.BooleanField(_("暂行规则"), default=False)
    alert_id = models.BigIntegerField(_("起草的预警"), null=True, blank=True)

    scope: ClassVar[Scope] = Scope()

    class Meta:
        ordering: ClassVar = ["-issued"]
        verbose_name = _("预警建议")
        verbose_name_plural = _("预警建议")

    def __str__(self) -> str:
        return f"{self.issued:%Y-%m-%d %H:00} {self.get_action_display()} {self.colour}"
