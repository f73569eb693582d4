"""Messages: written once, sent by every channel, retried, kept quiet at night, receipted."""

import email
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import time_machine
from django.db import transaction
from pytest_django import Settings

from qipan.kernel import messages
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import COUNTY_ZONE
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.messages import outbox, receipts
from qipan.kernel.messages.models import Delivery, Message, Webhook
from qipan.kernel.messages.rules import after_quiet, parse_hours, retry_after

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)


class Gateway(BaseHTTPRequestHandler):
    """Takes posts; answers with the status that the test asks for."""

    status: ClassVar[int] = 200
    seen: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        """Keep what came."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"receipt-1")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the console."""


@pytest.fixture
def gateway() -> Iterator[str]:
    Gateway.status, Gateway.seen[:] = 200, []
    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/send"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def li(db: None, settings: Settings, tmp_path: Path) -> Account:
    settings.QIPAN_HOME = tmp_path
    return Account.objects.create(
        username="li", name="李明", kind="staff", phone="13800000000", email="li@example.org"
    )


def send(*accounts: Account, key: str = "case:1:opened", **options: Any) -> Message:
    return messages.send(accounts, "新事件", "柳林西街路面塌陷", cause="cases.case:1", key=key, **options)


def test_an_inbox_message_is_there_at_once_and_read_once(li: Account) -> None:
    send(li, link="/cases/1/")
    assert messages.unread_count(li) == 1
    delivery = receipts.inbox(li).get()
    assert (delivery.state, delivery.message.link) == ("delivered", "/cases/1/")
    messages.mark_read(delivery, li)
    first = delivery.read_at
    messages.mark_read(delivery, li)
    assert (delivery.state, delivery.read_at) == ("read", first)
    assert messages.unread_count(li) == 0


def test_sending_twice_with_one_key_adds_only_what_is_missing(li: Account) -> None:
    send(li)
    zhang = Account.objects.create(username="zhang", name="张红", kind="staff")
    send(li, zhang)
    send(li, channels=("inbox", "sms"))
    assert Message.objects.count() == 1
    rows = Delivery.objects.order_by("pk").values_list("recipient__username", "channel")
    assert list(rows) == [("li", "inbox"), ("zhang", "inbox"), ("li", "sms")]


def test_nothing_is_sent_when_the_transaction_fails(li: Account) -> None:
    with pytest.raises(RuntimeError, match="undo"), transaction.atomic():
        send(li)
        raise RuntimeError("undo")
    assert not Message.objects.exists()


def test_unknown_channels_and_empty_subjects_are_refused(li: Account) -> None:
    with pytest.raises(InvalidInput) as caught:
        send(li, channels=("pigeon",))
    assert caught.value.field == "channels"
    with pytest.raises(InvalidInput) as caught:
        messages.send([li], " ", "x", cause="c", key="k")
    assert caught.value.field == "subject"


def test_mail_without_a_server_becomes_a_file_that_mail_programs_read(li: Account, tmp_path: Path) -> None:
    send(li, channels=("email",), link="/cases/1/")
    assert outbox.deliver_due() == 1
    delivery = Delivery.objects.get()
    assert delivery.state == "sent"
    (path,) = (tmp_path / "outbox").iterdir()
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (mail["To"], mail["Subject"]) == ("li@example.org", "新事件")
    assert mail["Message-ID"] == delivery.receipt
    assert mail.get_content() == "柳林西街路面塌陷\n\nhttp://127.0.0.1:8000/cases/1/\n"


def test_text_messages_go_to_the_gateway(li: Account, settings: Settings, gateway: str) -> None:
    settings.QIPAN_SMS_URL, settings.QIPAN_SMS_TOKEN = gateway, "secret"
    send(li, channels=("sms",), urgent=True)
    assert outbox.deliver_due() == 1
    ((headers, body),) = Gateway.seen
    delivery = Delivery.objects.get()
    assert headers["authorization"] == "Bearer secret"
    assert json.loads(body) == {
        "id": delivery.pk,
        "phone": "13800000000",
        "text": "【新事件】柳林西街路面塌陷",
    }
    assert (delivery.state, delivery.receipt) == ("sent", "receipt-1")


