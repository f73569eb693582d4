"""Starting, pausing, extending and stopping the clocks of a case in the tables."""

from datetime import datetime
from typing import Any

from qipan.kernel.base.clock import county_day
from qipan.kernel.cases.clock import Limit, Unit, consumed, due, in_time, next_level, rework_seconds
from qipan.kernel.cases.models import Assignment, Case, CaseClock, ClockPause
from qipan.kernel.cases.states import STATE_CLOCK, State
from qipan.kernel.orgs.calendars import version, worktime

HOUR = 3600


def start(
    case: Case, kind: str, at: datetime, *, assignment: Assignment | None = None, **fields: Any
) -> CaseClock:
    """Start a clock under the limit of the case's type (or the one in `fields`); measures when unlimited."""
    clock = CaseClock(case=case, kind=kind, assignment=assignment, started_at=at)
    row = case.type.limit_for(kind, case.area_grade)
    if fields:
        for name, value in fields.items():
            setattr(clock, name, value)
    elif row is not None:
        _take(clock, row.limit, row.calendar)
    refresh(clock)
    clock.save()
    return clock


def _take(clock: CaseClock, limit: Limit, named: str) -> None:
    clock.amount, clock.unit, clock.day_rule = limit.amount, limit.unit, limit.day_rule
    clock.calendar = limit.calendar(named)


def refresh(clock: CaseClock) -> None:
    """Work out due instant and next level anew; the row is not saved."""
    limit = clock.limit
    if limit is None:
        return
    calendar = worktime(clock.calendar)
    pauses = clock.pause_list() if clock.pk else []
    clock.calendar_version = version(clock.calendar)
    clock.due_at = due(calendar, clock.started_at, limit, pauses)
    if clock.first_due_at is None:
        clock.first_due_at = clock.due_at
    level = next_level(calendar, clock.started_at, limit, pauses, clock.fired)
    clock.next_level, clock.next_level_at = level or (None, None)


def used_seconds(clock: CaseClock, at: datetime) -> float:
    """Working seconds used up to an instant, on the clock's own calendar (all hours when unlimited)."""
    return consumed(worktime(clock.calendar), clock.started_at, at, clock.pause_list())


def stop(clock: CaseClock, at: datetime, *, waived: bool = False) -> None:
    """Stop a clock and judge it; an open pause ends with it."""
    clock.pauses.filter(ended_at__isnull=True).update(ended_at=at)
    refresh(clock)
    clock.stopped_at = at
    clock.consumed_s = used_seconds(clock, at)
    clock.next_level = clock.next_level_at = None
    clock.outcome = _outcome(clock, at, waived)
    clock.save()


def _outcome(clock: CaseClock, at: datetime, waived: bool) -> str:
    if waived:
        return CaseClock.Outcome.WAIVED
    if clock.limit is None or clock.due_at is None:
        return CaseClock.Outcome.NONE
    good = in_time(worktime(clock.calendar), clock.due_at, at)
    return CaseClock.Outcome.IN_TIME if good else CaseClock.Outcome.LATE


def running(case: Case, *kinds: str, assignment: Assignment | None = None) -> list[CaseClock]:
    """Running clocks of some kinds (all when none is named), of one assignment when given."""
    rows = case.clocks.running()
    if kinds:
        rows = rows.filter(kind__in=kinds)
    if assignment is not None:
        rows = rows.filter(assignment=assignment)
    return list(rows)


def stop_all(
    case: Case, *kinds: str, at: datetime, assignment: Assignment | None = None, waived: bool = False
) -> None:
    """Stop the running clocks of some kinds (all when none is named)."""
    for clock in running(case, *kinds, assignment=assignment):
        stop(clock, at, waived=waived)


def change_state(case: Case, source: str, target: str, at: datetime) -> None:
    """Stop the clock of the state that is left and start the one of the state that is entered."""
    if source == target:
        return
    left, entered = STATE_CLOCK.get(State(source)), STATE_CLOCK.get(State(target))
    if left:
        stop_all(case, left, at=at)
    if entered:
        start(case, entered, at)


