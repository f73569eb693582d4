"""Warnings: the message, where it holds, what it rests on and who signed it."""

from typing import ClassVar

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.alerts.delivery_models import CallOut, Recipient, Subscription
from qipan.kernel.alerts.intake_models import Received, Source
from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.orgs.models import Organisation

__all__ = [
    "Alert", "AlertArea", "CallOut", "Evidence", "Occurrence", "Outcome", "Received", "Recipient",
    "Signature", "Source", "Subscription",
]  # fmt: skip


class Colour(models.TextChoices):
    """Level of a warning, from the lightest to the gravest."""

    BLUE = "blue", _("蓝色")
    YELLOW = "yellow", _("黄色")
    ORANGE = "orange", _("橙色")
    RED = "red", _("红色")


class State(models.TextChoices):
    """Where a warning stands; a published one never changes its text, only its state."""

    DRAFT = "draft", _("草稿")
    PROPOSED = "proposed", _("待签发")
    SIGNED = "signed", _("已签发")
    ACTIVE = "active", _("生效中")
    UPDATED = "updated", _("已更新")
    LIFTED = "lifted", _("已解除")
    EXPIRED = "expired", _("已过期")
    CANCELLED = "cancelled", _("已撤销")
    NOTICE = "notice", _("解除或撤销通知")
    WITHDRAWN = "withdrawn", _("已撤回")
    DISCARDED = "discarded", _("已作废")


OPEN = (State.DRAFT, State.PROPOSED, State.SIGNED)
PUBLISHED = (
    State.ACTIVE, State.UPDATED, State.LIFTED, State.EXPIRED, State.CANCELLED, State.NOTICE,
)  # fmt: skip


class Status(models.TextChoices):
    """CAP status: whether it is meant in earnest."""

    ACTUAL = "Actual", _("实际")
    EXERCISE = "Exercise", _("演练")
    TEST = "Test", _("测试")


class MessageType(models.TextChoices):
    """CAP message type."""

    ALERT = "Alert", _("发布")
    UPDATE = "Update", _("更新")
    CANCEL = "Cancel", _("解除或撤销")


class AlertRows(models.QuerySet["Alert"]):
    """Warnings by what they are good for."""

    def live(self) -> "AlertRows":
        """Published warnings in force, exercises left out."""
        return self.filter(state=State.ACTIVE, status=Status.ACTUAL)

    def published(self) -> "AlertRows":
        """Everything that went out, whatever became of it."""
        return self.filter(state__in=PUBLISHED)

    def for_public(self) -> "AlertRows":
        """What residents may see: earnest messages that went out."""
        return self.published().filter(status=Status.ACTUAL)


