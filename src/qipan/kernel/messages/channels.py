"""The ways out of the house: mail, text message, webhook; files in place of what is not set up.

Settings: QIPAN_SMTP_URL (smtp://user:password@host:587, smtps:// for TLS from the start),
QIPAN_MAIL_FROM, QIPAN_SMS_URL (HTTP gateway), QIPAN_SMS_TOKEN. Without a mail server or gateway the
message is written to QIPAN_HOME/outbox, where an operator or another program picks it up.
"""

import hashlib
import hmac
import json
import os
import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from django.conf import settings
from django.utils.translation import gettext as _

from qipan.kernel.base.clock import local
from qipan.kernel.messages.models import Channel, Delivery, Webhook

TIMEOUT_S = 15
RECEIPT_LENGTH = 200


class NoAddress(Exception):  # noqa: N818 - named after what it says about the recipient
    """The recipient cannot be reached by this channel; trying again is no use."""


def setting(name: str, default: str = "") -> str:
    """A site setting: from Django's settings or else from the environment."""
    return str(getattr(settings, name, "") or os.environ.get(name, default))


def _drop(name: str, data: bytes) -> str:
    """Write a message to the outbox folder whole or not at all; gives the file's name."""
    folder = Path(settings.QIPAN_HOME) / "outbox"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{name}.part"
    part.write_bytes(data)
    part.replace(folder / name)
    return name


def email(delivery: Delivery) -> str:
    """Send by SMTP or write an .eml file; gives the Message-ID."""
    if not delivery.recipient.email:
        raise NoAddress(_("收件人没有登记邮箱"))
    message = delivery.message
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = setting("QIPAN_MAIL_FROM", "noreply@localhost")
    mail["To"] = delivery.recipient.email
    mail["Date"] = format_datetime(local(message.created_at))
    # The same for every try, so that a mail sent twice after a crash is shown once.
    mail["Message-ID"] = f"<delivery.{delivery.pk}@{make_msgid(domain='qipan').rsplit('@', 1)[1]}"
    mail.set_content(message.body + (f"\n\n{_absolute(message.link)}" if message.link else ""))
    url = setting("QIPAN_SMTP_URL")
    if url:
        _smtp(url, mail)
    else:
        _drop(f"mail-{delivery.pk}.eml", mail.as_bytes())
    return str(mail["Message-ID"])


def _absolute(link: str) -> str:
    base = setting("BASE_URL").rstrip("/")
    return f"{base}{link}" if link.startswith("/") else link


def _smtp(url: str, mail: EmailMessage) -> None:
    parts = urlsplit(url)
    make = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with make(parts.hostname or "localhost", parts.port or 0, timeout=TIMEOUT_S) as server:
        if parts.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(mail)


def sms(delivery: Delivery) -> str:
    """Post to the gateway or write a .json file; gives the gateway's answer."""
    phone = delivery.recipient.phone
    if not phone:
        raise NoAddress(_("收件人没有登记手机号"))
    text = f"【{delivery.message.subject}】{delivery.message.body}"
    body = json.dumps({"id": delivery.pk, "phone": phone, "text": text}, ensure_ascii=False).encode()
    url = setting("QIPAN_SMS_URL")
    if not url:
        return _drop(f"sms-{delivery.pk}.json", body)
    token = setting("QIPAN_SMS_TOKEN")
    return _post(url, body, {"Authorization": f"Bearer {token}"} if token else {})


def webhook(delivery: Delivery) -> str:
    """Post the message, signed with the receiver's secret (X-Qipan-Signature: sha256=HMAC of the body)."""
    hook = Webhook.objects.filter(account=delivery.recipient, active=True).first()
    if hook is None:
        raise NoAddress(_("收件人没有登记回调地址"))
    message = delivery.message
    body = json.dumps(
        {
            "id": delivery.pk,
            "key": message.key,
            "cause": message.cause,
            "subject": message.subject,
            "body": message.body,
            "link": _absolute(message.link),
            "urgent": message.urgent,
            "created_at": message.created_at.isoformat(),
        },
        ensure_ascii=False,
    ).encode()
    digest = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
    return _post(hook.url, body, {"X-Qipan-Signature": f"sha256={digest}"})


def _post(url: str, body: bytes, headers: dict[str, str]) -> str:
    if urlsplit(url).scheme not in ("http", "https"):
        raise NoAddress(_("地址不是 http 或 https:%s") % url)
    request = Request(url, body, {"Content-Type": "application/json; charset=utf-8", **headers})
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:
            return str(answer.read(RECEIPT_LENGTH).decode("utf-8", "replace"))
    except HTTPError as error:
        detail = error.read(RECEIPT_LENGTH).decode("utf-8", "replace")
        raise OSError(f"HTTP {error.code}: {detail}") from error


SENDERS: dict[str, Callable[[Delivery], str]] = {
    Channel.EMAIL: email,
    Channel.SMS: sms,
    Channel.WEBHOOK: webhook,
}