def pause(clocks: list[CaseClock], cause: str, at: datetime) -> None:
    """Let clocks stand from an instant on; one that already stands is left as it is."""
    for clock in clocks:
        if not clock.pauses.filter(ended_at__isnull=True).exists():
            begin = max(at, clock.started_at)
            ClockPause.objects.create(clock=clock, cause=cause, started_at=begin)
            refresh(clock)
            clock.save()


def resume(clocks: list[CaseClock], cause: str, at: datetime) -> None:
    """Let clocks run again that stand for a cause."""
    for clock in clocks:
        if clock.pauses.filter(ended_at__isnull=True, cause=cause).update(ended_at=at):
            refresh(clock)
            clock.save()


def extend(clock: CaseClock, seconds: float) -> None:
    """Add working seconds to a limit, in its own unit; a day limit by whole days."""
    clock.extended += amount_of(clock, seconds)
    refresh(clock)
    clock.save()


def amount_of(clock: CaseClock, seconds: float) -> float:
    """Working seconds as an amount in a clock's unit, rounded up to whole days under `next_day`."""
    if clock.unit in (Unit.URGENT_HOUR, Unit.WORK_HOUR):
        return seconds / HOUR
    day = 24 * HOUR
    if clock.unit == Unit.WORK_DAY:
        day = worktime(clock.calendar).day_seconds(county_day(clock.started_at))
    return float(-(-seconds // day)) if clock.limit and clock.limit.by_days else seconds / day


def seconds_of(clock: CaseClock, amount: float) -> float:
    """An amount in a clock's unit as working seconds; 0 for a clock without limit."""
    if clock.amount is None:
        return 0.0
    limit = Limit(amount, Unit(clock.unit), clock.day_rule)
    return limit.seconds(worktime(clock.calendar), clock.started_at)


def start_rework(assignment: Assignment, at: datetime) -> CaseClock:
    """The handling clock after a failed check: what was left of the first limit, at least its share.

    The figures keep the first due instant (`first_due_at`).
    """
    case = assignment.case
    first = assignment.clocks.filter(kind="handle").order_by("started_at").first()
    if first is None or first.limit is None:
        return start(case, "handle", at, assignment=assignment)
    allowed = seconds_of(first, first.limit.amount)
    used = sum(
        clock.consumed_s or 0.0 for clock in assignment.clocks.filter(kind="handle", stopped_at__isnull=False)
    )
    left = rework_seconds(allowed, used, case.type.rework_share)
    unit = Unit.URGENT_HOUR if first.calendar == "always" else Unit.WORK_HOUR
    return start(
        case,
        "handle",
        at,
        assignment=assignment,
        amount=left / HOUR,
        unit=unit,
        calendar=first.calendar,
        first_due_at=first.first_due_at,
    )


def repick(case: Case) -> None:
    """Take the limits of the case's present type for its running clocks, from their original start."""
    for clock in running(case):
        row = case.type.limit_for(clock.kind, case.area_grade)
        clock.amount = clock.due_at = clock.next_level_at = clock.first_due_at = None
        if row is not None:
            _take(clock, row.limit, row.calendar)
        refresh(clock)
        clock.save()


def summarise(case: Case) -> None:
    """Set when the whole matter and the present wait are due; the case is not saved.

    The whole matter is due with its total clock, without a total limit with its handling. After
    handling that date stays for the record.
    """
    limited = [clock for clock in running(case) if clock.amount is not None]
    for kind in ("total", "handle"):
        clocks = [clock for clock in limited if clock.kind == kind]
        if clocks:
            case.due_at = _earliest(clocks)
            break
    waits = [clock for clock in limited if clock.kind != "total"]
    case.next_due_at = _earliest(waits or limited)


def _earliest(clocks: list[CaseClock]) -> datetime | None:
    return min((clock.due_at for clock in clocks if clock.due_at is not None), default=None)


def judge(case: Case) -> bool | None:
    """Whether the case kept its limits: the total one, else all of handling; None when there were none."""
    for kind in ("total", "handle"):
        outcomes = set(
            case.clocks.filter(kind=kind, stopped_at__isnull=False).values_list("outcome", flat=True)
        ) & {CaseClock.Outcome.IN_TIME, CaseClock.Outcome.LATE}
        if outcomes:
            return CaseClock.Outcome.LATE not in outcomes
    return None
