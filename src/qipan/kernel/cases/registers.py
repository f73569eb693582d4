"""Lists of the cases block."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.cases.layers import colour_of
from qipan.kernel.cases.models import Assignment, Case, CaseClock, CaseTypeRow, Escalation, Rating
from qipan.kernel.cases.models.types import TimeLimitRow
from qipan.kernel.ui.declarations import Column, MapPlace, Register, RelatedPanel

CASE_FACTS = (
    "number", "type", "title", "text", "state", "severity", "urgent", "source", "address", "division", "grid",
    "desk", "holder", "handler", "received_at", "filed_at", "due_at", "closed_at", "in_time", "reopened",
    "reworked", "returned", "public_text",
)  # fmt: skip

REGISTERS = (
    Register(
        Case,
        "cases",
        ("number", "title", "type", "state", "division", "handler", "received_at", "next_due_at", "in_time"),
        title=_("案件台账"),
        filters=("state", "type", "source", "division", "handler", "urgent", "suspended", "severity"),
        search=("number", "title", "text", "address"),
        ordering=("-received_at",),
        place=MapPlace(colour=colour_of),
        date_field="received_at",
        detail=CASE_FACTS,
        create=(),
    ),
    Register(
        Assignment,
        "tasks",
        (
            "case",
            "organisation",
            "person",
            "role",
            "state",
            "sent_at",
            "signed_at",
            "done_at",
            Column("rework_no", _("返工")),
        ),
        title=_("任务台账"),
        filters=("state", "role", "organisation"),
        search=("case__number", "case__title", "organisation__name"),
        ordering=("-sent_at",),
        date_field="sent_at",
        create=(),
    ),
    Register(
        CaseClock,
        "clocks",
        ("case", "kind", "assignment", "started_at", "due_at", "stopped_at", "outcome"),
        title=_("计时台账"),
        filters=("kind", "outcome"),
        search=("case__number",),
        ordering=("-started_at",),
        date_field="due_at",
        create=(),
    ),
    Register(
        Rating,
        "ratings",
        ("case", "grade", "text", "at", "channel", "call_due_at", "called_at"),
        title=_("满意度评价"),
        filters=("grade", "channel"),
        search=("case__number", "text"),
        date_field="at",
        create=(),
    ),
    Register(
        Escalation,
        "escalations",
        ("clock", "level", "due_at", "fired_at", "late", "recipients"),
        title=_("催办提醒"),
        filters=("level", "late"),
        date_field="fired_at",
        create=(),
    ),
    Register(
        CaseTypeRow,
        "types",
        ("code", "name", "kind", "flow", "public", "severity", "owner", "type_set"),
        title=_("案件类型"),
        filters=("kind", "flow", "public", "type_set"),
        search=("code", "name", "description"),
        panels=(
            RelatedPanel(
                _("时限"),
                lambda row: TimeLimitRow.objects.filter(case_type=row),
                ("clock", "amount", "unit", "day_rule", "calendar", "area_grade", "source"),
            ),
        ),
        create=(),
    ),
)
