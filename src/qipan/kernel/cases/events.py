"""What the cases block tells the others, after the commit."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CaseOpened:
    """A case was reported."""

    case_id: int
    type_code: str


@dataclass(frozen=True)
class CaseStepped:
    """A step was taken; `to_state` is where the case stands now."""

    case_id: int
    step: str
    from_state: str
    to_state: str


@dataclass(frozen=True)
class CaseEscalated:
    """A clock reached a level (80, 100 or 150 per cent of its limit)."""

    case_id: int
    clock: str
    level: int


@dataclass(frozen=True)
class CaseClosed:
    """A case was closed with a confirmed result."""

    case_id: int


@dataclass(frozen=True)
class CaseMerged:
    """A duplicate follows its master from now on."""

    case_id: int
    master_id: int


@dataclass(frozen=True)
class CaseRated:
    """The reporter judged the result, 5 best and 1 worst."""

    case_id: int
    grade: int
