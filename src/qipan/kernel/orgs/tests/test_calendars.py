"""Calendars in the tables: loading, reading, noticing edits."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from qipan.kernel.orgs.calendars import load_calendars, version, worktime
from qipan.kernel.orgs.models import CalendarDay, WorkCalendar, WorkPattern

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")


def test_loading_gives_three_calendars_and_can_be_repeated() -> None:
    assert load_calendars() == 621 + 150
    assert load_calendars() == 0
    assert set(WorkCalendar.objects.values_list("code", flat=True)) == {"office", "urban", "always"}
    assert WorkPattern.objects.count() == 3


def test_due_times_follow_the_rows() -> None:
    load_calendars()
    start = datetime(2025, 9, 26, 16, 0, tzinfo=ZONE)
    assert worktime("office").add(start, 4 * 3600) == datetime(2025, 9, 28, 11, 0, tzinfo=ZONE)
    assert worktime("urban").add(start, 4 * 3600) == datetime(2025, 9, 27, 8, 0, tzinfo=ZONE)
    assert worktime("always").add(start, 4 * 3600) == datetime(2025, 9, 26, 20, 0, tzinfo=ZONE)


def test_an_edit_is_noticed_and_unchanged_rows_are_read_once() -> None:
    load_calendars()
    before = version("office")
    assert worktime("office") is worktime("office")
    CalendarDay.objects.filter(calendar__code="office", day=date(2025, 9, 28)).update(kind="closed")
    assert version("office") != before
    start = datetime(2025, 9, 26, 16, 0, tzinfo=ZONE)
    assert worktime("office").add(start, 4 * 3600) == datetime(2025, 9, 29, 11, 0, tzinfo=ZONE)


def test_an_entered_day_survives_loading() -> None:
    load_calendars()
    CalendarDay.objects.filter(calendar__code="office", day=date(2025, 9, 28)).update(kind="closed")
    load_calendars()
    assert CalendarDay.objects.get(calendar__code="office", day=date(2025, 9, 28)).kind == "closed"


def test_an_unknown_calendar_is_refused() -> None:
    with pytest.raises(LookupError, match="harvest"):
        worktime("harvest")
