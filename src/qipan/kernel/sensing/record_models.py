"""What happened: latest values, batches, corrections, roll-ups, frames, links and orders.

Observations, their texts and the frame log are partitioned by county day and made by SQL (migration
0002); ``FrameLog`` is the read side of one of those tables.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.scope import Scope
from qipan.kernel.sensing.thing_models import Datastream, DeviceKey

_STREAM_SCOPE = Scope(
    organisation="datastream__thing__organisation",
    division="datastream__thing__division__code",
    grid="datastream__thing__grid",
)


class Batch(models.Model):
    """One commit of the store; its number is the cursor of everything that follows the store."""

    at = models.DateTimeField(_("入库时间"), db_index=True)
    first_ts = models.DateTimeField(_("最早时刻"))
    last_ts = models.DateTimeField(_("最晚时刻"))
    rows = models.IntegerField(_("条数"))
    datastream_ids = ArrayField(models.IntegerField(), verbose_name=_("数据流"), default=list)
    # hours since 1970 that the batch touched: what the roll-ups must count again
    hours = ArrayField(models.IntegerField(), verbose_name=_("涉及小时"), default=list)

    class Meta:
        verbose_name = _("入库批次")
        verbose_name_plural = _("入库批次")

    def __str__(self) -> str:
        return f"#{self.pk}"


class ColdDay(models.Model):
    """A county day whose observations are in the lake."""

    day = models.DateField(_("日期"), primary_key=True)
    at = models.DateTimeField(_("写入时间"), auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-day"]
        verbose_name = _("冷数据日")
        verbose_name_plural = _("冷数据日")

    def __str__(self) -> str:
        return f"{self.day}"


class Follower(models.Model):
    """How far a reader of the store has come (rules, roll-ups)."""

    name = models.CharField(_("名称"), max_length=40, primary_key=True)
    batch_id = models.BigIntegerField(_("批次"), default=0)
    at = models.DateTimeField(_("时间"), auto_now=True)

    class Meta:
        verbose_name = _("读取进度")
        verbose_name_plural = _("读取进度")

    def __str__(self) -> str:
        return self.name


class Latest(models.Model):
    """The newest value of each datastream, and the one before."""

    datastream = models.OneToOneField(
        Datastream, models.CASCADE, primary_key=True, related_name="latest", verbose_name=_("数据流")
    )
    ts = models.DateTimeField(_("时刻"))
    received_at = models.DateTimeField(_("到达时间"))
    value = models.FloatField(_("值"), null=True)
    text = models.TextField(_("文本"), null=True)
    quality = models.IntegerField(_("质量"), default=0)
    previous_ts = models.DateTimeField(_("前一时刻"), null=True)
    previous_value = models.FloatField(_("前一值"), null=True)
    batch_id = models.BigIntegerField(_("批次"))

    scope: ClassVar[Scope] = _STREAM_SCOPE

    class Meta:
        verbose_name = _("最新值")
        verbose_name_plural = _("最新值")

    def __str__(self) -> str:
        return f"{self.datastream_id} {self.value}"


class Revision(models.Model):
    """A value that was replaced: by the device, or by a person with a reason."""

    class Cause(models.TextChoices):
        """Why there is another value."""

        RESENT = "resent", _("设备重发")
        CORRECTED = "corrected", _("人工更正")
        ANNULLED = "annulled", _("数据作废")
        CALIBRATED = "calibrated", _("校准")

    datastream = models.ForeignKey(
        Datastream, models.CASCADE, related_name="revisions", verbose_name=_("数据流")
    )
    ts = models.DateTimeField(_("时刻"))
    version = models.PositiveSmallIntegerField(_("版本"))
    old_value = models.FloatField(_("原值"), null=True)
    new_value = models.FloatField(_("新值"), null=True)
    old_quality = models.IntegerField(_("原质量"), default=0)
    new_quality = models.IntegerField(_("新质量"), default=0)
    cause = models.CharField(_("原因类别"), max_length=12, choices=Cause.choices)
    applied = models.BooleanField(_("已采用"), default=True)
    by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("更正人")
    )
    reason = models.TextField(_("理由"), blank=True)
    at = models.DateTimeField(_("时间"))

    scope: ClassVar[Scope] = _STREAM_SCOPE

    class Meta:
        ordering: ClassVar = ["-at"]
        indexes: ClassVar = [models.Index(fields=["datastream", "ts"], name="sensing_revision_of")]
        verbose_name = _("更正")
        verbose_name_plural = _("更正")

    def __str__(self) -> str:
        return f"{self.datastream_id} {self.ts:%Y-%m-%d %H:%M} {self.old_value} → {self.new_value}"


class Rollup(models.Model):
    """Figures of one datastream over one bucket of time; means only of good values."""

    pk = models.CompositePrimaryKey("datastream_id", "bucket")
    datastream = models.ForeignKey(
        Datastream, models.CASCADE, related_name="+", db_index=False, verbose_name=_("数据流")
    )
    bucket = models.DateTimeField(_("起始时刻"))
    n = models.IntegerField(_("条数"))
    n_good = models.IntegerField(_("有效条数"))
    low = models.FloatField(_("最小"), null=True)
    high = models.FloatField(_("最大"), null=True)
    mean = models.FloatField(_("平均"), null=True)
    total = models.FloatField(_("合计"), null=True)
    first = models.FloatField(_("首值"), null=True)
    last = models.FloatField(_("末值"), null=True)
    completeness = models.FloatField(_("完整率"))

    class Meta:
        abstract = True


class HourRollup(Rollup):
    """Figures of one hour."""

    class Meta(Rollup.Meta):
        abstract = False
        verbose_name = _("小时汇总")
        verbose_name_plural = _("小时汇总")


class DayRollup(Rollup):
    """Figures of one county day."""

    class Meta(Rollup.Meta):
        abstract = False
        verbose_name = _("日汇总")
        verbose_name_plural = _("日汇总")


class FrameLog(models.Model):
    """A frame as it came or went; the number is made from its content, so that a replay finds itself."""

    class Outcome(models.TextChoices):
        """What became of it."""

        ACCEPTED = "accepted", _("接受")
        REFUSED = "refused", _("拒绝")
        QUARANTINED = "quarantined", _("隔离")
        SENT = "sent", _("发出")

    id = models.BigIntegerField(primary_key=True)
    received = models.DateTimeField(_("时间"))
    peer = models.CharField(_("对端"), max_length=64)
    protocol = models.CharField(_("协议"), max_length=20)
    key = models.CharField(_("接入标识"), max_length=80)
    direction = models.CharField(_("方向"), max_length=3)
    raw = models.BinaryField(_("报文原文"))
    outcome = models.CharField(_("结果"), max_length=12, choices=Outcome.choices)
    reason = models.CharField(_("原因"), max_length=200, blank=True)

    class Meta:
        managed = False
        db_table = "sensing_framelog"
        ordering: ClassVar = ["-received"]
        verbose_name = _("设备报文")
        verbose_name_plural = _("设备报文")

    def __str__(self) -> str:
        return f"{self.protocol} {self.key} {self.received:%Y-%m-%d %H:%M:%S}"


class Session(models.Model):
    """A link between a device and a gateway, open or past."""

    protocol = models.CharField(_("协议"), max_length=20)
    key = models.CharField(_("接入标识"), max_length=80)
    peer = models.CharField(_("对端"), max_length=64)
    gateway = models.CharField(_("网关"), max_length=64, blank=True)
    since = models.DateTimeField(_("上线时间"))
    last_heard = models.DateTimeField(_("最近通信"))
    ended = models.DateTimeField(_("下线时间"), null=True, blank=True)
    reason = models.CharField(_("下线原因"), max_length=100, blank=True)
    frames = models.BigIntegerField(_("报文数"), default=0)
    bytes = models.BigIntegerField(_("字节数"), default=0)

    class Meta:
        ordering: ClassVar = ["-since"]
        indexes: ClassVar = [models.Index(fields=["protocol", "key"], name="sensing_session_of")]
        verbose_name = _("连接")
        verbose_name_plural = _("连接")

    def __str__(self) -> str:
        return f"{self.protocol} {self.key} {self.peer}"


class Order(models.Model):
    """An order to a device: queued by a person, sent by the gateway that holds the link."""

    class State(models.TextChoices):
        """How far the order has come."""

        QUEUED = "queued", _("待发送")
        SENT = "sent", _("已发送")
        ACKED = "acked", _("已执行")
        REFUSED = "refused", _("被拒绝")
        EXPIRED = "expired", _("已过期")

    device_key = models.ForeignKey(
        DeviceKey, models.CASCADE, related_name="orders", verbose_name=_("接入标识")
    )
    command = models.CharField(_("命令"), max_length=20)
    parameters = models.JSONField(_("参数"), default=dict, blank=True)
    state = models.CharField(
        _("状态"), max_length=10, choices=State.choices, default=State.QUEUED, db_index=True
    )
    by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("下达人"))
    purpose = models.CharField(_("用途"), max_length=200)
    created_at = models.DateTimeField(_("下达时间"))
    expires_at = models.DateTimeField(_("失效时间"))
    sent_at = models.DateTimeField(_("发送时间"), null=True, blank=True)
    answered_at = models.DateTimeField(_("应答时间"), null=True, blank=True)
    answer = models.JSONField(_("应答"), default=dict, blank=True)
    # what the device's answer repeats (HJ 212: QN)
    reference = models.CharField(_("请求编号"), max_length=40, blank=True)

    scope: ClassVar[Scope] = Scope(
        organisation="device_key__thing__organisation",
        division="device_key__thing__division__code",
        grid="device_key__thing__grid",
    )

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=F("created_at")), name="sensing_order_ends"
            )
        ]
        verbose_name = _("指令")
        verbose_name_plural = _("指令")

    def __str__(self) -> str:
        return f"{self.device_key} {self.command}"
