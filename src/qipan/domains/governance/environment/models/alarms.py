"""High values of micro-stations: what was judged, what was suspected, what became of it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment.models.sites import Site
from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.cases.models import Case


class HighValueAlarm(Record):
    """A micro-station that is high against its neighbours, from the first high interval to verification."""

    class State(models.TextChoices):
        """Where it stands; what is done about it is the case's."""

        OPEN = "open", _("持续")
        FALLEN = "fallen", _("已回落")

    class Cause(models.TextChoices):
        """What was found on the spot."""

        UNKNOWN = "", _("未查明")
        STRAW = "straw_burning", _("焚烧秸秆")
        DUST = "dust", _("扬尘")
        COAL = "coal", _("散煤")
        TRAFFIC = "traffic", _("机动车")
        FIRM = "firm", _("企业排放")
        INSTRUMENT = "instrument", _("仪器问题")
        OTHER = "other", _("其他")

    site = models.ForeignKey(Site, models.PROTECT, related_name="alarms", verbose_name=_("点位"))
    quantity = models.CharField(_("项目"), max_length=10)
    started_at = models.DateTimeField(_("开始"), db_index=True)
    last_at = models.DateTimeField(_("最近高值"))
    fallen_at = models.DateTimeField(_("回落时间"), null=True, blank=True)
    state = models.CharField(
        _("状态"), max_length=10, choices=State.choices, default=State.OPEN, db_index=True
    )
    peak = models.FloatField(_("峰值"))
    peak_median = models.FloatField(_("峰值时周边中位数"))
    intervals = models.IntegerField(_("高值时段数"), default=1)
    reason = models.JSONField(_("判定依据"), default=list)
    likely_causes = models.JSONField(_("可能原因"), default=list)
    suspects = models.JSONField(_("上风向排放源"), default=list)
    datastream_id = models.IntegerField(_("数据流"), null=True)
    cause = models.CharField(_("查明原因"), max_length=20, choices=Cause.choices, blank=True)
    case = models.OneToOneField(
        Case, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("案件")
    )

    scope: ClassVar[Scope] = Scope(organisation="site__organisation", division="site__township__code")

    class Meta:
        ordering: ClassVar = ["-started_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["site", "quantity"],
                condition=models.Q(state="open"),
                name="environment_alarm_open_once",
            )
        ]
        verbose_name = _("高值报警")
        verbose_name_plural = _("高值报警")

    def __str__(self) -> str:
        return f"{self.site} {self.quantity} {self.peak:g}"

    @property
    def ratio(self) -> float | None:
        """Peak over the neighbours' median at that time."""
        return self.peak / self.peak_median if self.peak_median else None


class AlarmCursor(models.Model):
    """Which 15-minute interval was judged last."""

    quantity = models.CharField(_("项目"), max_length=10, primary_key=True)
    until = models.DateTimeField(_("已判定至"))

    class Meta:
        verbose_name = _("报警判定进度")
        verbose_name_plural = _("报警判定进度")

    def __str__(self) -> str:
        return f"{self.quantity} {self.until}"
