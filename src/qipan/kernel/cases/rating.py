"""The reporter's judgement of the result, and the call back that a bad one asks for."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.base import events
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.cases.events import CaseRated
from qipan.kernel.cases.models import Case, Rating
from qipan.kernel.cases.permissions import is_reporter
from qipan.kernel.cases.present import now
from qipan.kernel.cases.states import State
from qipan.kernel.cases.wording import Grade
from qipan.kernel.orgs.calendars import worktime

CALL_BACK_DAYS = 5


@transaction.atomic
def rate(
    case: Case, grade: int, text: str = "", *, by: Actor, receipt: str = "", channel: str = "web"
) -> Rating:
    """Rate a closed case within seven days, once per round; a bad grade asks for a call back."""
    require(by, "cases.public.view")
    locked = Case.objects.select_for_update(of=("self",)).select_related("master").get(pk=case.pk)
    if not is_reporter(locked, by, receipt):
        raise Refused((_("只有上报人可以评价(本人账号或回执号)"),))
    if grade not in Grade.values:
        raise InvalidInput("grade", _("请选择评价"))
    at = now()
    _must_be_open_to_rating(locked, at)
    if locked.ratings.filter(round=locked.reopened).exists():
        raise Conflict(_("这件事已经评价过了"))
    bad = grade <= Grade.BAD
    rating = Rating.objects.create(
        case=locked,
        round=locked.reopened,
        grade=grade,
        text=text[:1000],
        at=at,
        channel=channel,
        by=by if isinstance(by, Account) else None,
        call_due_at=worktime("office").add_days(at, CALL_BACK_DAYS, "next_day") if bad else None,
    )
    audit.record(by, "cases.rating.add", rating, changes={"case": locked.pk, "grade": grade})
    events.publish(CaseRated(locked.pk, grade))
    return rating


def _must_be_open_to_rating(case: Case, at: datetime) -> None:
    ended = case.state == State.CLOSED or (case.state == State.MERGED and case.closed_at is not None)
    if not ended or case.rating_until is None:
        raise Conflict(_("办结后才能评价"))
    if at > case.rating_until:
        raise Conflict(_("结案超过7天,评价已截止"))


@transaction.atomic
def call_back(rating: Rating, text: str, *, by: Account) -> Rating:
    """Write down what a dissatisfied reporter said on the phone."""
    locked = Rating.objects.select_for_update().get(pk=rating.pk)
    require(by, "cases.rating.handle", locked.case)
    if locked.call_due_at is None or locked.called_at is not None:
        raise Conflict(_("这条评价不需要回访,或已回访"))
    if not text.strip():
        raise InvalidInput("text", _("请记录回访情况"))
    locked.called_at, locked.called_by, locked.call_text = now(), by, text
    locked.save()
    audit.record(by, "cases.rating.call", locked, changes={"case": locked.case_id})
    return locked
