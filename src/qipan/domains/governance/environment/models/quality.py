"""Marks of the automatic checks on hour values, and what a person decided about them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment.models.sites import Site
from qipan.kernel.access.models import Account
from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.cases.models import Case


class QualityFlag(Record):
    """One finding of a check on hours of a site: it marks, nothing is deleted."""

    class Check(models.TextChoices):
        """Which check found it."""

        RANGE = "range", _("超量程")
        NEGATIVE = "negative", _("负值")
        STUCK = "stuck", _("恒值")
        SPIKE = "spike", _("突变")
        DUST_ORDER = "dust_order", _("PM2.5大于PM10")
        DRIFT = "drift", _("相对邻站漂移")

    class Effect(models.TextChoices):
        """What the mark does to the checked data version."""

        INVALID = "invalid", _("剔除")
        ZERO = "zero", _("按零计")
        SUSPECT = "suspect", _("存疑")

    class State(models.TextChoices):
        """Who stands behind the mark."""

        AUTO = "auto", _("自动标记")
        CONFIRMED = "confirmed", _("已确认")
        REJECTED = "rejected", _("已否定")

    site = models.ForeignKey(Site, models.CASCADE, related_name="quality_flags", verbose_name=_("点位"))
    quantity = models.CharField(_("项目"), max_length=10)
    check_code = models.CharField(_("检查"), max_length=20, choices=Check.choices)
    effect = models.CharField(_("处理"), max_length=10, choices=Effect.choices)
    first = models.DateTimeField(_("首个时次"), db_index=True)
    last = models.DateTimeField(_("末个时次"))
    evidence = models.JSONField(_("依据"), default=dict)
    rule_version = models.CharField(_("规则版本"), max_length=50)
    state = models.CharField(
        _("状态"), max_length=10, choices=State.choices, default=State.AUTO, db_index=True
    )
    decided_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("审核人")
    )
    decided_at = models.DateTimeField(_("审核时间"), null=True, blank=True)
    note = models.CharField(_("审核意见"), max_length=200, blank=True)
    case = models.ForeignKey(
        Case, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("案件")
    )

    scope: ClassVar[Scope] = Scope(organisation="site__organisation", division="site__township__code")

    class Meta:
        ordering: ClassVar = ["-last", "site"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["site", "quantity", "check_code", "first"], name="environment_quality_flag_once"
            )
        ]
        verbose_name = _("质控标记")
        verbose_name_plural = _("质控标记")

    def __str__(self) -> str:
        return f"{self.site} {self.quantity} {self.get_check_code_display()}"
