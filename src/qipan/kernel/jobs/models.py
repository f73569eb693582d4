"""What a page can show of background work: jobs that gave up, and how far long ones are."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account


class DeadLetter(models.Model):
    """A job that used up its tries, kept with its error until somebody replays or drops it."""

    class State(models.TextChoices):
        """What was done about it."""

        OPEN = "open", _("待处理")
        REPLAYED = "replayed", _("已重放")
        DROPPED = "dropped", _("已放弃")

    job_id = models.BigIntegerField(_("作业号"), unique=True)
    name = models.CharField(_("作业名称"), max_length=128, db_index=True)
    queue = models.CharField(_("队列"), max_length=128)
    arguments = models.JSONField(_("参数"), default=dict)
    attempts = models.PositiveIntegerField(_("尝试次数"), default=0)
    error = models.TextField(_("错误"))
    trace = models.TextField(_("错误详情"), blank=True)
    failed_at = models.DateTimeField(_("失败时间"), db_index=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    handled_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("处理人")
    )
    handled_at = models.DateTimeField(_("处理时间"), null=True, blank=True)
    replay_job_id = models.BigIntegerField(_("重放作业号"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-failed_at", "-pk"]
        verbose_name = _("失败作业")
        verbose_name_plural = _("失败作业")

    def __str__(self) -> str:
        return f"{self.name} #{self.job_id}"


class ProgressRow(models.Model):
    """How far one long piece of work is."""

    class State(models.TextChoices):
        """Whether it still runs."""

        RUNNING = "running", _("进行中")
        DONE = "done", _("已完成")
        FAILED = "failed", _("失败")

    label = models.CharField(_("工作"), max_length=200)
    total = models.PositiveBigIntegerField(_("总数"), default=0)
    done = models.PositiveBigIntegerField(_("已完成数"), default=0)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.RUNNING)
    note = models.TextField(_("说明"), blank=True)
    started_at = models.DateTimeField(_("开始时间"), db_index=True)
    updated_at = models.DateTimeField(_("更新时间"))

    class Meta:
        ordering: ClassVar = ["-started_at", "-pk"]
        verbose_name = _("作业进度")
        verbose_name_plural = _("作业进度")

    def __str__(self) -> str:
        return f"{self.label} {self.done}/{self.total}"

    @property
    def percent(self) -> int:
        """Share done, 0 … 100; a work of nothing is done."""
        return 100 if not self.total else min(100, int(100 * self.done / self.total))
