"""Tables of the cases block."""

from qipan.kernel.cases.models.case import Case, CaseCounter, CaseEvent, CaseLink, CaseRows, CauseLink
from qipan.kernel.cases.models.clocks import CaseClock, ClockPause, ClockRows, Escalation
from qipan.kernel.cases.models.evidence import CasePhoto, Rating
from qipan.kernel.cases.models.types import CaseTypeRow, CaseTypeSet, TimeLimitRow
from qipan.kernel.cases.models.work import Assignment, Extension, ReturnSlip, Suspension

__all__ = [
    "Assignment",
    "Case",
    "CaseClock",
    "CaseCounter",
    "CaseEvent",
    "CaseLink",
    "CasePhoto",
    "CaseRows",
    "CaseTypeRow",
    "CaseTypeSet",
    "CauseLink",
    "ClockPause",
    "ClockRows",
    "Escalation",
    "Extension",
    "Rating",
    "ReturnSlip",
    "Suspension",
    "TimeLimitRow",
]
