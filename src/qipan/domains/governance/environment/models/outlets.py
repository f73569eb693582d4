"""Hour values of outlets against their permits: derived from what the outlet sent, never typed in."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment.models.sites import Outlet
from qipan.kernel.base.scope import Scope
from qipan.kernel.cases.models import Case


class OutletValue(models.Model):
    """One factor of an outlet in one hour (stamped at its end), mg/m³ or mg/L, judged by the permit."""

    outlet = models.ForeignKey(Outlet, models.CASCADE, related_name="values", verbose_name=_("排放口"))
    factor = models.CharField(_("因子"), max_length=20)
    hour = models.DateTimeField(_("时次"), db_index=True)
    mean = models.FloatField(_("实测浓度"), null=True)
    converted = models.FloatField(_("折算浓度"), null=True)
    limit = models.FloatField(_("小时限值"), null=True)
    over = models.BooleanField(_("超标"), null=True)
    multiple = models.FloatField(_("超标倍数"), null=True)
    reason = models.CharField(_("不能判定的原因"), max_length=200, blank=True)
    rule_version = models.CharField(_("规则版本"), max_length=50)
    case = models.ForeignKey(
        Case, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("案件")
    )

    scope: ClassVar[Scope] = Scope(
        organisation="outlet__site__organisation", division="outlet__site__township__code"
    )

    class Meta:
        ordering: ClassVar = ["-hour", "outlet", "factor"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["outlet", "factor", "hour"], name="environment_outlet_value_once")
        ]
        verbose_name = _("排放小时值")
        verbose_name_plural = _("排放小时值")

    def __str__(self) -> str:
        return f"{self.outlet} {self.factor} {self.hour:%Y-%m-%d %H:00}"
