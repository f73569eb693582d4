"""The page of background work."""

import pytest
from django.test import Client

from qipan.kernel.jobs import defer
from qipan.kernel.jobs.models import DeadLetter
from qipan.kernel.jobs.testing import run_pending, waiting
from qipan.kernel.jobs.tests.people import account, chief
from qipan.kernel.jobs.tests.test_jobs import note


@pytest.fixture
def failed(db: None) -> DeadLetter:
    defer(note, word="never")
    run_pending(raising=False)
    return DeadLetter.objects.get()


def test_the_board_shows_failures_queue_and_timetable(client: Client, failed: DeadLetter) -> None:
    client.force_login(chief("jobs.*"))
    defer(note, word="later")
    text = client.get("/jobs/").content.decode()
    assert "PermanentFailure: no use" in text
    assert f'href="/jobs/{failed.pk}/"' in text
    assert "messages.deliver" in text
    assert "test.note" in text


def test_the_board_is_refused_without_the_permission(client: Client, failed: DeadLetter) -> None:
    client.force_login(account("li"))
    assert client.get("/jobs/").status_code == 403
    assert client.post(f"/jobs/{failed.pk}/settle/", {"what": "replay"}).status_code == 403


def test_a_letter_is_replayed_or_dropped_with_a_reason(client: Client, failed: DeadLetter) -> None:
    client.force_login(chief("jobs.*"))
    assert "raise PermanentFailure" in client.get(f"/jobs/{failed.pk}/").content.decode()
    address = f"/jobs/{failed.pk}/settle/"
    assert client.post(address, {"what": "drop", "reason": " "}).status_code == 400
    assert client.post(address, {"what": "replay"}).status_code == 302
    assert waiting() == [("test.note", {"word": "never"})]
    failed.refresh_from_db()
    assert failed.state == "replayed"
    assert client.post(address, {"what": "drop", "reason": "旧数据"}).status_code == 409
