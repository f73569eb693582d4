"""The case, its events and what it is linked to."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.ids import uuid7
from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.cases.models.types import CaseTypeRow
from qipan.kernel.cases.states import OPEN, State
from qipan.kernel.cases.wording import STEP_NAMES, Source, StateChoice
from qipan.kernel.maps.models import Placed
from qipan.kernel.orgs.models import Organisation

OPEN_STATES = tuple(sorted(OPEN))
RATING_DAYS = 7
# Rows that hang on a case are seen by whoever sees the case.
CASE_SCOPE = Scope(
    organisation=("case__desk", "case__holder", "case__handler"),
    division="case__division__code",
    grid="case__grid",
)


class CaseRows(models.QuerySet["Case"]):
    """Cases as desks, boards and indicators ask for them."""

    def open(self) -> "CaseRows":
        """Somebody still has to act."""
        return self.filter(state__in=OPEN_STATES)

    def closed(self) -> "CaseRows":
        """Ended by a confirmed result."""
        return self.filter(state=State.CLOSED)

    def overdue(self, at: datetime | None = None) -> "CaseRows":
        """Open, with a running clock past its due instant."""
        return self.open().filter(next_due_at__lt=at or now())

    def due_between(self, start: datetime, end: datetime) -> "CaseRows":
        """Whose total limit ends in [start, end), suspended ones left out (应结案)."""
        return self.filter(due_at__gte=start, due_at__lt=end).exclude(suspended=True)

    def in_time(self) -> "CaseRows":
        """Closed with the total clock in time (按期结案)."""
        return self.filter(state=State.CLOSED, in_time=True)

    def of(self, label: str) -> "CaseRows":
        """Cases of the types that a module declared."""
        return self.filter(type__code__startswith=f"{label}.")

    def caused_by(self, row: models.Model) -> "CaseRows":
        """Cases that a row led to."""
        kind = ContentType.objects.get_for_model(row)
        return self.filter(causes__content_type=kind, causes__object_id=str(row.pk))

    def for_list(self) -> "CaseRows":
        """With everything that a list shows, in one query."""
        return self.select_related("type", "division", "grid", "holder", "handler", "desk")


class CaseCounter(models.Model):
    """The last serial number given on a day."""

    day = models.DateField(_("日期"), primary_key=True)
    last = models.PositiveIntegerField(_("当日最大序号"))


class Case(Record, Placed):
    """A reported matter on its way from report to rating."""

    uuid = models.UUIDField(_("唯一标识"), unique=True, default=uuid7, editable=False)
    number = models.CharField(_("案件编号"), max_length=24, unique=True, editable=False)
    receipt = models.CharField(_("回执号"), max_length=8, unique=True, editable=False)
    client_key = models.CharField(_("提交标识"), max_length=64, unique=True, null=True, editable=False)
    device = models.CharField(_("上报设备"), max_length=64, blank=True, editable=False, db_index=True)
    type = models.ForeignKey(CaseTypeRow, models.PROTECT, related_name="cases", verbose_name=_("类型"))
    title = models.CharField(_("标题"), max_length=200)
    text = models.TextField(_("内容"), blank=True)
    public_text = models.TextField(_("公开说明"), blank=True)
    attributes = models.JSONField(_("附加信息"), default=dict, blank=True)
    source = models.CharField(_("来源"), max_length=10, choices=Source.choices)
    object_id = models.CharField(_("部件或场所编号"), max_length=40, blank=True, db_index=True)
    area_grade = models.CharField(_("区域等级"), max_length=1, blank=True)
    state = models.CharField(
        _("状态"), max_length=12, choices=StateChoice.choices, default=State.REPORTED, db_index=True
    )
    desk = models.ForeignKey(
        Organisation, models.PROTECT, related_name="cases_at_desk", verbose_name=_("主管单位")
    )
    holder = models.ForeignKey(
        Organisation, models.PROTECT, related_name="cases_held", verbose_name=_("当前责任单位")
    )
    handler = models.ForeignKey(
        Organisation,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="cases_handled",
        verbose_name=_("主办单位"),
    )
    severity = models.PositiveSmallIntegerField(_("严重程度"), default=3)
    urgent = models.BooleanField(_("紧急"), default=False)
    suspended = models.BooleanField(_("挂账"), default=False)
    reporter = models.ForeignKey(
        Account,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reported_cases",
        verbose_name=_("上报人"),
    )
    reporter_name = models.CharField(_("联系人"), max_length=50, blank=True)
    reporter_phone = models.CharField(_("联系电话"), max_length=20, blank=True)
    protected_reporter = models.BooleanField(_("保护上报人"), default=False)
    master = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="duplicates", verbose_name=_("主案件")
    )
    captured_at = models.DateTimeField(_("拍摄时间"), null=True, blank=True)
    received_at = models.DateTimeField(_("上报时间"), db_index=True)
    filed_at = models.DateTimeField(_("立案时间"), null=True, blank=True)
    due_at = models.DateTimeField(_("办结期限"), null=True, blank=True, db_index=True)
    next_due_at = models.DateTimeField(_("本环节期限"), null=True, blank=True, db_index=True)
    closed_at = models.DateTimeField(_("结案时间"), null=True, blank=True, db_index=True)
    in_time = models.BooleanField(_("按期结案"), null=True, blank=True)
    reopened = models.PositiveSmallIntegerField(_("重新办理次数"), default=0)
    reworked = models.PositiveSmallIntegerField(_("返工次数"), default=0)
    returned = models.PositiveSmallIntegerField(_("退回次数"), default=0)
    appealed = models.BooleanField(_("已申诉"), default=False)
    self_handled = models.BooleanField(_("自行处置"), default=False)
    demo = models.BooleanField(_("演示数据"), default=False)

    scope: ClassVar[Scope] = Scope(
        organisation=("desk", "holder", "handler"),
        division="division__code",
        grid="grid",
        owner="reporter",
    )
    masked_fields: ClassVar[tuple[str, ...]] = ("reporter_name", "reporter_phone", "reporter")
    objects = CaseRows.as_manager()

    class Meta:
        ordering: ClassVar = ["-received_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["state", "next_due_at"], name="cases_open_by_due"),
            models.Index(fields=["type", "-received_at"], name="cases_by_type"),
            models.Index(fields=["holder", "state"], name="cases_by_holder"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="merged", master__isnull=False)
                | (~Q(state="merged") & Q(master__isnull=True)),
                name="cases_merged_has_master",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_at__isnull=False), name="cases_closed_has_time"
            ),
        ]
        verbose_name = _("案件")
        verbose_name_plural = _("案件")

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        """Its page for staff."""
        return reverse("cases:case_page", args=[self.pk])

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act."""
        return State(self.state) in OPEN

    @property
    def rating_until(self) -> datetime | None:
        """Until when its reporter may rate or reopen it."""
        return self.closed_at + timedelta(days=RATING_DAYS) if self.closed_at else None

    def cause_rows(self) -> Iterator[Any]:
        """The rows that led to this case and still exist."""
        for link in self.causes.all():
            if link.target is not None:
                yield link.target


