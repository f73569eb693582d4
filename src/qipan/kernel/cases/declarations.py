"""What a module declares about the cases it handles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from qipan.kernel.cases.clock import Unit
from qipan.kernel.cases.states import CLOCKS, PROFILES, FlowProfile, Party, State

__all__ = ["CaseType", "FlowProfile", "Party", "State", "TimeLimit"]

Text = str | Promise

KINDS = ("component", "event", "dispute", "hazard", "call", "repair", "question")
EVIDENCE = ("photo_before", "photo_after", "signature", "reading")
PRIVACY = ("open", "masked", "restricted", "secret")
RULES = ("grid_worker", "division_org", "owner", "hand")


@dataclass(frozen=True)
class TimeLimit:
    """How long one clock of a type may run.

    ``clock``: accept, verify, file, dispatch, sign, handle, check, close or total. ``amount`` in ``unit``:
    urgent_hour (around the clock), work_hour, work_day (``day_rule`` elapsed or next_day), calendar_day.
    ``source`` cites where the limit comes from.
    """

    clock: str
    amount: float
    unit: str
    day_rule: str = "elapsed"
    calendar: str = "office"
    area_grade: str = "*"
    source: str = ""

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise ValueError(f"clock: {self.clock} is none of {', '.join(CLOCKS)}")
        if self.amount <= 0:
            raise ValueError(f"amount: {self.amount} is not positive")
        if self.day_rule not in ("elapsed", "next_day"):
            raise ValueError(f"day_rule: {self.day_rule} is neither elapsed nor next_day")
        Unit(self.unit)


@dataclass(frozen=True)
class CaseType:
    """A kind of matter that the county handles.

    ``code`` begins with the module's label ("environment.high_value"). ``flow`` names a profile.
    ``filing`` and ``closing`` are conditions ticked by the person who files or closes. ``evidence`` is what a
    handler must bring. ``attributes`` is a JSON schema of extra fields. ``dispatch`` chooses the assignee:
    "grid_worker" (of the case's grid, else the township), "division_org" (township office), "owner" (the
    organisation that owns the case), "org:<credit code>", or "hand" (a dispatcher decides).
    """

    code: str
    name: Text
    kind: str
    flow: str
    limits: tuple[TimeLimit, ...]
    filing: tuple[Text, ...] = ()
    closing: tuple[Text, ...] = ()
    evidence: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    public: bool = False
    severity: int = 3
    verify_first: bool = False
    dispatch: str = "grid_worker"
    privacy: str = "open"
    description: Text = ""
    keywords: tuple[str, ...] = ()
    parent: str = ""
    max_extensions: int = 1
    rework_share: float = 0.5
    needs_place: bool = True
    owner: str = ""

    def __post_init__(self) -> None:
        for value, known, name in (
            (self.kind, KINDS, "kind"),
            (self.flow, tuple(PROFILES), "flow"),
            (self.privacy, PRIVACY, "privacy"),
        ):
            if value not in known:
                raise ValueError(f"{name}: {value} is none of {', '.join(known)}")
        if wrong := set(self.evidence) - set(EVIDENCE):
            raise ValueError(f"evidence: {', '.join(sorted(wrong))} unknown")
        if self.dispatch not in RULES and not self.dispatch.startswith("org:"):
            raise ValueError(f"dispatch: {self.dispatch} is no rule")
        if not 1 <= self.severity <= 4:
            raise ValueError(f"severity: {self.severity} is not 1 to 4")
        if not 0 < self.rework_share <= 1:
            raise ValueError(f"rework_share: {self.rework_share} is no share")
        seen = [(limit.clock, limit.area_grade) for limit in self.limits]
        if len(seen) != len(set(seen)):
            raise ValueError(f"limits: {self.code} has two for one clock and area")
