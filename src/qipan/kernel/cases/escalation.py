"""Clocks that reach 80, 100 and 150 per cent of their limit: each level fires once, also after an outage."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel import messages
from qipan.kernel.access import audit
from qipan.kernel.access.models import Account
from qipan.kernel.base import events
from qipan.kernel.base.clock import county_day, local, now
from qipan.kernel.cases import timing
from qipan.kernel.cases.events import CaseEscalated
from qipan.kernel.cases.models import Case, CaseClock, Escalation, Suspension
from qipan.kernel.cases.notices import handlers, people_of
from qipan.kernel.cases.states import OPEN
from qipan.kernel.jobs import job
from qipan.kernel.orgs.calendars import version

BATCH = 500
LATE_AFTER = timedelta(minutes=5)  # a worker that is up is never this far behind


@job(name="cases.escalate", cron="* * * * *")
def escalate() -> int:
    """Fire every level that is due; how many fired."""
    fired = 0
    for _round in range(BATCH):
        if not _fire_one(now()):
            break
        fired += 1
    return fired


@transaction.atomic
def _fire_one(at: datetime) -> bool:
    clock = (
        CaseClock.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("case__type", "case__desk", "case__holder", "assignment__organisation")
        .filter(stopped_at__isnull=True, next_level_at__lte=at, case__state__in=tuple(OPEN))
        .order_by("next_level_at", "pk")
        .first()
    )
    if clock is None or clock.next_level is None or clock.next_level_at is None:
        return False
    level, meant = clock.next_level, clock.next_level_at
    late = at - meant > LATE_AFTER
    row, made = Escalation.objects.get_or_create(
        clock=clock, level=level, defaults={"due_at": meant, "fired_at": at, "late": late}
    )
    if made:
        people = recipients(clock, level)
        row.recipients = len(people)
        row.save(update_fields=["recipients"])
        _tell(clock, row, people)
        changes = {"clock": clock.kind, "level": level, "late": late}
        audit.record(None, "cases.case.escalate", clock.case, changes=changes)
        events.publish(CaseEscalated(clock.case_id, clock.kind, level))
    clock.fired = level
    timing.refresh(clock)
    clock.save()
    return True


def recipients(clock: CaseClock, level: int) -> list[Account]:
    """80: who has to act and their head; 100: the desk as well; 150: supervisors as well."""
    case = clock.case
    people = _actors(clock)
    people += people_of("cases.case.approve", case, case.holder)
    if level >= 100:
        people += people_of("cases.case.accept", case, case.desk)
    if level >= 150:
        people += people_of("cases.case.supervise", case, case.desk)
    return list({account.pk: account for account in people}.values())


def _actors(clock: CaseClock) -> list[Account]:
    if clock.assignment is not None:
        return handlers(clock.assignment)
    if clock.kind == "total":
        return [account for task in clock.case.assignments.active() for account in handlers(task)]
    return people_of("cases.case.accept", clock.case, clock.case.desk)


def _tell(clock: CaseClock, row: Escalation, people: list[Account]) -> None:
    case: Case = clock.case
    subject = {
        80: _("即将超期:%(title)s"),
        100: _("已超期:%(title)s"),
        150: _("严重超期:%(title)s"),
    }[row.level] % {"title": case.title}
    due_at = f"{local(clock.due_at):%Y-%m-%d %H:%M}" if clock.due_at else ""
    body = _("%(number)s %(clock)s环节,期限%(due)s") % {
        "number": case.number,
        "clock": clock.get_kind_display(),
        "due": due_at,
    }
    messages.send(
        people,
        _("补发:%(subject)s") % {"subject": subject} if row.late else subject,
        body,
        cause=f"cases.case:{case.pk}",
        key=f"cases.escalation:{row.pk}",
        urgent=case.urgent,
        link=case.get_absolute_url(),
    )


@job(name="cases.follow_calendars", cron="*/15 * * * *")
def follow_calendars() -> int:
    """Notice calendars that were edited since their running clocks were reckoned; how many clocks moved."""
    running = CaseClock.objects.running().limited()
    moved = 0
    for code, held in set(running.values_list("calendar", "calendar_version")):
        if version(code) != held:
            moved += recompute_clocks(code)
    return moved


@job(name="cases.remind_reviews", cron="0 9 * * *")
def remind_reviews() -> int:
    """Tell desk and handler of suspensions whose review day has come; how many there are."""
    due = Suspension.objects.filter(granted=True, ended_at__isnull=True, review_on__lte=county_day(now()))
    for asked in due.select_related("assignment__case__desk", "assignment__organisation"):
        task = asked.assignment
        people = [*handlers(task), *people_of("cases.case.approve", task.case, task.case.desk)]
        messages.send(
            {account.pk: account for account in people}.values(),
            _("挂账到期复查:%(title)s") % {"title": task.case.title},
            _("复查日期%(day)s") % {"day": asked.review_on},
            cause=f"cases.case:{task.case_id}",
            key=f"cases.review:{asked.pk}:{county_day(now())}",
            link=task.case.get_absolute_url(),
        )
    return len(due)


@job(name="cases.recompute", queue="default")
def recompute_clocks(calendar: str) -> int:
    """Work out the running clocks of a calendar anew after it was edited; how many moved.

    Ended clocks keep the calendar under which they were judged.
    """
    moved = []
    clocks = CaseClock.objects.running().limited().filter(calendar=calendar)
    for pk in list(clocks.values_list("pk", flat=True)):
        change = _recompute_one(pk)
        if change:
            moved.append(change)
    if moved:
        audit.record(None, "cases.clock.recompute", None, changes={"calendar": calendar, "clocks": moved})
    return len(moved)


@transaction.atomic
def _recompute_one(pk: int) -> dict[str, object] | None:
    clock = CaseClock.objects.select_for_update(of=("self",)).filter(pk=pk, stopped_at__isnull=True).first()
    if clock is None:
        return None
    before = clock.due_at
    timing.refresh(clock)
    clock.save()
    if clock.due_at == before:
        return None
    case = Case.objects.select_for_update(of=("self",)).get(pk=clock.case_id)
    timing.summarise(case)
    case.save(update_fields=["due_at", "next_due_at", "updated_at"])
    return {"clock": clock.pk, "before": before, "after": clock.due_at}
