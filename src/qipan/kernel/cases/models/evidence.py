"""What proves the work and what its reporter thinks of it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.scope import Scope
from qipan.kernel.cases.models.case import CASE_SCOPE, Case, CaseEvent
from qipan.kernel.cases.models.work import Assignment
from qipan.kernel.cases.wording import PHOTO_FLAGS, Grade, PhotoKind
from qipan.kernel.files.models import StoredFile


class CasePhoto(models.Model):
    """A photo with place and time; doubts are flagged, never a reason to lose it."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="photos", verbose_name=_("案件"))
    event = models.ForeignKey(
        CaseEvent, models.PROTECT, null=True, blank=True, related_name="photos", verbose_name=_("步骤")
    )
    assignment = models.ForeignKey(
        Assignment, models.CASCADE, null=True, blank=True, related_name="photos", verbose_name=_("任务")
    )
    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("文件"))
    kind = models.CharField(_("类别"), max_length=10, choices=PhotoKind.choices)
    lon = models.FloatField(_("经度"), null=True, blank=True)
    lat = models.FloatField(_("纬度"), null=True, blank=True)
    accuracy_m = models.FloatField(_("定位精度(米)"), null=True, blank=True)
    taken_at = models.DateTimeField(_("拍摄时间"), null=True, blank=True)
    received_at = models.DateTimeField(_("接收时间"))
    distance_m = models.FloatField(_("离现场(米)"), null=True, blank=True)
    flags = models.JSONField(_("疑点"), default=list)
    by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("拍摄人")
    )

    class Meta:
        ordering: ClassVar = ["received_at", "pk"]
        verbose_name = _("案件照片")
        verbose_name_plural = _("案件照片")

    def __str__(self) -> str:
        return f"{self.case_id} {self.get_kind_display()}"

    @property
    def doubts(self) -> list[str]:
        """Its flags in words."""
        return [str(PHOTO_FLAGS[flag]) for flag in self.flags if flag in PHOTO_FLAGS]


class Rating(models.Model):
    """The reporter's judgement; a bad one asks for a call back within five working days."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="ratings", verbose_name=_("案件"))
    round = models.PositiveSmallIntegerField(_("轮次"), default=0)
    grade = models.PositiveSmallIntegerField(_("评价"), choices=Grade.choices)
    text = models.TextField(_("意见"), blank=True)
    at = models.DateTimeField(_("评价时间"))
    channel = models.CharField(_("渠道"), max_length=10, default="web")
    by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("评价人")
    )
    call_due_at = models.DateTimeField(_("回访期限"), null=True, blank=True)
    called_at = models.DateTimeField(_("回访时间"), null=True, blank=True)
    called_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("回访人")
    )
    call_text = models.TextField(_("回访记录"), blank=True)

    scope: ClassVar[Scope] = CASE_SCOPE

    class Meta:
        ordering: ClassVar = ["-at"]
        constraints: ClassVar = [
            # a reopened case is a new round, which may be judged again
            models.UniqueConstraint(fields=["case", "round"], name="cases_rating_once")
        ]
        verbose_name = _("满意度评价")
        verbose_name_plural = _("满意度评价")

    def __str__(self) -> str:
        return f"{self.case_id} {self.get_grade_display()}"

    @property
    def is_bad(self) -> bool:
        """Whether it asks for a call back."""
        return self.grade <= Grade.BAD
