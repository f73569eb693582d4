"""Levels of clocks: each fires once, late ones are marked, nothing fires while suspended."""

from datetime import timedelta

import pytest

from qipan.kernel.cases import escalation
from qipan.kernel.cases.actions import act
from qipan.kernel.cases.models import CaseClock, Escalation
from qipan.kernel.cases.tests.conftest import Clock, County
from qipan.kernel.cases.tests.test_flow import at, smoke
from qipan.kernel.messages.models import Delivery
from qipan.kernel.orgs.models import CalendarDay


def fired() -> list[tuple[str, int, bool]]:
    """What fired so far, in order."""
    return list(Escalation.objects.order_by("pk").values_list("clock__kind", "level", "late"))


def told(county: County, level: str) -> set[str]:
    """Who got a message whose subject begins with a word."""
    rows = Delivery.objects.filter(message__subject__startswith=level)
    return set(rows.values_list("recipient__username", flat=True))


def test_nothing_fires_before_eighty_per_cent(county: County, clock: Clock) -> None:
    smoke(county)
    clock.set(at("2026-03-02 10:35:59"))
    assert escalation.escalate() == 0
    clock.set(at("2026-03-02 10:36:00"))
    assert escalation.escalate() == 1
    assert fired() == [("sign", 80, False)]
    assert told(county, "即将超期") == {"worker", "chief"}
    assert escalation.escalate() == 0


def test_overdue_fires_in_the_first_working_second(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    # eight hours from Monday 09:00 end on Tuesday 09:30
    clock.set(at("2026-03-03 09:30:00"))
    escalation.escalate()
    assert ("handle", 100, False) not in fired()
    clock.set(at("2026-03-03 09:30:01"))
    escalation.escalate()
    assert fired()[-1] == ("handle", 100, False)
    assert {"worker", "clerk", "colleague", "chief"} <= told(county, "已超期")
    clock.set(at("2026-03-03 14:59:00"))
    escalation.escalate()
    assert ("handle", 150, False) not in fired()
    clock.set(at("2026-03-03 15:00:00"))
    escalation.escalate()
    assert fired()[-1] == ("handle", 150, False)
    assert told(county, "严重超期") >= {"chief"}


def test_after_an_outage_each_level_fires_once_and_is_marked_late(county: County, clock: Clock) -> None:
    case = smoke(county)
    clock.set(at("2026-03-02 13:45:00"))
    # the service was away for two hours around the sign limit; the clock then steps back ten minutes
    escalation.escalate()
    clock.set(at("2026-03-02 13:35:00"))
    escalation.escalate()
    clock.set(at("2026-03-02 13:45:00"))
    escalation.escalate()
    sign = [row for row in fired() if row[0] == "sign"]
    assert sign == [("sign", 80, True), ("sign", 100, True), ("sign", 150, True)]
    assert told(county, "补发:已超期")
    assert case.clocks.get(kind="sign").next_level_at is None


def test_a_suspended_task_is_left_in_peace(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "ask_suspension", county.worker, reason="weather", review_on="2026-03-20")
    act(case, "suspend", county.chief)
    clock.set(at("2026-03-13 17:00"))
    assert escalation.escalate() == 0


def test_a_closed_case_never_escalates(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "ask_void", county.clerk, reason="mistake")
    act(case, "void", county.chief, reason="mistake")
    clock.advance(days=30)
    assert escalation.escalate() == 0


def test_a_changed_calendar_moves_open_clocks_only(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    ended = case.clocks.get(kind="sign")
    assert case.clocks.get(kind="handle").due_at == at("2026-03-03 09:30")
    CalendarDay.objects.create(
        calendar_id=_office(), day=at("2026-03-03 00:00").date(), kind=CalendarDay.Kind.CLOSED, name="雪"
    )
    assert escalation.follow_calendars() == 2
    assert case.clocks.get(kind="handle").due_at == at("2026-03-04 09:30")
    assert case.clocks.get(kind="total").due_at == at("2026-03-06 17:30")
    case.refresh_from_db()
    assert case.due_at == at("2026-03-06 17:30")
    unchanged = CaseClock.objects.get(pk=ended.pk)
    assert (unchanged.due_at, unchanged.calendar_version) == (ended.due_at, ended.calendar_version)
    assert escalation.follow_calendars() == 0


def test_a_review_day_reminds_handler_and_approver(county: County, clock: Clock) -> None:
    case = smoke(county)
    act(case, "sign", county.worker)
    act(case, "ask_suspension", county.worker, reason="weather", review_on="2026-03-10")
    act(case, "suspend", county.chief)
    clock.set(at("2026-03-09 09:00"))
    assert escalation.remind_reviews() == 0
    clock.set(at("2026-03-10 09:00"))
    assert escalation.remind_reviews() == 1
    assert told(county, "挂账到期复查") == {"worker", "chief"}


def _office() -> int:
    return CalendarDay.objects.filter(calendar__code="office").values_list("calendar", flat=True)[0]


@pytest.mark.parametrize("hours", [1, 30, 100])
def test_levels_never_fire_twice_however_often_the_job_runs(county: County, clock: Clock, hours: int) -> None:
    smoke(county)
    for _ in range(6):
        clock.advance(hours=hours / 6)
        escalation.escalate()
        escalation.escalate()
    seen = fired()
    assert len(seen) == len(set((kind, level) for kind, level, _late in seen))
    assert all(row.fired_at - row.due_at >= timedelta(0) for row in Escalation.objects.all())
