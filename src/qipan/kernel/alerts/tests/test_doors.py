"""Doors for programs and pages for people: CAP out and in, the feed, rights on every page."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from lxml import etree

from qipan.kernel.access.models import Account
from qipan.kernel.alerts import doors, intake, keys, recipients
from qipan.kernel.alerts.actions import lift, sign, submit
from qipan.kernel.alerts.documents import national_events
from qipan.kernel.alerts.genuine import examine
from qipan.kernel.alerts.models import Alert, Received, Signature, Source, State, Subscription
from qipan.kernel.alerts.tests.build import (
    LIULIN,
    PASSWORD,
    SANGA,
    County,
    draft,
    make_county,
    published,
    signed,
)
from qipan.kernel.base.clock import local, now
from qipan.kernel.base.errors import Refused
from qipan.protocols import cap
from qipan.protocols.cap import cn12379

pytestmark = pytest.mark.django_db
FOREIGN = "other,1,2021-03-29T08:00:00+08:00"
ATOM = "{http://www.w3.org/2005/Atom}"
GALE = (Path(settings.ROOT) / "data" / "cap" / "cn_12379_gale_blue_update.xml").read_bytes()


@pytest.fixture
def county() -> County:
    return make_county()


def as_user(account: Account) -> Client:
    client = Client()
    client.force_login(account, backend="qipan.kernel.access.backends.AccountBackend")
    return client


def test_the_feed_lists_what_went_out(county: County) -> None:
    alert = published(county)
    draft(county, areas=(LIULIN,))
    answer = Client().get("/alerts/cap/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = etree.fromstring(answer.content)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == alert.headline
    link = entry.find(f"{ATOM}link[@rel='alternate']")
    assert link is not None and link.get("href") == f"{settings.BASE_URL}/alerts/cap/{alert.identifier}.xml"
    again = Client().get("/alerts/cap/", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    inside = Client().get("/alerts/cap/", {"division": SANGA}).content
    outside = Client().get("/alerts/cap/", {"division": LIULIN}).content
    assert (inside.count(b"<entry>"), outside.count(b"<entry>")) == (1, 0)


def test_the_cap_file_is_signed_and_can_be_proved(county: County) -> None:
    alert = published(county)
    answer = Client().get(f"/alerts/cap/{alert.identifier}.xml")
    assert answer["Content-Type"] == "application/cap+xml; charset=utf-8"
    pem = Client().get("/alerts/cap/certificate.pem").content
    assert pem == keys.identity().certificate
    verified = cap.verify(answer.content, [keys.identity().parsed])
    assert cap.digest(verified.data) == alert.digest == cap.digest(answer.content)
    message = cap.parse(verified.data).alert
    assert message.identifier == alert.identifier
    national = Client().get(f"/alerts/cap/{alert.identifier}.xml?form=12379").content
    assert cn12379.to_cap(national, national_events()) == message
    root = etree.fromstring(national)
    assert root.findtext("info/eventType") == "11B29"
    assert root.findtext("info/severity") == "Yellow"


def test_what_is_not_published_has_no_file(county: County) -> None:
    alert = signed(county)
    assert Client().get(f"/alerts/cap/{alert.identifier}.xml").status_code == 404
    assert Client().get(f"/public/alerts/{alert.pk}/").status_code == 404


def _source(county: County, **fields: object) -> tuple[Source, str]:
    return intake.make_source("city", "市级平台", by=county.signer, **fields)


def _post(key: str, data: bytes) -> tuple[int, cap.Alert | None]:
    answer = Client().post(
        "/alerts/cap/in", data, content_type="application/cap+xml", headers={"Authorization": f"Bearer {key}"}
    )
    if answer.status_code == 401:
        return 401, None
    return answer.status_code, cap.parse(answer.content).alert


def _message(**changes: object) -> bytes:
    at = local(now()).replace(microsecond=0)
    info = cap.Info(
        event="重污染天气", categories=("Env",), urgency="Expected", severity="Severe", certainty="Likely",
        language="zh-CN", event_codes=(cap.Named("12379", "11B29"),), onset=at,
        expires=at + timedelta(hours=12),
        headline="聊城市重污染天气橙色预警", description="全市重污染。", instruction="减少外出。",
        areas=(cap.Area("聊城市", geocodes=(cap.Named("12379", SANGA), cap.Named("12379", "371500000000"))),),
    )  # fmt: skip
    values: dict[str, object] = {
        "identifier": "37150000000000_20210329080000", "sender": "37150000000000", "sent": at,
        "status": "Actual", "message_type": "Alert", "scope": "Public", "infos": (info,), **changes,
    }  # fmt: skip
    return cap.build(cap.Alert(**values))  # type: ignore[arg-type]


def test_a_message_is_held_for_a_person_and_can_become_a_draft(county: County) -> None:
    _, key = _source(county)
    status, answer = _post(key, _message())
    assert status == 201
    assert answer is not None
    assert (answer.message_type, answer.status, answer.scope) == ("Ack", "System", "Private")
    assert cap.problems(answer) == []
    row = Received.objects.get()
    assert (row.state, row.flags, row.form) == (Received.State.HELD, [], "cap")
    assert Alert.objects.count() == 0
    with pytest.raises(Refused):
        intake.adopt(row, county.receiver)
    alert = intake.adopt(row, county.drafter)
    assert (alert.state, alert.event, alert.colour) == (State.DRAFT, "heavy_pollution", "orange")
    assert [area.code for area in alert.areas.all()] == [SANGA]
    assert alert.evidence.get().row == row
    assert alert.description == "全市重污染。"


def test_the_same_message_twice_is_one_row(county: County) -> None:
    _, key = _source(county)
    data = _message()
    assert _post(key, data)[0] == 201
    status, answer = _post(key, data)
    assert status == 200
    assert answer is not None and answer.note == "duplicate"
    assert Received.objects.count() == 1


def test_the_real_12379_message_comes_in(county: County) -> None:
    _, key = _source(county)
    assert _post(key, GALE)[0] == 201
    row = Received.objects.get()
    assert (row.form, row.headline) == ("12379", "河南省气象局发布大风蓝色预警[IV级/一般]")
    assert row.flags == ["chain-gap"]


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"nonsense", 400, "not-xml"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><alert>&e;</alert>', 400, "document-type"),
        (b"<x/>", 400, "wrong-namespace"),
        (b"<a>" + b" " * 1024 * 1024 + b"</a>", 413, "too-large"),
        (
            _message(message_type="Cancel", references="other,1,2021-03-29T08:00:00+08:00"),
            403,
            "other-sender",
        ),
        (_message(message_type="Cancel"), 400, "references-missing"),
        (_message(sender="a,b"), 400, "forbidden-characters"),
    ],
)
def test_bad_messages_are_refused_and_kept(county: County, data: bytes, status: int, code: str) -> None:
    _, key = _source(county)
    got, answer = _post(key, data)
    assert got == status
    assert answer is not None and (answer.message_type, answer.note) == ("Error", code)
    row = Received.objects.get()
    assert row.state == Received.State.REFUSED
    assert row.reason.startswith(code)


def test_who_may_send(county: County) -> None:
    assert _post("wrong", _message())[0] == 401
    _, key = _source(county, senders=["370000"])
    assert _post(key, _message())[0] == 403
    Source.objects.update(senders=[], trust=Source.Trust.REJECT)
    assert _post(key, _message())[0] == 403


def test_a_source_with_a_certificate_must_sign(county: County) -> None:
    own = keys.identity()
    _, key = _source(county, certificate=own.certificate.decode())
    assert _post(key, _message())[0] == 403
    good = cap.sign(_message(), own.key, own.certificate)
    assert _post(key, good.replace(b"Severe", b"Extreme"))[0] == 403
    assert _post(key, good)[0] == 201


def test_odd_messages_are_flagged(county: County) -> None:
    _, key = _source(county)
    past = local(now()) - timedelta(days=2)
    message = cap.parse(_message()).alert
    info = message.infos[0]
    old = replace(message, infos=(replace(info, onset=past, expires=past + timedelta(hours=1)),))
    _post(key, cap.build(replace(old, sent=local(now() + timedelta(days=1)).replace(microsecond=0))))
    row = Received.objects.get()
    assert row.flags == ["sent-in-future", "expired"]


def test_every_staff_page_opens_for_those_who_may(county: County) -> None:
    alert = published(county, "orange", evidence=[county.office])
    waiting = submit(draft(county, areas=(LIULIN,)), county.drafter)
    client = as_user(county.signer)
    for name, pk in (
        ("detail", alert.pk),
        ("delivery", alert.pk),
        ("outcome", alert.pk),
        ("sign", waiting.pk),
    ):
        answer = client.get(reverse(f"alerts:{name}", args=[pk]))
        assert answer.status_code == 200, name
        assert alert.event_name in answer.content.decode()
    desk = client.get("/alerts/desk/").content.decode()
    assert alert.headline in desk
    assert client.get("/alerts/new/").status_code == 200
    part = client.get(reverse("alerts:delivery", args=[alert.pk]), headers={"HX-Request": "true"})
    assert b"<html" not in part.content and "桑阿镇" in part.content.decode()


def test_pages_are_closed_to_others(county: County) -> None:
    alert = draft(county)
    stranger = Account.objects.create(username="stranger", name="路人", kind=Account.Kind.RESIDENT)
    for path in ("/alerts/desk/", f"/alerts/{alert.pk}/", f"/alerts/{alert.pk}/edit/", "/alerts/new/"):
        assert Client().get(path).status_code == 302, path
        assert as_user(stranger).get(path).status_code == 403, path
    answer = as_user(county.receiver).post(reverse("alerts:take", args=[alert.pk, "submit"]))
    assert answer.status_code == 302
    alert.refresh_from_db()
    assert alert.state == State.DRAFT


def test_from_form_to_publication_by_the_pages(county: County) -> None:
    start = local(now())
    client = as_user(county.drafter)
    form = {
        "event": "heavy_pollution", "colour": "yellow", "areas": [SANGA], "status": "Actual",
        "onset": f"{start:%Y-%m-%dT%H:%M}", "expires": f"{start + timedelta(hours=6):%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    wrong = client.post("/alerts/new/", {**form, "expires": form["onset"]})
    assert wrong.status_code == 400
    assert client.post("/alerts/new/", form).status_code == 302
    alert = Alert.objects.get()
    edit = {**form, "version": alert.row_version, "headline": "手工标题", "description": alert.description}
    assert client.post(f"/alerts/{alert.pk}/edit/", edit).status_code == 302
    assert client.post(f"/alerts/{alert.pk}/edit/", edit).status_code == 400  # somebody was faster
    client.post(reverse("alerts:take", args=[alert.pk, "submit"]))
    signer = as_user(county.signer)
    signer.post(f"/alerts/{alert.pk}/sign/", {"password": "wrong"})
    assert Signature.objects.count() == 0
    signer.post(f"/alerts/{alert.pk}/sign/", {"password": PASSWORD})
    signer.post(reverse("alerts:take", args=[alert.pk, "publish"]), {"channels": ["inbox", "sms"]})
    alert.refresh_from_db()
    assert (alert.state, alert.headline, alert.channels) == (State.ACTIVE, "手工标题", ["inbox", "sms"])
    receiver = as_user(county.receiver)
    receiver.post(reverse("alerts:take", args=[alert.pk, "acknowledge"]), {"text": "收到"})
    assert [row.acked for row in recipients.reach(alert) if row.code == SANGA] == [1]
    signer.post(reverse("alerts:take", args=[alert.pk, "lift"]), {"password": PASSWORD, "reason": "转好"})
    alert.refresh_from_db()
    assert alert.state == State.LIFTED


def test_residents_see_warnings_and_their_proof(county: County) -> None:
    alert = published(county, "orange")
    page = Client().get("/public/alerts/").content.decode()
    assert alert.headline in page
    lift(alert, county.signer, password=PASSWORD, reason="空气转好")
    page = Client().get(f"/public/alerts/{alert.pk}/").content.decode()
    assert alert.digest in page
    assert "空气转好" in page
    assert not any(account.name in page for account in (county.signer, county.drafter))


def test_the_live_stream_tells_what_is_published(county: County) -> None:
    alert = published(county)

    async def first_chunks() -> list[bytes]:
        stream = doors._stream(0)
        chunks = [await anext(stream), await anext(stream)]
        await stream.aclose()  # type: ignore[attr-defined]
        return chunks

    retry, event = async_to_sync(first_chunks)()
    assert retry == b"retry: 3000\n\n"
    lines = event.decode().splitlines()
    assert lines[:2] == [f"id: {alert.pk}", "event: alert"]
    assert json.loads(lines[2].removeprefix("data: "))["headline"] == alert.headline
    assert doors._since(alert.pk) == []


def test_anybody_can_check_whether_a_message_is_genuine(county: County) -> None:
    alert = published(county)
    data = bytes(alert.document or b"")
    assert examine(data).verdict == "genuine"
    assert examine(cap.build(cap.parse(data).alert)).verdict == "genuine"  # without the seal, the same words
    assert examine(data.replace("桑阿镇".encode(), "柳林镇".encode())).verdict == "altered"
    assert examine(data.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>AA")).verdict == "altered"
    assert examine(_message()).verdict == "unknown"
    assert examine(b"hello").verdict == "unreadable"
    text = Client().post("/public/alerts/check/", {"text": data.decode()}).content.decode()
    assert "真实且生效中" in text and alert.digest in text
    lift(alert, county.signer, password=PASSWORD, reason="转好")
    file = SimpleUploadedFile("a.xml", data, "application/xml")
    assert "真实但已结束" in Client().post("/public/alerts/check/", {"file": file}).content.decode()


def test_an_exercise_is_not_shown_to_residents(county: County) -> None:
    alert = submit(draft(county, status="Exercise"), county.drafter)
    alert = sign(alert, county.signer, password=PASSWORD)
    as_user(county.signer).post(reverse("alerts:take", args=[alert.pk, "publish"]))
    assert Alert.objects.get(pk=alert.pk).state == State.ACTIVE
    assert alert.headline not in Client().get("/public/alerts/").content.decode()
    assert b"<entry>" not in Client().get("/alerts/cap/").content


def test_residents_subscribe_and_are_reached(county: County) -> None:
    resident = Account.objects.create(username="resident", name="居民", kind=Account.Kind.RESIDENT)
    client = as_user(resident)
    assert client.post("/public/alerts/subscribe/", {"code": SANGA, "event": ""}).status_code == 302
    assert client.post("/public/alerts/subscribe/", {"code": "110000000000"}).status_code == 400
    assert Subscription.objects.count() == 1
    alert = published(county)
    assert alert.recipients.filter(account=resident, code=SANGA).exists()
    client.post("/public/alerts/subscribe/", {"remove": Subscription.objects.get().pk})
    assert Subscription.objects.count() == 0