class Alert(Record):
    """One warning message from draft to end; an update is a new row that replaces this one."""

    identifier = models.CharField(
        _("标识"), max_length=60, unique=True, null=True, blank=True, editable=False
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发布单位")
    )
    sender = models.CharField(_("发布单位代码"), max_length=50, editable=False)
    event = models.CharField(_("事件类型"), max_length=60, db_index=True)
    event_name = models.CharField(_("事件名称"), max_length=60)
    colour = models.CharField(_("等级"), max_length=10, choices=Colour.choices)
    status = models.CharField(_("性质"), max_length=10, choices=Status.choices, default=Status.ACTUAL)
    message_type = models.CharField(
        _("报文类型"), max_length=10, choices=MessageType.choices, default=MessageType.ALERT
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=State.choices, default=State.DRAFT, db_index=True
    )
    categories = models.CharField(_("类别"), max_length=60, default="Other")
    urgency = models.CharField(_("紧急程度"), max_length=10)
    certainty = models.CharField(_("确定程度"), max_length=10)
    headline = models.CharField(_("标题"), max_length=200)
    description = models.TextField(_("内容"))
    instruction = models.TextField(_("防御指南"), blank=True)
    audience = models.CharField(_("发布对象"), max_length=200, blank=True)
    language = models.CharField(_("语言"), max_length=10, default="zh-CN")
    sent_at = models.DateTimeField(_("报文时间"), null=True, blank=True, editable=False)
    onset = models.DateTimeField(_("预计开始"))
    expires = models.DateTimeField(_("有效期至"))
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="successors", verbose_name=_("更新自")
    )
    root = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="chain", verbose_name=_("首次预警")
    )
    note = models.CharField(_("说明"), max_length=200, blank=True)
    rule = models.CharField(_("触发规则"), max_length=100, blank=True)
    case_type = models.CharField(_("发布后立案类型"), max_length=100, blank=True)
    confidence = models.FloatField(_("置信度"), null=True, blank=True)
    drafted_by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("起草人"))
    edited_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("最后修改人")
    )
    submitted_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("送签人")
    )
    sent_back_reason = models.TextField(_("退回理由"), blank=True)
    digest = models.CharField(_("内容摘要"), max_length=64, blank=True, editable=False)
    document = models.BinaryField(_("报文"), null=True, blank=True, editable=False)
    channels = models.JSONField(_("渠道"), default=list)
    published_at = models.DateTimeField(_("发布时间"), null=True, blank=True, db_index=True)
    published_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发布人")
    )
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    end_reason = models.CharField(_("结束原因"), max_length=200, blank=True)
    demo = models.BooleanField(_("演示数据"), default=False, editable=False)

    objects = AlertRows.as_manager()
    # Whoever may see warnings at all may see every one; signing is bounded by the areas (AlertArea).
    scope: ClassVar[Scope] = Scope(public=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires__gt=models.F("onset")), name="alerts_alert_ends"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "expires"], name="alerts_alert_due")]
        verbose_name = _("预警")
        verbose_name_plural = _("预警")

    def __str__(self) -> str:
        return self.headline or f"{self.event_name} {self.get_colour_display()}"

    def get_absolute_url(self) -> str:
        """The staff page, which shows everything about it."""
        return reverse("alerts:detail", args=[self.pk])

    @property
    def is_published(self) -> bool:
        """Whether it went out."""
        return self.state in PUBLISHED

    @property
    def area_text(self) -> str:
        """Names of its areas, for texts: "桑阿镇、柳林镇"."""
        return "、".join(area.name for area in self.areas.all())

    @property
    def signers_needed(self) -> int:
        """Red needs two people."""
        return 2 if self.colour == Colour.RED else 1

    @property
    def authors(self) -> frozenset[int]:
        """Accounts that had a hand in the text, who therefore may not sign it."""
        hands = (self.drafted_by_id, self.edited_by_id, self.submitted_by_id)
        return frozenset(hand for hand in hands if hand is not None)

    @property
    def message_key(self) -> str:
        """Key of the messages sent for it."""
        return f"alerts.alert:{self.pk}"

    @property
    def first(self) -> "Alert":
        """Where its chain began."""
        return self.root or self


class AlertArea(models.Model):
    """Where a warning holds; sender, event and live are copied here, so that the database itself keeps
    two live warnings of one kind out of one area."""

    class Kind(models.TextChoices):
        """How the area is given."""

        DIVISION = "division", _("行政区划")
        POLYGON = "polygon", _("多边形")
        CIRCLE = "circle", _("圆")

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="areas", verbose_name=_("预警"))
    kind = models.CharField(_("类型"), max_length=10, choices=Kind.choices, default=Kind.DIVISION)
    code = models.CharField(_("区划代码"), max_length=64)
    name = models.CharField(_("名称"), max_length=100)
    # CAP text: "lat,lon lat,lon …" or "lat,lon radius-km", WGS84
    geometry = models.TextField(_("几何"), blank=True)
    sender = models.CharField(max_length=50, editable=False, verbose_name=_("发布单位代码"))
    event = models.CharField(max_length=60, editable=False, verbose_name=_("事件类型"))
    live = models.BooleanField(default=False, editable=False, verbose_name=_("生效中"))

    scope: ClassVar[Scope] = Scope(organisation="alert__organisation", division="code")

    class Meta:
        ordering: ClassVar = ["alert", "code"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "code"], name="alerts_area_once"),
            models.UniqueConstraint(
                fields=["sender", "event", "code"], condition=Q(live=True), name="alerts_one_live_per_area"
            ),
        ]
        verbose_name = _("预警区域")
        verbose_name_plural = _("预警区域")

    def __str__(self) -> str:
        return self.name


