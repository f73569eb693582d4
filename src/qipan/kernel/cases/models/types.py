"""Types of cases as versioned data: sets, types and their time limits."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.scope import Scope
from qipan.kernel.cases.clock import Limit, Unit
from qipan.kernel.cases.states import PROFILES, FlowProfile
from qipan.kernel.cases.wording import ClockChoice, UnitChoice
from qipan.kernel.orgs.models import Organisation


class CaseTypeSet(models.Model):
    """One version of the types of a module or standard; published versions never change."""

    class Status(models.TextChoices):
        """Where a version stands."""

        DRAFT = "draft", _("草稿")
        PUBLISHED = "published", _("已发布")
        RETIRED = "retired", _("已停用")

    code = models.CharField(_("代码"), max_length=50)
    version = models.PositiveIntegerField(_("版本"))
    name = models.CharField(_("名称"), max_length=100)
    standard = models.CharField(_("依据标准"), max_length=200, blank=True)
    digest = models.CharField(_("内容摘要"), max_length=64, editable=False)
    status = models.CharField(_("状态"), max_length=10, choices=Status.choices, default=Status.DRAFT)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    published_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("发布人")
    )

    class Meta:
        ordering: ClassVar = ["code", "-version"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["code", "version"], name="cases_typeset_once"),
            models.UniqueConstraint(
                fields=["code"], condition=Q(status="published"), name="cases_typeset_one_published"
            ),
        ]
        verbose_name = _("案件类型表")
        verbose_name_plural = _("案件类型表")

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class TypeRows(models.QuerySet["CaseTypeRow"]):
    """Types by their use."""

    def current(self) -> "TypeRows":
        """Types of published sets that may be chosen today."""
        today = date.today()
        return self.filter(
            Q(type_set__valid_to__isnull=True) | Q(type_set__valid_to__gt=today),
            active=True,
            type_set__status=CaseTypeSet.Status.PUBLISHED,
        )

    def public(self) -> "TypeRows":
        """Types that residents may report."""
        return self.current().filter(public=True).exclude(privacy__in=("restricted", "secret"))


class CaseTypeRow(models.Model):
    """A kind of matter with its conditions, evidence, flow and limits."""

    class Kind(models.TextChoices):
        """What the matter is about."""

        COMPONENT = "component", _("部件")
        EVENT = "event", _("事件")
        DISPUTE = "dispute", _("矛盾纠纷")
        HAZARD = "hazard", _("隐患")
        CALL = "call", _("警情求助")
        REPAIR = "repair", _("报修")
        QUESTION = "question", _("咨询")

    class Privacy(models.TextChoices):
        """Who may know of such a case."""

        OPEN = "open", _("可公开")
        MASKED = "masked", _("位置模糊")
        RESTRICTED = "restricted", _("限内部")
        SECRET = "secret", _("保密")

    type_set = models.ForeignKey(CaseTypeSet, models.PROTECT, related_name="types", verbose_name=_("类型表"))
    code = models.CharField(_("代码"), max_length=80)
    parent = models.CharField(_("上级代码"), max_length=80, blank=True)
    name = models.CharField(_("名称"), max_length=100)
    description = models.TextField(_("说明"), blank=True)
    keywords = models.JSONField(_("别名和关键词"), default=list)
    kind = models.CharField(_("类别"), max_length=20, choices=Kind.choices)
    flow = models.CharField(_("流程"), max_length=20)
    filing = models.JSONField(_("立案条件"), default=list)
    closing = models.JSONField(_("结案条件"), default=list)
    evidence = models.JSONField(_("办结证据"), default=list)
    attributes = models.JSONField(_("附加字段"), default=dict)
    dispatch = models.CharField(_("派遣规则"), max_length=60, default="grid_worker")
    public = models.BooleanField(_("居民可报"), default=False)
    privacy = models.CharField(_("公开范围"), max_length=12, choices=Privacy.choices, default=Privacy.OPEN)
    severity = models.PositiveSmallIntegerField(_("严重程度"), default=3)
    verify_first = models.BooleanField(_("先核实"), default=False)
    needs_place = models.BooleanField(_("需要位置"), default=True)
    max_extensions = models.PositiveSmallIntegerField(_("延期次数上限"), default=1)
    rework_share = models.FloatField(_("返工最少时限比例"), default=0.5)
    owner = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("主管单位")
    )
    active = models.BooleanField(_("启用"), default=True)

    scope: ClassVar[Scope] = Scope()
    objects = TypeRows.as_manager()

    class Meta:
        ordering: ClassVar = ["code"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["type_set", "code"], name="cases_type_once")]
        verbose_name = _("案件类型")
        verbose_name_plural = _("案件类型")

    def __str__(self) -> str:
        return self.name

    @property
    def profile(self) -> FlowProfile:
        """Its flow profile."""
        return PROFILES[self.flow]

    @property
    def label(self) -> str:
        """Label of the module that declared it."""
        return self.code.split(".", 1)[0]

    def limit_for(self, clock: str, area_grade: str = "") -> "TimeLimitRow | None":
        """The limit of a clock in an area grade, else the one for every area; None when unlimited."""
        rows = [row for row in self.limits.all() if row.clock == clock]
        exact = [row for row in rows if area_grade and row.area_grade == area_grade]
        return next(iter(exact or [row for row in rows if row.area_grade == "*"]), None)


class TimeLimitRow(models.Model):
    """How long one clock of a type may run, and where that comes from."""

    case_type = models.ForeignKey(
        CaseTypeRow, models.CASCADE, related_name="limits", verbose_name=_("案件类型")
    )
    clock = models.CharField(_("环节"), max_length=10, choices=ClockChoice.choices)
    area_grade = models.CharField(_("区域等级"), max_length=1, default="*")
    amount = models.FloatField(_("时限"))
    unit = models.CharField(_("单位"), max_length=15, choices=UnitChoice.choices)
    day_rule = models.CharField(_("按日计算方法"), max_length=10, default="elapsed")
    calendar = models.CharField(_("工作日历"), max_length=20, default="office")
    source = models.CharField(_("依据"), max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["case_type", "clock"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case_type", "clock", "area_grade"], name="cases_limit_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="cases_limit_positive"),
        ]
        verbose_name = _("时限")
        verbose_name_plural = _("时限")

    def __str__(self) -> str:
        return f"{self.get_clock_display()} {self.amount:g} {self.get_unit_display()}"

    @property
    def limit(self) -> Limit:
        """The limit as clock arithmetic takes it."""
        return Limit(self.amount, Unit(self.unit), self.day_rule)
