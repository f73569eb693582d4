"""Rules with their versions, where each stands at each thing, and what they have found."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.orgs.models import Organisation
from qipan.kernel.sensing.thing_models import Thing


class Severity(models.TextChoices):
    """How grave an event is (ITU-T X.733)."""

    CRITICAL = "critical", _("危急")
    MAJOR = "major", _("重要")
    MINOR = "minor", _("次要")
    WARNING = "warning", _("警告")
    INDETERMINATE = "indeterminate", _("不确定")


class RuleRow(Record):
    """A rule; what it says stands in its versions."""

    code = models.CharField(_("代码"), max_length=80, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    # "" for rules that people write; the label of the system that ships the rule otherwise
    source = models.CharField(_("来源"), max_length=40, blank=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所属单位")
    )
    enabled = models.BooleanField(_("启用"), default=False)

    scope: ClassVar[Scope] = Scope(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("监测规则")
        verbose_name_plural = _("监测规则")

    def __str__(self) -> str:
        return self.name

    @property
    def active_version(self) -> "RuleVersion | None":
        """The version in force."""
        return self.versions.filter(state=RuleVersion.State.ACTIVE).first()


class RuleVersion(models.Model):
    """One wording of a rule with its tests and their result."""

    class State(models.TextChoices):
        """How far the wording has come; at most one version of a rule is active."""

        DRAFT = "draft", _("草稿")
        TESTED = "tested", _("测试通过")
        ACTIVE = "active", _("生效")
        RETIRED = "retired", _("失效")

    rule = models.ForeignKey(RuleRow, models.CASCADE, related_name="versions", verbose_name=_("规则"))
    number = models.PositiveIntegerField(_("版本号"))
    body = models.JSONField(_("规则内容"))
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.DRAFT)
    test_report = models.JSONField(_("测试结果"), default=list, blank=True)
    drafted_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("起草人")
    )
    drafted_at = models.DateTimeField(_("起草时间"))
    activated_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("启用人")
    )
    activated_at = models.DateTimeField(_("启用时间"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["rule", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "number"], name="sensing_ruleversion_once"),
            models.UniqueConstraint(
                fields=["rule"], condition=Q(state="active"), name="sensing_ruleversion_one_active"
            ),
        ]
        verbose_name = _("规则版本")
        verbose_name_plural = _("规则版本")

    def __str__(self) -> str:
        return f"{self.rule} v{self.number}"


class RuleState(models.Model):
    """Where a rule stands at one thing: what the engine needs to go on after a restart."""

    rule = models.ForeignKey(RuleRow, models.CASCADE, related_name="states", verbose_name=_("规则"))
    thing = models.ForeignKey(Thing, models.CASCADE, related_name="rule_states", verbose_name=_("设备"))
    severity = models.CharField(_("级别"), max_length=15, blank=True)
    # pending since per level, latched conditions, clearing since, newest reading judged per stream
    memory = models.JSONField(_("状态"), default=dict)
    updated_at = models.DateTimeField(_("更新时间"))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "thing"], name="sensing_rulestate_once")
        ]
        verbose_name = _("规则状态")
        verbose_name_plural = _("规则状态")

    def __str__(self) -> str:
        return f"{self.rule_id}@{self.thing_id}"


class RuleEvent(models.Model):
    """A rule's condition held at a thing from one time to another."""

    rule = models.ForeignKey(RuleRow, models.PROTECT, related_name="events", verbose_name=_("规则"))
    version = models.ForeignKey(
        RuleVersion, models.PROTECT, related_name="events", verbose_name=_("规则版本")
    )
    thing = models.ForeignKey(Thing, models.CASCADE, related_name="rule_events", verbose_name=_("设备"))
    severity = models.CharField(_("级别"), max_length=15, choices=Severity.choices)
    # phenomenon times: when the thing was so, not when the program noticed
    started_at = models.DateTimeField(_("开始时刻"))
    ended_at = models.DateTimeField(_("结束时刻"), null=True, blank=True)
    noticed_at = models.DateTimeField(_("触发时间"))
    message = models.TextField(_("事件内容"))
    # inputs: stream code → value, time, datastream
    inputs = models.JSONField(_("触发依据"), default=dict)
    # severities it went through: [[time, severity], …]
    course = models.JSONField(_("级别变化"), default=list)
    acknowledged_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("确认人")
    )
    acknowledged_at = models.DateTimeField(_("确认时间"), null=True, blank=True)

    scope: ClassVar[Scope] = Scope(
        organisation="thing__organisation", division="thing__division__code", grid="thing__grid"
    )

    class Meta:
        ordering: ClassVar = ["-started_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "thing"], condition=Q(ended_at__isnull=True), name="sensing_one_open_event"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["thing", "started_at"], name="sensing_event_of")]
        verbose_name = _("规则事件")
        verbose_name_plural = _("规则事件")

    def __str__(self) -> str:
        return self.message

    @property
    def is_open(self) -> bool:
        """Whether the condition still holds."""
        return self.ended_at is None
