"""What recipients did with their messages: read, confirmed."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.base import events
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Refused
from qipan.kernel.messages.events import DeliveryAcknowledged
from qipan.kernel.messages.models import Channel, Delivery

UNREAD = (Delivery.State.SENT, Delivery.State.DELIVERED)
UNSETTLED = (Delivery.State.QUEUED, *UNREAD, Delivery.State.READ)


def inbox(account: Account) -> QuerySet[Delivery]:
    """The account's own inbox, newest first."""
    rows = Delivery.objects.filter(recipient=account, channel=Channel.INBOX)
    return rows.select_related("message").order_by("-message__created_at", "-pk")


def unread_count(account: Actor) -> int:
    """How many inbox messages the account has not opened; zero for a visitor."""
    if not isinstance(account, Account):
        return 0
    return Delivery.objects.filter(recipient=account, channel=Channel.INBOX, state__in=UNREAD).count()


def mark_read(delivery: Delivery, by: Account) -> None:
    """The recipient opened it; a second time changes nothing. Refused for anybody else."""
    _own(delivery, by)
    Delivery.objects.filter(pk=delivery.pk, state__in=UNREAD).update(state=Delivery.State.READ, read_at=now())
    delivery.refresh_from_db()


def mark_all_read(by: Account) -> int:
    """Everything in the account's inbox counts as read; gives how many were not."""
    unread = Delivery.objects.filter(recipient=by, channel=Channel.INBOX, state__in=UNREAD)
    return unread.update(state=Delivery.State.READ, read_at=now())


def acknowledge(delivery: Delivery, by: Account, text: str = "") -> None:
    """The recipient confirms on every channel of the message; a second time changes nothing.

    Refused for anybody but the recipient.
    """
    _own(delivery, by)
    with transaction.atomic():
        fresh = Delivery.objects.select_for_update().get(pk=delivery.pk)
        if fresh.state == Delivery.State.ACKED:
            return
        rows = Delivery.objects.filter(message=fresh.message, recipient=by, state__in=UNSETTLED)
        rows.filter(read_at__isnull=True).update(read_at=now())
        rows.update(state=Delivery.State.ACKED, acked_at=now(), ack_text=text[:500], next_at=None)
        audit.record(by, "messages.delivery.acknowledge", fresh, reason=text)
        events.publish(DeliveryAcknowledged(fresh.pk, fresh.message.key, by.pk))
    delivery.refresh_from_db()


def _own(delivery: Delivery, by: Account) -> None:
    if delivery.recipient_id != by.pk:
        raise Refused((_("只有收件人本人可以这样做"),))