class Evidence(models.Model):
    """A row that the warning rests on: a rule's event, a forecast, a message received."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="evidence", verbose_name=_("预警"))
    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", verbose_name=_("类型"))
    object_id = models.CharField(_("编号"), max_length=64)
    row = GenericForeignKey("content_type", "object_id")
    text = models.CharField(_("摘要"), max_length=300)
    added_by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("添加人"))
    added_at = models.DateTimeField(_("添加时间"))

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alert", "content_type", "object_id"], name="alerts_evidence_once"
            )
        ]
        verbose_name = _("预警依据")
        verbose_name_plural = _("预警依据")

    def __str__(self) -> str:
        return self.text


class Signature(models.Model):
    """One person signed one content; void when the warning was sent back or withdrawn afterwards."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="signatures", verbose_name=_("预警"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("签发人"))
    signed_at = models.DateTimeField(_("签发时间"))
    digest = models.CharField(_("内容摘要"), max_length=64)
    address = models.CharField(_("网络地址"), max_length=64, blank=True)
    void = models.BooleanField(_("作废"), default=False)

    class Meta:
        ordering: ClassVar = ["signed_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alert", "account"], condition=Q(void=False), name="alerts_signature_once"
            )
        ]
        verbose_name = _("签发记录")
        verbose_name_plural = _("签发记录")

    def __str__(self) -> str:
        return f"{self.account} {self.signed_at:%Y-%m-%d %H:%M}"


class Outcome(models.Model):
    """What a warning led to: a case, an order, a report of measures."""

    class Relation(models.TextChoices):
        """How it hangs together."""

        CAUSED = "caused", _("由预警引发")
        SUPPORTED = "supported", _("配合处置")
        REPORTED = "reported", _("情况反馈")

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="outcomes", verbose_name=_("预警"))
    content_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+", verbose_name=_("类型"))
    object_id = models.CharField(_("编号"), max_length=64)
    row = GenericForeignKey("content_type", "object_id")
    relation = models.CharField(_("关系"), max_length=10, choices=Relation.choices)
    text = models.CharField(_("摘要"), max_length=300, blank=True)
    at = models.DateTimeField(_("时间"))

    class Meta:
        ordering: ClassVar = ["at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "content_type", "object_id"], name="alerts_outcome_once")
        ]
        verbose_name = _("处置结果")
        verbose_name_plural = _("处置结果")

    def __str__(self) -> str:
        return self.text


class Occurrence(models.Model):
    """What really happened, told by a module's own records and never by the warning itself."""

    event = models.CharField(_("事件类型"), max_length=60)
    code = models.CharField(_("区划代码"), max_length=12)
    colour = models.CharField(_("达到等级"), max_length=10, choices=Colour.choices)
    starts = models.DateTimeField(_("开始"))
    ends = models.DateTimeField(_("结束"))
    peak = models.FloatField(_("峰值"), null=True, blank=True)
    source = models.CharField(_("来源"), max_length=200)
    demo = models.BooleanField(_("演示数据"), default=False, editable=False)

    class Meta:
        ordering: ClassVar = ["-starts"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "code", "starts"], name="alerts_occurrence_once"),
            models.CheckConstraint(condition=Q(ends__gte=models.F("starts")), name="alerts_occurrence_ends"),
        ]
        verbose_name = _("灾害实况")
        verbose_name_plural = _("灾害实况")

    def __str__(self) -> str:
        return f"{self.event} {self.code} {self.starts:%Y-%m-%d %H:%M}"
