"""Things, the keys by which they call, what they observe, and their datastreams."""

from functools import cached_property
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.base.ids import uuid7
from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.maps.models import Placed
from qipan.kernel.orgs.models import Organisation


class Thing(Placed, Record):
    """A device, station or machine that is observed."""

    class State(models.TextChoices):
        """Where the thing stands in its life; one that called unknown waits in quarantine."""

        QUARANTINE = "quarantine", _("待接入")
        ACTIVE = "active", _("在用")
        PAUSED = "paused", _("暂停")
        RETIRED = "retired", _("停用")

    uuid = models.UUIDField(_("唯一标识"), unique=True, default=uuid7, editable=False)
    code = models.CharField(_("编号"), max_length=80, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    description = models.TextField(_("说明"), blank=True)
    kind = models.CharField(_("类别"), max_length=40, db_index=True)
    maker = models.CharField(_("厂家"), max_length=100, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所属单位")
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级设备")
    )
    properties = models.JSONField(_("属性"), default=dict, blank=True)
    state = models.CharField(
        _("状态"), max_length=12, choices=State.choices, default=State.ACTIVE, db_index=True
    )
    valid_from = models.DateTimeField(_("启用时间"), null=True, blank=True)
    valid_to = models.DateTimeField(_("停用时间"), null=True, blank=True)
    last_heard_at = models.DateTimeField(_("最近通信"), null=True, blank=True, editable=False)
    demo = models.BooleanField(_("演示数据"), default=False)

    scope: ClassVar[Scope] = Scope(organisation="organisation", division="division__code", grid="grid")

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("设备")
        verbose_name_plural = _("设备")

    def __str__(self) -> str:
        return self.name


class DeviceKey(models.Model):
    """A name by which a thing calls over one protocol; a key may move between things by date."""

    thing = models.ForeignKey(Thing, models.CASCADE, related_name="keys", verbose_name=_("设备"))
    protocol = models.CharField(_("协议"), max_length=20)
    key = models.CharField(_("接入标识"), max_length=80)
    secret_hash = models.CharField(_("密钥摘要"), max_length=200, blank=True, editable=False)
    settings = models.JSONField(_("接入设置"), default=dict, blank=True)
    valid_from = models.DateTimeField(_("启用时间"))
    valid_to = models.DateTimeField(_("停用时间"), null=True, blank=True)
    last_heard_at = models.DateTimeField(_("最近通信"), null=True, blank=True, editable=False)

    scope: ClassVar[Scope] = Scope(
        organisation="thing__organisation", division="thing__division__code", grid="thing__grid"
    )

    class Meta:
        ordering: ClassVar = ["protocol", "key"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["protocol", "key"], condition=Q(valid_to__isnull=True), name="sensing_key_once"
            )
        ]
        verbose_name = _("接入标识")
        verbose_name_plural = _("接入标识")

    def __str__(self) -> str:
        return f"{self.protocol} {self.key}"


class ObservedProperty(models.Model):
    """What is observed, from the county's vocabulary: one code, one unit."""

    code = models.CharField(_("代码"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    definition = models.CharField(_("定义"), max_length=200, blank=True)
    unit = models.CharField(_("计量单位"), max_length=30, blank=True)
    family = models.CharField(_("类别"), max_length=30, blank=True, db_index=True)
    aliases = models.JSONField(_("别名"), default=list, blank=True)
    low = models.FloatField(_("合理下限"), null=True, blank=True)
    high = models.FloatField(_("合理上限"), null=True, blank=True)
    decimals = models.PositiveSmallIntegerField(_("小数位数"), default=1)

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("观测要素")
        verbose_name_plural = _("观测要素")

    def __str__(self) -> str:
        return self.name


class Sensor(models.Model):
    """The instrument behind a datastream, from one day to another."""

    thing = models.ForeignKey(Thing, models.CASCADE, related_name="sensors", verbose_name=_("设备"))
    name = models.CharField(_("仪器"), max_length=100)
    model = models.CharField(_("型号"), max_length=100, blank=True)
    serial = models.CharField(_("出厂编号"), max_length=100, blank=True)
    description = models.TextField(_("说明"), blank=True)
    metadata = models.CharField(_("说明书链接"), max_length=300, blank=True)
    valid_from = models.DateTimeField(_("启用时间"), null=True, blank=True)
    valid_to = models.DateTimeField(_("停用时间"), null=True, blank=True)

    scope: ClassVar[Scope] = Scope(
        organisation="thing__organisation", division="thing__division__code", grid="thing__grid"
    )

    class Meta:
        ordering: ClassVar = ["thing", "name"]
        verbose_name = _("传感器")
        verbose_name_plural = _("传感器")

    def __str__(self) -> str:
        return self.name


class Datastream(models.Model):
    """One series of values of one property at one thing, in one unit."""

    class Kind(models.TextChoices):
        """How its values behave."""

        LEVEL = "level", _("瞬时值")
        INCREMENT = "increment", _("时段增量")
        ACCUMULATOR = "accumulator", _("累计值")
        STATE = "state", _("状态")
        TEXT = "text", _("文本")
        POSITION = "position", _("位置")

    # four bytes: the number stands in every observation
    id = models.AutoField(primary_key=True)
    thing = models.ForeignKey(Thing, models.CASCADE, related_name="datastreams", verbose_name=_("设备"))
    property = models.ForeignKey(
        ObservedProperty,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="datastreams",
        verbose_name=_("观测要素"),
    )
    sensor = models.ForeignKey(
        Sensor, models.SET_NULL, null=True, blank=True, related_name="datastreams", verbose_name=_("传感器")
    )
    code = models.CharField(_("代码"), max_length=80)
    unit = models.CharField(_("计量单位"), max_length=30, blank=True)
    confirmed = models.BooleanField(_("单位已确认"), default=True)
    scale = models.FloatField(_("换算系数"), default=1.0, help_text=_("设备上报值乘以该系数即为本单位的值"))
    kind = models.CharField(_("数据性质"), max_length=12, choices=Kind.choices, default=Kind.LEVEL)
    step_s = models.PositiveIntegerField(_("正常间隔(秒)"), default=300)
    late_s = models.PositiveIntegerField(_("迟到时限(秒)"), null=True, blank=True)
    low = models.FloatField(_("合理下限"), null=True, blank=True)
    high = models.FloatField(_("合理上限"), null=True, blank=True)
    resolution = models.FloatField(_("分辨力"), default=0.0)
    checks = models.JSONField(
        _("质量检查"), default=dict, blank=True, help_text=_('如 {"step": 20, "stuck": 6, "spike": true}')
    )
    public = models.BooleanField(_("公开"), default=False)
    decimals = models.PositiveSmallIntegerField(_("小数位数"), default=1)

    scope: ClassVar[Scope] = Scope(
        organisation="thing__organisation", division="thing__division__code", grid="thing__grid"
    )

    class Meta:
        ordering: ClassVar = ["thing", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["thing", "code"], name="sensing_datastream_once")
        ]
        indexes: ClassVar = [models.Index(fields=["code"], name="sensing_datastream_code")]
        verbose_name = _("数据流")
        verbose_name_plural = _("数据流")

    def __str__(self) -> str:
        return f"{self.thing} {self.property or self.code}"

    @cached_property
    def title(self) -> str:
        """The property's name, with the code where it says more (an hourly mean, a converted value)."""
        if self.property is None:
            return self.code
        return self.property.name if self.code == self.property.code else f"{self.property.name} {self.code}"
