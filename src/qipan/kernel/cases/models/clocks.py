"""Clocks of a case as kept: one row per wait, its pauses and the levels that fired."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.base.scope import Scope
from qipan.kernel.cases.clock import Limit, Pause, Unit
from qipan.kernel.cases.models.case import CASE_SCOPE, Case
from qipan.kernel.cases.models.work import Assignment
from qipan.kernel.cases.wording import ClockChoice, UnitChoice


class ClockRows(models.QuerySet["CaseClock"]):
    """Clocks as evaluation asks for them."""

    def running(self) -> "ClockRows":
        """Not stopped yet."""
        return self.filter(stopped_at__isnull=True)

    def limited(self) -> "ClockRows":
        """Those with a limit."""
        return self.filter(amount__isnull=False)

    def due_between(self, start: datetime, end: datetime) -> "ClockRows":
        """Due in [start, end), cases suspended now left out (应结案, 应处置)."""
        return self.limited().filter(due_at__gte=start, due_at__lt=end).exclude(case__suspended=True)

    def in_time(self) -> "ClockRows":
        """Ended with no working time past due."""
        return self.filter(outcome=CaseClock.Outcome.IN_TIME)

    def late(self) -> "ClockRows":
        """Ended late."""
        return self.filter(outcome=CaseClock.Outcome.LATE)


class CaseClock(models.Model):
    """One wait: for a desk, a unit, a checker, or the whole matter."""

    class Outcome(models.TextChoices):
        """How a clock ended."""

        IN_TIME = "in_time", _("按期")
        LATE = "late", _("超期")
        WAIVED = "waived", _("不计")
        NONE = "none", _("无时限")

    case = models.ForeignKey(Case, models.CASCADE, related_name="clocks", verbose_name=_("案件"))
    assignment = models.ForeignKey(
        Assignment, models.CASCADE, null=True, blank=True, related_name="clocks", verbose_name=_("任务")
    )
    kind = models.CharField(_("环节"), max_length=10, choices=ClockChoice.choices)
    amount = models.FloatField(_("时限"), null=True, blank=True)
    unit = models.CharField(_("单位"), max_length=15, choices=UnitChoice.choices, blank=True)
    day_rule = models.CharField(_("按日计算方法"), max_length=10, default="elapsed")
    calendar = models.CharField(_("工作日历"), max_length=20, default="office")
    calendar_version = models.CharField(_("日历版本"), max_length=12, blank=True)
    extended = models.FloatField(_("延长"), default=0.0)
    started_at = models.DateTimeField(_("开始"))
    due_at = models.DateTimeField(_("到期"), null=True, blank=True)
    first_due_at = models.DateTimeField(_("最初到期"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("停止"), null=True, blank=True)
    consumed_s = models.FloatField(_("用时(秒)"), null=True, blank=True)
    outcome = models.CharField(_("结果"), max_length=10, choices=Outcome.choices, blank=True)
    fired = models.PositiveSmallIntegerField(_("已提醒级别"), default=0)
    next_level = models.PositiveSmallIntegerField(_("下一级别"), null=True, blank=True)
    next_level_at = models.DateTimeField(_("下次提醒"), null=True, blank=True)

    scope: ClassVar[Scope] = CASE_SCOPE
    objects = ClockRows.as_manager()

    class Meta:
        ordering: ClassVar = ["started_at", "pk"]
        indexes: ClassVar = [
            models.Index(
                fields=["next_level_at"], condition=Q(stopped_at__isnull=True), name="cases_clock_next_level"
            ),
            models.Index(fields=["kind", "due_at"], name="cases_clock_due"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "kind", "assignment"],
                condition=Q(stopped_at__isnull=True),
                name="cases_clock_one_running",
                nulls_distinct=False,
            )
        ]
        verbose_name = _("案件计时")
        verbose_name_plural = _("案件计时")

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind}"

    @property
    def limit(self) -> Limit | None:
        """Its limit with what was added; None when it only measures."""
        if self.amount is None:
            return None
        return Limit(self.amount + self.extended, Unit(self.unit), self.day_rule)

    def pause_list(self) -> list[Pause]:
        """Its pauses as clock arithmetic takes them."""
        return [Pause(row.started_at, row.ended_at) for row in self.pauses.all()]


class ClockPause(models.Model):
    """A stretch that costs no time."""

    class Cause(models.TextChoices):
        """Why the clock stands."""

        SUSPENSION = "suspension", _("挂账")
        MERGE = "merge", _("并案")
        APPEAL = "appeal", _("申诉")

    clock = models.ForeignKey(CaseClock, models.CASCADE, related_name="pauses", verbose_name=_("计时"))
    cause = models.CharField(_("原因"), max_length=12, choices=Cause.choices)
    started_at = models.DateTimeField(_("开始"))
    ended_at = models.DateTimeField(_("结束"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["started_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["clock"], condition=Q(ended_at__isnull=True), name="cases_pause_one_open"
            )
        ]
        verbose_name = _("停表")
        verbose_name_plural = _("停表")

    def __str__(self) -> str:
        return f"{self.clock_id} {self.cause}"


class Escalation(models.Model):
    """A level of a clock that fired, once."""

    clock = models.ForeignKey(CaseClock, models.CASCADE, related_name="escalations", verbose_name=_("计时"))
    level = models.PositiveSmallIntegerField(_("级别(%)"))
    due_at = models.DateTimeField(_("应提醒时间"))
    fired_at = models.DateTimeField(_("提醒时间"))
    late = models.BooleanField(_("补发"), default=False)
    recipients = models.PositiveIntegerField(_("通知人数"), default=0)

    scope: ClassVar[Scope] = Scope(
        organisation=("clock__case__desk", "clock__case__holder", "clock__case__handler"),
        division="clock__case__division__code",
        grid="clock__case__grid",
    )

    class Meta:
        ordering: ClassVar = ["-fired_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["clock", "level"], name="cases_escalation_once")
        ]
        verbose_name = _("催办提醒")
        verbose_name_plural = _("催办提醒")

    def __str__(self) -> str:
        return f"{self.clock_id} {self.level} %"
