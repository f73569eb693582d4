"""A person's messages in the browser."""

import pytest
from django.test import Client

from qipan.kernel import messages
from qipan.kernel.access.models import Account


@pytest.fixture
def li(db: None) -> Account:
    row = Account.objects.create(username="li", name="李明", kind="staff")
    for number in (1, 2):
        messages.send([row], f"新事件 {number}", "请处理", cause="cases.case:1", key=f"case:{number}")
    return row


def test_reading_confirming_and_marking_all_read(client: Client, li: Account) -> None:
    client.force_login(li)
    text = client.get("/messages/").content.decode()
    assert "新事件 1" in text
    assert "新事件 2" in text
    first = li.deliveries.get(message__key="case:1")
    assert "请处理" in client.get(f"/messages/{first.pk}/").content.decode()
    assert messages.unread_count(li) == 1
    assert client.post(f"/messages/{first.pk}/acknowledge/", {"text": "收到"}).status_code == 302
    assert "收到" in client.get(f"/messages/{first.pk}/").content.decode()
    assert "新事件 1" not in client.get("/messages/?show=unread").content.decode()
    assert client.post("/messages/read/").status_code == 302
    assert "没有未读消息。" in client.get("/messages/?show=unread").content.decode()


def test_other_peoples_messages_do_not_exist(client: Client, li: Account) -> None:
    other = Account.objects.create(username="zhang", name="张红", kind="staff")
    client.force_login(other)
    delivery = li.deliveries.first()
    assert delivery is not None
    assert client.get(f"/messages/{delivery.pk}/").status_code == 404
    assert "还没有收到消息" in client.get("/messages/").content.decode()


def test_visitors_are_sent_to_sign_in(client: Client, db: None) -> None:
    answer = client.get("/messages/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/messages/")
