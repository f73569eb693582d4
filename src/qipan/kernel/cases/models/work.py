"""Assignments and the slips that handlers hand in: returns, suspensions, extensions."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.scope import Scope
from qipan.kernel.cases.models.case import Case
from qipan.kernel.cases.states import ACTIVE_TASKS, COUNTED_ROLES, Task
from qipan.kernel.cases.wording import TaskChoice, TaskRole
from qipan.kernel.orgs.models import Organisation


class AssignmentRows(models.QuerySet["Assignment"]):
    """Assignments by what is to be done."""

    def counted(self) -> "AssignmentRows":
        """Lead and joint ones: the case waits for them."""
        return self.filter(role__in=COUNTED_ROLES)

    def active(self) -> "AssignmentRows":
        """The handler has something to do."""
        return self.filter(state__in=ACTIVE_TASKS)


class Assignment(models.Model):
    """A task that an organisation, perhaps a named person, has in a case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="assignments", verbose_name=_("案件"))
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="assignments", verbose_name=_("承办单位")
    )
    person = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="assignments", verbose_name=_("承办人")
    )
    unit = models.CharField(_("班组"), max_length=50, blank=True)
    role = models.CharField(_("分工"), max_length=10, choices=TaskRole.choices, default=TaskRole.LEAD)
    state = models.CharField(
        _("状态"), max_length=10, choices=TaskChoice.choices, default=Task.SENT, db_index=True
    )
    rule = models.JSONField(_("派遣依据"), default=dict)
    sent_at = models.DateTimeField(_("派遣时间"))
    signed_at = models.DateTimeField(_("签收时间"), null=True, blank=True)
    started_at = models.DateTimeField(_("开始时间"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("到达时间"), null=True, blank=True)
    done_at = models.DateTimeField(_("反馈时间"), null=True, blank=True)
    done_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("反馈人")
    )
    round = models.PositiveSmallIntegerField(_("轮次"), default=0)
    rework_no = models.PositiveSmallIntegerField(_("返工次数"), default=0)
    result = models.TextField(_("处置结果"), blank=True)
    cost = models.DecimalField(_("费用(元)"), max_digits=12, decimal_places=2, null=True, blank=True)

    scope: ClassVar[Scope] = Scope(
        organisation="organisation", division="case__division__code", grid="case__grid"
    )
    objects = AssignmentRows.as_manager()

    class Meta:
        ordering: ClassVar = ["sent_at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "round"],
                condition=Q(role="lead") & ~Q(state="cancelled"),
                name="cases_assignment_one_lead",
            )
        ]
        verbose_name = _("任务")
        verbose_name_plural = _("任务")

    def __str__(self) -> str:
        return f"{self.organisation} {self.get_state_display()}"

    @property
    def counts(self) -> bool:
        """Whether the case waits for it."""
        return self.role in COUNTED_ROLES


class ReturnSlip(models.Model):
    """A handler says that a task is not his."""

    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="returns", verbose_name=_("任务"))
    reason = models.CharField(_("理由"), max_length=20)
    text = models.TextField(_("说明"), blank=True)
    suggested = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("建议承办单位")
    )
    asked_by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("申请人"))
    asked_at = models.DateTimeField(_("申请时间"))
    decided_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("处理人")
    )
    decided_at = models.DateTimeField(_("处理时间"), null=True, blank=True)
    outcome = models.CharField(_("处理结果"), max_length=10, blank=True)

    class Meta:
        ordering: ClassVar = ["asked_at"]
        verbose_name = _("退回单")
        verbose_name_plural = _("退回单")

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.reason}"


class Request(models.Model):
    """What a handler asks for and another person decides."""

    reason = models.CharField(_("理由"), max_length=20)
    text = models.TextField(_("说明"), blank=True)
    asked_by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("申请人"))
    asked_at = models.DateTimeField(_("申请时间"))
    decided_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("审批人")
    )
    decided_at = models.DateTimeField(_("审批时间"), null=True, blank=True)
    granted = models.BooleanField(_("同意"), null=True, blank=True)
    answer = models.TextField(_("审批意见"), blank=True)

    class Meta:
        abstract = True


class Suspension(Request):
    """The clock of a task stands for a reason, until a review day (挂账)."""

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="suspensions", verbose_name=_("任务")
    )
    review_on = models.DateField(_("复查日期"))
    ended_at = models.DateTimeField(_("恢复时间"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["asked_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["assignment"], condition=Q(granted__isnull=True), name="cases_suspension_one_asked"
            )
        ]
        verbose_name = _("挂账")
        verbose_name_plural = _("挂账")

    def __str__(self) -> str:
        return f"{self.assignment_id} {self.reason} {self.review_on}"


class Extension(Request):
    """More time for a task (延期)."""

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="extensions", verbose_name=_("任务")
    )
    amount = models.FloatField(_("延长(与原时限同单位)"))

    class Meta:
        ordering: ClassVar = ["asked_at"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="cases_extension_positive"),
            models.UniqueConstraint(
                fields=["assignment"], condition=Q(granted__isnull=True), name="cases_extension_one_asked"
            ),
        ]
        verbose_name = _("延期")
        verbose_name_plural = _("延期")

    def __str__(self) -> str:
        return f"{self.assignment_id} +{self.amount:g}"
