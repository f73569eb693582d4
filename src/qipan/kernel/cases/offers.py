"""What the cases block offers the site."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.roles import RoleOffer
from qipan.kernel.cases import escalation, open311, pages, public_pages, work_pages
from qipan.kernel.cases.case_types import CASE_TYPES
from qipan.kernel.cases.layers import LAYERS
from qipan.kernel.cases.permissions import CHIEF_PERMISSIONS, CLERK_PERMISSIONS
from qipan.kernel.cases.registers import REGISTERS

__all__ = ["CASE_TYPES", "JOBS", "LAYERS", "PAGES", "REGISTERS", "ROLES"]

PAGES = (
    pages.board,
    pages.desk,
    work_pages.mine,
    pages.case_page,
    pages.from_register,
    pages.take_step,
    pages.reveal,
    pages.call,
    work_pages.task_page,
    public_pages.report_page,
    public_pages.lookup,
    public_pages.progress,
    open311.discovery,
    open311.georeport,
)
JOBS = (
    escalation.escalate,
    escalation.recompute_clocks,
    escalation.follow_calendars,
    escalation.remind_reviews,
)
ROLES = (
    RoleOffer("cases.clerk", _("案件受理员"), CLERK_PERMISSIONS, 1),
    RoleOffer("cases.chief", _("案件督办人"), CHIEF_PERMISSIONS, 1),
    RoleOffer("cases.handler", _("案件承办人"), ("cases.case.view", "cases.case.handle", "cases.case.add")),
    RoleOffer("cases.program", _("立案程序"), ("cases.case.add", "cases.case.view")),
)
