"""Messages about cases: who hears of what. Each is sent once for its event."""

from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.kernel import messages
from qipan.kernel.access.decide import who_may
from qipan.kernel.access.models import Account
from qipan.kernel.cases.models import Assignment, Case, CaseEvent
from qipan.kernel.orgs.models import Organisation


def people_of(action: str, target: Case | Assignment, organisation: Organisation) -> list[Account]:
    """Who may act on a row: the organisation's own people, or whoever else may when it has none."""
    allowed = who_may(action, target)
    own = [account for account in allowed if account.organisation_id == organisation.pk]
    return own or allowed


def handlers(task: Assignment) -> list[Account]:
    """The named person, else the people of the organisation."""
    return [task.person] if task.person else people_of("cases.case.handle", task, task.organisation)


def task_sent(task: Assignment, event: CaseEvent) -> None:
    """A new task."""
    _tell_task(task, event, _("新任务:%(title)s"), task.case.text or task.case.title)


def task_rework(task: Assignment, event: CaseEvent, text: str) -> None:
    """The result did not hold."""
    _tell_task(task, event, _("返工:%(title)s"), text)


def task_insisted(task: Assignment, event: CaseEvent, text: str) -> None:
    """The return was not accepted."""
    _tell_task(task, event, _("维持派遣:%(title)s"), text)


def task_answered(task: Assignment, event: CaseEvent, text: str) -> None:
    """A request was refused."""
    _tell_task(task, event, _("申请未通过:%(title)s"), text)


def _tell_task(task: Assignment, event: CaseEvent, subject: str, body: str) -> None:
    _send(handlers(task), subject, body, event, reverse("cases:task_page", args=[task.pk]))


def desk_told(case: Case, event: CaseEvent, text: str) -> None:
    """The owner's desk has something to do."""
    people = people_of("cases.case.accept", case, case.desk)
    subject = _("%(state)s:%(title)s") % {"state": case.get_state_display(), "title": "%(title)s"}
    _send(people, subject, text or case.title, event, case.get_absolute_url())


def supervisors_told(case: Case, event: CaseEvent, text: str) -> None:
    """Supervisors should look."""
    people = people_of("cases.case.supervise", case, case.desk)
    _send(people, _("请协调:%(title)s"), text or case.title, event, case.get_absolute_url())


def holders_urged(case: Case, event: CaseEvent, text: str) -> None:
    """Whoever has to act is pressed."""
    tasks = case.assignments.active()
    people = [account for task in tasks for account in handlers(task)]
    people = people or people_of("cases.case.accept", case, case.holder)
    _send(people, _("督办:%(title)s"), text, event, case.get_absolute_url())


def reporter_told(case: Case, event: CaseEvent, text: str) -> None:
    """The reporter, when there is an account; others look with their receipt."""
    if case.reporter is not None:
        link = reverse("cases:progress", args=[case.receipt])
        subject = _("您反映的“%(title)s”:%(state)s") % {
            "title": case.title,
            "state": case.get_state_display(),
        }
        _send([case.reporter], subject, text, event, link, plain=True)


def new_date(case: Case, task: Assignment, event: CaseEvent) -> None:
    """The limit grew: the handler and the reporter hear the new date."""
    text = _("延期申请已同意")
    _tell_task(task, event, _("同意延期:%(title)s"), text)
    if case.due_at is not None:
        reporter_told(case, event, _("办结期限调整为%(at)s") % {"at": f"{case.due_at:%Y-%m-%d}"})


def _send(
    people: list[Account], subject: str, body: str, event: CaseEvent, link: str, *, plain: bool = False
) -> None:
    case = event.case
    messages.send(
        people,
        subject if plain else subject % {"title": case.title},
        body,
        cause=f"cases.case:{case.pk}",
        key=f"cases.event:{event.pk}:{'reporter' if plain else 'staff'}",
        urgent=case.urgent,
        link=link,
    )