def test_a_failing_gateway_is_tried_seven_times_and_then_given_up(
    li: Account, settings: Settings, gateway: str
) -> None:
    settings.QIPAN_SMS_URL, Gateway.status = gateway, 503
    with time_machine.travel(NOON, tick=False) as clock:
        send(li, channels=("sms",), urgent=True)
        assert outbox.deliver_due() == 1
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.attempts) == ("queued", 1)
        assert delivery.next_at == NOON + timedelta(minutes=1)
        assert delivery.error == "OSError: HTTP 503: receipt-1"
        assert outbox.deliver_due() == 0
        for _ in range(6):
            clock.shift(timedelta(hours=6))
            assert outbox.deliver_due() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("failed", 7)
    assert delivery.next_at is None
    assert len(Gateway.seen) == 7


def test_no_phone_number_fails_at_once_with_the_reason(li: Account) -> None:
    li.phone = ""
    li.save()
    send(li, channels=("sms",), urgent=True)
    outbox.deliver_due()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.error) == ("failed", 1, "收件人没有登记手机号")


def test_webhooks_are_signed(li: Account, gateway: str) -> None:
    Webhook.objects.create(account=li, url=gateway, secret="s3")
    send(li, channels=("webhook",))
    outbox.deliver_due()
    ((headers, body),) = Gateway.seen
    assert headers["x-qipan-signature"] == "sha256=" + hmac.new(b"s3", body, hashlib.sha256).hexdigest()
    assert json.loads(body)["key"] == "case:1:opened"


def test_text_messages_wait_for_the_morning_unless_urgent(li: Account) -> None:
    with time_machine.travel(NIGHT, tick=False):
        send(li, channels=("sms",))
        send(li, key="alert:9", channels=("sms",), urgent=True)
        assert outbox.deliver_due() == 1
        waiting = Delivery.objects.get(state="queued")
        assert waiting.next_at == datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
        assert waiting.message.key == "case:1:opened"


@pytest.mark.parametrize(
    ("hours", "clock", "expected"),
    [
        ("21:00-07:00", "2026-03-04T20:59", "2026-03-04T20:59"),
        ("21:00-07:00", "2026-03-04T21:00", "2026-03-05T07:00"),
        ("21:00-07:00", "2026-03-05T06:59", "2026-03-05T07:00"),
        ("21:00-07:00", "2026-03-05T07:00", "2026-03-05T07:00"),
        ("12:00-14:00", "2026-03-05T13:00", "2026-03-05T14:00"),
        ("12:00-14:00", "2026-03-05T14:00", "2026-03-05T14:00"),
        ("", "2026-03-05T03:00", "2026-03-05T03:00"),
    ],
)
def test_quiet_hours(hours: str, clock: str, expected: str) -> None:
    at = datetime.fromisoformat(clock).replace(tzinfo=COUNTY_ZONE)
    assert after_quiet(at, parse_hours(hours)) == datetime.fromisoformat(expected).replace(tzinfo=COUNTY_ZONE)


def test_hours_and_retries_as_written() -> None:
    assert parse_hours("21:00-07:30") == (time(21), time(7, 30))
    assert [retry_after(n) for n in (1, 6, 7)] == [timedelta(minutes=1), timedelta(hours=6), None]


def test_only_the_recipient_confirms_and_every_channel_is_settled(li: Account) -> None:
    zhang = Account.objects.create(username="zhang", name="张红", kind="staff")
    send(li, channels=("inbox", "sms"))
    delivery = receipts.inbox(li).get()
    with pytest.raises(Refused):
        messages.acknowledge(delivery, zhang, "收到")
    messages.acknowledge(delivery, li, "收到,马上去")
    rows = list(Delivery.objects.values_list("state", "ack_text"))
    assert rows == [("acked", "收到,马上去")] * 2
    assert outbox.deliver_due() == 0
