"""The ladder of calls: who is on duty in each township must confirm in time, else the next one is called."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.alerts.models import Alert, CallOut, State
from qipan.kernel.alerts.recipients import ladder, ladders
from qipan.kernel.alerts.rules import ACKNOWLEDGE_MINUTES, township_of
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.messages.outbox import send


def start(alert: Alert) -> None:
    """Call the first person of every township that the warning holds in; exercises are called as well."""
    codes = sorted({township_of(area.code) for area in alert.areas.all()})
    for code, people in ladders(codes, alert.event).items():
        _call(alert, code, 1, people)


def _call(alert: Alert, code: str, step: int, people: list[Account]) -> bool:
    """Call the person on this rung; False when the ladder is at its end."""
    called = set(CallOut.objects.filter(alert=alert, code=code).values_list("account", flat=True))
    person = next((each for each in people if each.pk not in called), None)
    if person is None:
        return False
    at = now()
    CallOut.objects.get_or_create(
        alert=alert, code=code, step=step,
        defaults={
            "account": person, "called_at": at,
            "due_at": at + timedelta(minutes=ACKNOWLEDGE_MINUTES[alert.colour]),
        },
    )  # fmt: skip
    send(
        [person], _("叫应:%s") % alert.headline, alert.description, cause=alert.message_key,
        key=f"{alert.message_key}:call:{code}:{step}", channels=("inbox", "sms"), urgent=True,
        link=f"/alerts/{alert.pk}/",
    )  # fmt: skip
    return True


def escalate_due() -> int:
    """Go up one rung wherever nobody confirmed in time; gives how many people were called."""
    overdue = CallOut.objects.filter(
        reached_at__isnull=True, escalated_at__isnull=True, due_at__lte=now(), alert__state=State.ACTIVE
    )
    return sum(_escalate(row) for row in overdue)


@transaction.atomic
def _escalate(row: CallOut) -> bool:
    call = CallOut.objects.select_for_update(of=("self",)).select_related("alert").get(pk=row.pk)
    if call.reached_at or call.escalated_at:
        return False
    call.escalated_at = now()
    call.save(update_fields=["escalated_at"])
    return _call(call.alert, call.code, call.step + 1, ladder(call.code, call.alert.event))


@transaction.atomic
def record_call(call: CallOut, by: Account, *, how: str, note: str = "") -> CallOut:
    """The duty officer notes that the person was reached by phone or otherwise; once."""
    require(by, "alerts.alert.submit", call.alert)
    if how not in CallOut.How.values:
        raise InvalidInput("how", _("没有这种应答方式"))
    call = CallOut.objects.select_for_update().get(pk=call.pk)
    if call.reached_at is None:
        call.reached_at, call.how, call.note, call.recorded_by = now(), how, note[:300], by
        call.save()
        audit.record(by, "alerts.callout.record", call, changes={"how": how}, reason=note)
    return call


def reached(alert_id: int, account_id: int) -> None:
    """The person confirmed by the message itself."""
    open_calls = CallOut.objects.filter(alert=alert_id, account=account_id, reached_at__isnull=True)
    open_calls.update(reached_at=now(), how=CallOut.How.WEB)
