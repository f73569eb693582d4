"""The working calendars of the county as kept in the tables."""

import json
from datetime import date
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext as _

from qipan.kernel.orgs.models import CalendarDay, WorkCalendar, WorkPattern
from qipan.kernel.orgs.worktime import Exceptional, Pattern, WorkTime, parse_week

HOLIDAYS = Path(__file__).resolve().parents[4] / "data/county/cn_holidays.json"
BEGINNING = date(2004, 1, 1)  # the first year of the holiday list
OFFICE_DAY = [["08:30", "12:00"], ["13:30", "17:30"]]
OFFICE_WEEK: list[list[list[str]]] = [OFFICE_DAY] * 5 + [[], []]
URBAN_WEEK = [[["07:00", "19:00"]]] * 7
ALWAYS_WEEK = [[["00:00", "24:00"]]] * 7

# One pass over a few hundred rows inside the database: any edit, by any process, changes the mark.
FINGERPRINT = """
SELECT md5(
    coalesce((SELECT string_agg(concat_ws(' ', valid_from, valid_to, hours), ';' ORDER BY valid_from)
              FROM orgs_workpattern WHERE calendar_id = c.id), '')
    || coalesce((SELECT string_agg(concat_ws(' ', day, kind), ';' ORDER BY day)
                 FROM orgs_calendarday WHERE calendar_id = c.id), ''))
FROM orgs_workcalendar c WHERE c.code = %s
"""


class Kept(NamedTuple):
    """A calendar as last read, with the fingerprint of its rows."""

    version: str
    worktime: WorkTime


_kept: dict[str, Kept] = {}


def version(code: str) -> str:
    """Fingerprint (12 hex digits) of a calendar's rules; LookupError for an unknown calendar."""
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT, [code])
        row = cursor.fetchone()
    if row is None:
        raise LookupError(f"calendar: no calendar has the code {code}")
    return str(row[0])[:12]


def worktime(code: str) -> WorkTime:
    """The arithmetic of a calendar, rebuilt when its rows have changed; LookupError when unknown."""
    present = version(code)
    kept = _kept.get(code)
    if kept is None or kept.version != present:
        kept = Kept(present, _read(code))
        _kept[code] = kept
    return kept.worktime


def _read(code: str) -> WorkTime:
    patterns = [
        Pattern(row.valid_from, row.valid_to, parse_week(row.hours))
        for row in WorkPattern.objects.filter(calendar__code=code)
    ]
    days = CalendarDay.objects.filter(calendar__code=code).values_list("day", "kind")
    return WorkTime.from_rules(patterns, {day: Exceptional(kind) for day, kind in days})


@transaction.atomic
def load_calendars(path: Path = HOLIDAYS) -> int:
    """Make the calendars `office`, `urban` and `always`, and add holidays that `office` lacks.

    `path` is JSON with `holidays` and `workdays`, each date → name. Days and hours that the county has
    entered stay as they are. Returns how many days were added; doing it twice adds nothing.
    """
    for code, name, week in (
        ("office", _("机关工作时间"), OFFICE_WEEK),
        ("urban", _("城市管理作业时间"), URBAN_WEEK),
        ("always", _("全天候"), ALWAYS_WEEK),
    ):
        calendar, made = WorkCalendar.objects.get_or_create(code=code, defaults={"name": name})
        if made:
            WorkPattern.objects.create(calendar=calendar, valid_from=BEGINNING, hours=week)
    rows = json.loads(path.read_text(encoding="utf-8"))
    office = WorkCalendar.objects.get(code="office")
    known = set(CalendarDay.objects.filter(calendar=office).values_list("day", flat=True))
    fresh = [
        CalendarDay(calendar=office, day=day, kind=kind, name=name)
        for kind, names in (
            (CalendarDay.Kind.HOLIDAY, rows["holidays"]),
            (CalendarDay.Kind.WORKDAY, rows["workdays"]),
        )
        for day, name in ((date.fromisoformat(text), name) for text, name in names.items())
        if day not in known
    ]
    return len(CalendarDay.objects.bulk_create(fresh))
