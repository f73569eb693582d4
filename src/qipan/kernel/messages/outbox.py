"""The outbox: messages are written with the caller's transaction and sent after it, at least once."""

import logging
from collections.abc import Iterable
from datetime import datetime, time

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from qipan.kernel.access.models import Account
from qipan.kernel.base import events
from qipan.kernel.base.clock import local, now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.messages.channels import RECEIPT_LENGTH, SENDERS, NoAddress
from qipan.kernel.messages.events import MessageQueued
from qipan.kernel.messages.models import Channel, Delivery, Message
from qipan.kernel.messages.rules import after_quiet, parse_hours, retry_after

logger = logging.getLogger(__name__)
DEFAULT_QUIET = "21:00-07:00"
# Channels that wake people up.
LOUD = frozenset({Channel.SMS})


@transaction.atomic
def send(
    recipients: Iterable[Account],
    subject: str,
    body: str,
    *,
    cause: str,
    key: str,
    channels: tuple[str, ...] = ("inbox",),
    urgent: bool = False,
    link: str = "",
) -> Message:
    """Write a message to every recipient by every channel; it leaves once the transaction commits.

    Idempotent by (key, recipient, channel): a second call adds only what is missing. ``cause`` says
    what led to it ("cases.case:12"). Text messages that are not urgent wait for the end of the quiet
    hours. InvalidInput for an unknown channel or an empty subject.
    """
    _check(subject, channels)
    created = now()
    message, _made = Message.objects.get_or_create(
        key=key,
        defaults={
            "cause": cause,
            "subject": subject.strip()[:200],
            "body": body,
            "link": link,
            "urgent": urgent,
            "created_at": created,
        },
    )
    wanted = [
        _delivery(message, account, channel, created)
        for account in {account.pk: account for account in recipients}.values()
        for channel in channels
    ]
    Delivery.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=1000)
    if any(delivery.state == Delivery.State.QUEUED for delivery in wanted):
        events.publish(MessageQueued(message.pk))
    return message


def _check(subject: str, channels: tuple[str, ...]) -> None:
    unknown = set(channels) - set(Channel.values)
    if unknown:
        raise InvalidInput("channels", _("没有这种渠道:%s") % ", ".join(sorted(unknown)))
    if not subject.strip():
        raise InvalidInput("subject", _("标题不能为空"))


def _delivery(message: Message, account: Account, channel: str, at: datetime) -> Delivery:
    if channel == Channel.INBOX:
        # The row itself is the inbox entry: it is there at once.
        return Delivery(
            message=message,
            recipient=account,
            channel=channel,
            state=Delivery.State.DELIVERED,
            sent_at=at,
            delivered_at=at,
        )
    due = at if message.urgent or channel not in LOUD else after_quiet(local(at), _quiet_hours())
    return Delivery(message=message, recipient=account, channel=channel, next_at=due)


def _quiet_hours() -> tuple[time, time] | None:
    return parse_hours(getattr(settings, "QIPAN_QUIET_HOURS", DEFAULT_QUIET))


def deliver_due(limit: int = 1000) -> int:
    """Send what is due, each delivery in its own transaction; gives how many were tried.

    Several workers may run this at once: each takes rows that nobody else holds.
    """
    for count in range(limit):
        if not _deliver_one():
            return count
    return limit


@transaction.atomic
def _deliver_one() -> bool:
    due = Q(state=Delivery.State.QUEUED) & (Q(next_at__isnull=True) | Q(next_at__lte=now()))
    delivery = (
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("message", "recipient")
        .filter(due)
        .order_by("-message__urgent", "next_at", "pk")
        .first()
    )
    if delivery is None:
        return False
    delivery.attempts += 1
    try:
        with transaction.atomic():
            receipt = SENDERS[delivery.channel](delivery)
    except NoAddress as error:
        _give_up(delivery, str(error))
    except Exception as error:
        _fail(delivery, error)
    else:
        delivery.state = Delivery.State.SENT
        delivery.sent_at = now()
        delivery.receipt = receipt[:RECEIPT_LENGTH]
        delivery.error = ""
    delivery.save()
    return True


def _fail(delivery: Delivery, error: Exception) -> None:
    logger.warning("delivery %s by %s failed: %s", delivery.pk, delivery.channel, error)
    wait = retry_after(delivery.attempts)
    if wait is None:
        _give_up(delivery, f"{type(error).__name__}: {error}")
        return
    delivery.error = f"{type(error).__name__}: {error}"
    delivery.next_at = now() + wait


def _give_up(delivery: Delivery, reason: str) -> None:
    delivery.state = Delivery.State.FAILED
    delivery.error = reason
    delivery.next_at = None