class CaseEvent(models.Model):
    """One step of a case or of one of its assignments; never changed afterwards."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="events", verbose_name=_("案件"))
    seq = models.PositiveIntegerField(_("序号"))
    step = models.CharField(_("步骤"), max_length=20)
    from_state = models.CharField(_("原状态"), max_length=12, choices=StateChoice.choices, blank=True)
    to_state = models.CharField(_("新状态"), max_length=12, choices=StateChoice.choices)
    assignment = models.ForeignKey(
        "cases.Assignment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        verbose_name=_("任务"),
    )
    task_from = models.CharField(_("任务原状态"), max_length=10, blank=True)
    task_to = models.CharField(_("任务新状态"), max_length=10, blank=True)
    by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("操作人")
    )
    by_name = models.CharField(_("操作人姓名"), max_length=100)
    as_org = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("操作单位")
    )
    automatic = models.BooleanField(_("自动"), default=False)
    at = models.DateTimeField(_("时间"), db_index=True)
    device_at = models.DateTimeField(_("设备时间"), null=True, blank=True)
    lon = models.FloatField(_("经度"), null=True, blank=True)
    lat = models.FloatField(_("纬度"), null=True, blank=True)
    data = models.JSONField(_("内容"), default=dict, encoder=DjangoJSONEncoder)
    public_note = models.TextField(_("公开说明"), blank=True)

    class Meta:
        ordering: ClassVar = ["case", "seq"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "seq"], name="cases_event_once")]
        verbose_name = _("案件步骤")
        verbose_name_plural = _("案件步骤")

    def __str__(self) -> str:
        return f"{self.case_id}/{self.seq} {self.step}"

    @property
    def name(self) -> str:
        """The step's name, as the flow of the case's type calls it."""
        own = self.case.type.profile.names.get(self.step)
        return own or str(STEP_NAMES.get(self.step, self.step))


class CauseLink(models.Model):
    """What led to a case: any row of any block (a rule event, a warning, an observation alarm)."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="causes", verbose_name=_("案件"))
    content_type = models.ForeignKey(
        ContentType, models.PROTECT, related_name="+", verbose_name=_("起因类型")
    )
    object_id = models.CharField(_("对象编号"), max_length=64)
    target = GenericForeignKey("content_type", "object_id")
    relation = models.CharField(_("关系"), max_length=20, default="cause")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "content_type", "object_id"], name="cases_cause_once")
        ]
        indexes: ClassVar = [models.Index(fields=["content_type", "object_id"], name="cases_cause_of")]
        verbose_name = _("案件起因")
        verbose_name_plural = _("案件起因")

    def __str__(self) -> str:
        return f"{self.case_id} ← {self.content_type_id}:{self.object_id}"


class CaseLink(models.Model):
    """Two cases that belong together."""

    class Kind(models.TextChoices):
        """How they belong together."""

        DUPLICATE = "duplicate", _("重复")
        RELATED = "related", _("相关")
        RECURRENCE = "recurrence", _("复发")
        PART_OF = "part_of", _("组成部分")

    a = models.ForeignKey(Case, models.CASCADE, related_name="links_from", verbose_name=_("案件"))
    b = models.ForeignKey(Case, models.CASCADE, related_name="links_to", verbose_name=_("关联案件"))
    kind = models.CharField(_("关系"), max_length=12, choices=Kind.choices)
    score = models.FloatField(_("相似度"), null=True, blank=True)
    by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("建立人")
    )
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["a", "b", "kind"], name="cases_link_once"),
            models.CheckConstraint(condition=~Q(a=F("b")), name="cases_link_two_cases"),
        ]
        verbose_name = _("案件关联")
        verbose_name_plural = _("案件关联")

    def __str__(self) -> str:
        return f"{self.a_id} {self.kind} {self.b_id}"


def receipt_owner(case: Case, receipt: str) -> bool:
    """Whether a receipt code proves that its bearer made the report."""
    return bool(receipt) and case.receipt == receipt


def by_uuid(text: str | UUID) -> Case | None:
    """The case with an identifier, or None."""
    return Case.objects.filter(uuid=text).first()
