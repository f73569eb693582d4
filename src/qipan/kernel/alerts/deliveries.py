"""Handing a published warning to the channels, sending again, and confirmations."""

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.alerts.models import Alert, Recipient, Status
from qipan.kernel.alerts.recipients import unreached
from qipan.kernel.alerts.rules import ChannelTexts, channel_texts
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.messages.models import Delivery, Message
from qipan.kernel.messages.outbox import send
from qipan.kernel.messages.receipts import acknowledge as acknowledge_delivery


def texts_of(alert: Alert) -> ChannelTexts:
    """What every channel says of a warning; an exercise is marked on each."""
    mark = "" if alert.status == Status.ACTUAL else f"【{alert.get_status_display()}】"
    return channel_texts(alert.headline, alert.description, alert.instruction, mark)


def send_messages(alert: Alert, accounts: list[Account]) -> None:
    """Write the messages of a warning; idempotent by alert, account and channel.

    Text messages say less, so they are their own message.
    """
    said = texts_of(alert)
    urgent = alert.colour in ("red", "orange")
    long = tuple(channel for channel in alert.channels if channel != "sms")
    link = f"/alerts/{alert.pk}/"
    if long and accounts:
        send(
            accounts, alert.headline, said.inbox, cause=alert.message_key, key=alert.message_key,
            channels=long, urgent=urgent, link=link,
        )  # fmt: skip
    if "sms" in alert.channels and accounts:
        send(
            accounts, alert.headline, said.sms, cause=alert.message_key, key=f"{alert.message_key}:sms",
            channels=("sms",), urgent=urgent, link=link,
        )  # fmt: skip


@transaction.atomic
def resend(alert: Alert, by: Account, *, channel: str) -> int:
    """Try a further channel for those whom nothing reached; gives how many accounts that were."""
    require(by, "alerts.alert.publish", alert)
    if channel not in ("inbox", "sms", "email", "webhook"):
        raise InvalidInput("channel", _("没有这种渠道:%s") % channel)
    accounts = [row.account for row in unreached(alert)]
    key = alert.message_key if channel != "sms" else f"{alert.message_key}:sms"
    if accounts:
        said = texts_of(alert)
        text = said.sms if channel == "sms" else said.inbox
        send(
            accounts, alert.headline, text, cause=alert.message_key, key=key, channels=(channel,),
            urgent=True, link=f"/alerts/{alert.pk}/",
        )  # fmt: skip
    audit.record(by, "alerts.alert.resend", alert, changes={"channel": channel, "accounts": len(accounts)})
    return len(accounts)


def acknowledge(alert: Alert, by: Account, text: str = "") -> None:
    """A recipient confirms; Refused for somebody to whom the warning was not addressed."""
    if not Recipient.objects.filter(alert=alert, account=by).exists():
        raise Refused((_("这条预警没有发给您"),))
    keys = (alert.message_key, f"{alert.message_key}:sms")
    for message in Message.objects.filter(key__in=keys):
        delivery = Delivery.objects.filter(message=message, recipient=by).first()
        if delivery is not None:
            acknowledge_delivery(delivery, by, text)
