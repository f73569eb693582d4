"""What the lake remembers in the records plane: batches, maintenance runs, holds."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class LakeBatch(models.Model):
    """One commit of a table, under the key that makes it happen once."""

    class Kind(models.TextChoices):
        """What the commit did."""

        APPEND = "append", _("追加")
        REPLACE = "replace", _("替换")
        MAINTAIN = "maintain", _("整理")
        ROLLBACK = "rollback", _("回退")

    table = models.CharField(_("数据表"), max_length=130)
    batch = models.CharField(_("批次"), max_length=200)
    kind = models.CharField(_("类型"), max_length=10, choices=Kind.choices)
    snapshot_id = models.BigIntegerField(_("快照"))
    rows = models.BigIntegerField(_("行数"))
    digest = models.CharField(_("摘要"), max_length=64, blank=True)
    at = models.DateTimeField(_("时间"))
    total_rows = models.BigIntegerField(_("总行数"))
    total_files = models.BigIntegerField(_("文件数"))
    total_bytes = models.BigIntegerField(_("字节数"))

    class Meta:
        db_table = "lake_batch"
        verbose_name = _("入湖批次")
        verbose_name_plural = _("入湖批次")
        constraints: ClassVar = [models.UniqueConstraint(fields=["table", "batch"], name="lake_batch_once")]
        indexes: ClassVar = [models.Index(fields=["table", "-at"], name="lake_batch_recent")]

    def __str__(self) -> str:
        return f"{self.table} {self.batch}"


class LakeRun(models.Model):
    """One maintenance of a table: what was merged, forgotten and removed."""

    table = models.CharField(_("数据表"), max_length=130)
    started_at = models.DateTimeField(_("开始"))
    finished_at = models.DateTimeField(_("结束"), null=True)
    dry_run = models.BooleanField(_("只试算"))
    compacted = models.IntegerField(_("合并分区"), default=0)
    dropped = models.IntegerField(_("到期分区"), default=0)
    expired = models.IntegerField(_("过期快照"), default=0)
    removed_files = models.IntegerField(_("清理文件"), default=0)
    removed_bytes = models.BigIntegerField(_("清理字节"), default=0)
    live_files = models.IntegerField(_("有效文件"), default=0)
    all_files = models.IntegerField(_("全部文件"), default=0)
    note = models.TextField(_("说明"), blank=True)

    class Meta:
        db_table = "lake_run"
        verbose_name = _("数据湖整理")
        verbose_name_plural = _("数据湖整理")
        indexes: ClassVar = [models.Index(fields=["table", "-started_at"], name="lake_run_recent")]

    def __str__(self) -> str:
        return f"{self.table} {self.started_at:%Y-%m-%d %H:%M}"


class LakeHold(models.Model):
    """A table that takes no writes, and why: files are missing after a restore, for example."""

    table = models.CharField(_("数据表"), max_length=130, unique=True)
    reason = models.TextField(_("原因"))
    since = models.DateTimeField(_("自"))

    class Meta:
        db_table = "lake_hold"
        verbose_name = _("只读数据表")
        verbose_name_plural = _("只读数据表")

    def __str__(self) -> str:
        return self.table
