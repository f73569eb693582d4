"""A warning's life: proposing, signing, publishing, updating, lifting, expiring; what must never happen."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from qipan.kernel.access.models import Account, AuditEntry
from qipan.kernel.alerts.actions import (
    acknowledge,
    cancel,
    discard,
    edit,
    expire,
    lift,
    propose,
    publish,
    record_call,
    send_back,
    sign,
    submit,
    update,
    withdraw,
)
from qipan.kernel.alerts.callouts import escalate_due
from qipan.kernel.alerts.models import Alert, AlertArea, CallOut, Evidence, Recipient, Signature, State
from qipan.kernel.alerts.recipients import reach, unreached
from qipan.kernel.alerts.tests.build import (
    LIULIN,
    PASSWORD,
    SANGA,
    County,
    draft,
    make_county,
    person,
    published,
    signed,
)
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.messages.models import Delivery, Message
from qipan.protocols import cap

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> County:
    return make_county()


def test_a_draft_is_filled_from_the_event_type(county: County) -> None:
    alert = draft(county, "red", (SANGA, LIULIN))
    assert alert.state == State.DRAFT
    assert alert.headline == "重污染天气红色预警[Ⅰ级/特别重大]"
    assert "柳林镇、桑阿镇出现重污染天气,启动红色响应。" in alert.description
    assert alert.instruction == "停止户外活动。"
    assert (alert.urgency, alert.certainty) == ("Immediate", "Likely")


def test_two_engines_make_one_draft_with_two_evidences(county: County) -> None:
    first = draft(county, "yellow", evidence=[county.office])
    second = draft(county, "orange", evidence=[county.signer])
    assert first.pk == second.pk
    assert Alert.objects.count() == 1
    second.refresh_from_db()
    assert second.colour == "orange"
    assert second.headline == "重污染天气橙色预警[Ⅱ级/重大]"
    assert Evidence.objects.filter(alert=first).count() == 2
    assert draft(county, "blue", evidence=[county.office]).pk == first.pk
    assert Evidence.objects.filter(alert=first).count() == 2
    first.refresh_from_db()
    assert first.colour == "orange"


def test_another_area_or_time_is_another_draft(county: County) -> None:
    first = draft(county)
    assert draft(county, areas=(LIULIN,)).pk != first.pk
    later = now() + timedelta(days=3)
    assert draft(county, onset=later, expires=later + timedelta(hours=1)).pk != first.pk


def test_a_township_inside_a_warned_county_adds_evidence(county: County) -> None:
    whole = draft(county, "orange", areas=("371525000000",))
    inside = draft(county, "yellow", areas=(SANGA,), evidence=[county.office])
    assert inside.pk == whole.pk
    assert Evidence.objects.get().alert == whole
    graver = draft(county, "red", areas=(SANGA,))
    assert graver.pk != whole.pk  # a graver one for a part of it is its own
    assert (graver.replaces_id, [area.code for area in graver.areas.all()]) == (None, [SANGA])


@pytest.mark.parametrize(
    ("values", "field"),
    [({"areas": ("999999999999",)}, "areas"), ({"areas": ()}, "areas"), ({"colour": "purple"}, "colour")],
)
def test_a_wrong_proposal_is_refused(county: County, values: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        draft(county, **values)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_an_unknown_event_is_refused(county: County) -> None:
    with pytest.raises(InvalidInput) as caught:
        propose(
            "nothing", "red", [SANGA], onset=now(), expires=now() + timedelta(1), drafted_by=county.drafter
        )
    assert caught.value.field == "event"


def test_the_whole_life(county: County) -> None:
    alert = submit(draft(county), county.drafter)
    assert alert.state == State.PROPOSED
    assert len(alert.digest) == 64
    alert = sign(alert, county.signer, password=PASSWORD, address="10.0.0.1")
    assert alert.state == State.SIGNED
    assert alert.document is not None
    data = bytes(alert.document)
    assert cap.schema_errors(data) == []
    assert cap.digest(data) == alert.digest
    message = cap.parse(data).alert
    assert message.infos[0].severity == "Moderate"
    assert [each.value for each in message.infos[0].areas[0].geocodes] == [SANGA]
    assert cap.problems(message, public=True) == []
    names = [account.name for account in Account.objects.all()]
    assert not any(name.encode() in data for name in names)

    alert = publish(alert, county.signer, channels=("inbox", "sms"))
    assert alert.state == State.ACTIVE
    assert AlertArea.objects.get(alert=alert).live
    assert set(Recipient.objects.values_list("account__username", flat=True)) == {
        "drafter", "signer", "second", "receiver",
    }  # fmt: skip
    assert Delivery.objects.filter(message__key=alert.message_key, channel="inbox").count() == 4
    assert Delivery.objects.filter(message__key=f"{alert.message_key}:sms", channel="sms").count() == 4
    actions = set(AuditEntry.objects.filter(target_type="alerts.alert").values_list("action", flat=True))
    assert actions == {
        "alerts.alert.draft", "alerts.alert.submit", "alerts.alert.sign", "alerts.alert.publish"
    }  # fmt: skip


def test_publishing_twice_sends_once(county: County) -> None:
    alert = published(county)
    before = Delivery.objects.count(), Message.objects.count(), AuditEntry.objects.count()
    at = alert.published_at
    again = publish(alert, county.signer, channels=("inbox", "sms"))
    assert again.published_at == at
    assert (Delivery.objects.count(), Message.objects.count(), AuditEntry.objects.count()) == before


def test_nobody_signs_an_own_text(county: County) -> None:
    author = person("author", county.office, "alerts.chief")
    for alert in (
        submit(draft(county, drafted_by=author), county.drafter),
        submit(draft(county, areas=(LIULIN,)), author),
    ):
        with pytest.raises(Refused):
            sign(alert, author, password=PASSWORD)
    edited = draft(county, areas=(SANGA, LIULIN))
    edited = edit(edited, author, version=edited.row_version, headline="改过的标题")
    with pytest.raises(Refused):
        sign(submit(edited, county.drafter), author, password=PASSWORD)
    assert Signature.objects.count() == 0


def test_red_needs_two_people(county: County) -> None:
    alert = submit(draft(county, "red"), county.drafter)
    alert = sign(alert, county.signer, password=PASSWORD)
    assert alert.state == State.PROPOSED
    with pytest.raises(Refused):
        sign(alert, county.signer, password=PASSWORD)
    with pytest.raises(Conflict):
        publish(alert, county.signer)
    assert sign(alert, county.second, password=PASSWORD).state == State.SIGNED


def test_signing_needs_the_password(county: County) -> None:
    alert = submit(draft(county), county.drafter)
    for _ in range(5):
        with pytest.raises(Refused):
            sign(alert, county.signer, password="wrong")
    assert AuditEntry.objects.filter(action="alerts.alert.sign-failed").count() == 5
    with pytest.raises(Refused):  # the door stays closed even for the right one
        sign(alert, county.signer, password=PASSWORD)
    assert Signature.objects.count() == 0


def test_rights_are_bounded_by_kind_and_area(county: County) -> None:
    elsewhere = person("elsewhere", county.office, "alerts.chief", LIULIN[:9])
    alert = submit(draft(county), county.drafter)
    for account in (county.receiver, elsewhere):
        with pytest.raises(Refused):
            sign(alert, account, password=PASSWORD)
    with pytest.raises(Refused):
        publish(sign(alert, county.signer, password=PASSWORD), county.receiver)
    with pytest.raises(Refused):
        submit(draft(county, areas=(LIULIN,)), county.receiver)


def test_a_changed_text_is_not_published(county: County) -> None:
    alert = signed(county)
    document = bytes(alert.document or b"").replace("桑阿镇".encode(), "柳林镇".encode())
    Alert.objects.filter(pk=alert.pk).update(document=document)
    with pytest.raises(Conflict):
        publish(alert, county.signer)


def test_a_text_changed_behind_the_signers_back_is_not_signed(county: County) -> None:
    alert = submit(draft(county), county.drafter)
    Alert.objects.filter(pk=alert.pk).update(headline="别的标题")
    with pytest.raises(Conflict):
        sign(alert, county.signer, password=PASSWORD)


def test_sent_back_goes_to_draft_and_voids_signatures(county: County) -> None:
    alert = submit(draft(county, "red"), county.drafter)
    alert = sign(alert, county.signer, password=PASSWORD)
    with pytest.raises(InvalidInput):
        send_back(alert, county.second, reason=" ")
    alert = send_back(alert, county.second, reason="区域不对")
    assert (alert.state, alert.sent_back_reason) == (State.DRAFT, "区域不对")
    alert = edit(alert, county.drafter, version=alert.row_version, areas=[LIULIN], colour="orange")
    assert [area.name for area in alert.areas.all()] == ["柳林镇"]
    assert "橙色" in alert.headline
    alert = sign(submit(alert, county.drafter), county.signer, password=PASSWORD)
    assert alert.state == State.SIGNED
    assert Signature.objects.filter(void=True).count() == 1


def test_two_editors_do_not_overwrite_each_other(county: County) -> None:
    alert = draft(county)
    version = alert.row_version
    edit(alert, county.drafter, version=version, headline="甲")
    with pytest.raises(Conflict):
        edit(alert, county.signer, version=version, headline="乙")
    with pytest.raises(InvalidInput):
        edit(alert, county.drafter, version=version + 1, digest="x")


def test_what_is_sent_cannot_be_edited(county: County) -> None:
    alert = submit(draft(county), county.drafter)
    with pytest.raises(Conflict):
        edit(alert, county.drafter, version=alert.row_version, headline="甲")


def test_withdrawn_and_discarded(county: County) -> None:
    alert = withdraw(signed(county), county.signer, reason="重复")
    assert (alert.state, alert.document) == (State.WITHDRAWN, None)
    with pytest.raises(Conflict):
        publish(alert, county.signer)
    assert discard(draft(county), county.drafter, reason="误报").state == State.DISCARDED


def test_one_live_warning_per_event_and_area(county: County) -> None:
    published(county, areas=(SANGA, LIULIN))
    other = submit(draft(county, status="Exercise"), county.drafter)
    other = publish(sign(other, county.signer, password=PASSWORD), county.signer)
    assert other.state == State.ACTIVE  # an exercise does not count as live
    area = AlertArea.objects.get(alert=other)
    with pytest.raises(IntegrityError), transaction.atomic():
        AlertArea.objects.filter(pk=area.pk).update(live=True)


def test_a_second_warning_for_the_same_area_is_a_conflict(county: County) -> None:
    one, two = draft(county), draft(county, areas=(SANGA, LIULIN))
    one = publish(sign(submit(one, county.drafter), county.signer, password=PASSWORD), county.signer)
    two = sign(submit(two, county.drafter), county.signer, password=PASSWORD)
    with pytest.raises(Conflict) as caught:
        publish(two, county.signer)
    assert "桑阿镇" in str(caught.value)
    two.refresh_from_db()
    assert two.state == State.SIGNED


def test_a_graver_proposal_becomes_an_update(county: County) -> None:
    live = published(county, areas=(SANGA, LIULIN))
    assert draft(county, "blue", evidence=[county.office]).pk == live.pk
    graver = draft(county, "red")
    assert (graver.message_type, graver.replaces_id, graver.root_id) == ("Update", live.pk, live.pk)
    assert [area.code for area in graver.areas.all()] == [LIULIN, SANGA]
    live.refresh_from_db()
    assert live.state == State.ACTIVE  # until the update is signed and published
    graver = submit(graver, county.drafter)
    for account in (county.signer, county.second):
        graver = sign(graver, account, password=PASSWORD)
    graver = publish(graver, county.signer)
    live.refresh_from_db()
    assert (live.state, graver.state) == (State.UPDATED, State.ACTIVE)
    assert AlertArea.objects.filter(live=True).values_list("alert", flat=True).distinct().get() == graver.pk
    message = cap.parse(bytes(graver.document or b"")).alert
    assert message.message_type == "Update"
    assert cap.references(message.references)[0][1] == live.identifier


def test_an_update_by_hand(county: County) -> None:
    live = published(county)
    longer = update(live, county.drafter, expires=live.expires + timedelta(hours=6))
    assert longer.expires == live.expires + timedelta(hours=6)
    assert longer.evidence.count() == live.evidence.count()
    with pytest.raises(Conflict):
        update(live, county.drafter, colour="red")
    with pytest.raises(Refused):
        update(live, county.receiver)


def test_lifting_sends_a_cancel_to_everybody_who_was_warned(county: County) -> None:
    alert = published(county)
    with pytest.raises(Refused):
        lift(alert, county.signer, password="wrong", reason="已转好")
    with pytest.raises(Refused):
        lift(alert, county.drafter, password=PASSWORD, reason="已转好")
    notice = lift(alert, county.signer, password=PASSWORD, reason="空气质量已转好")
    alert.refresh_from_db()
    assert (alert.state, notice.state) == (State.LIFTED, State.NOTICE)
    assert not AlertArea.objects.filter(live=True).exists()
    message = cap.parse(bytes(notice.document or b"")).alert
    assert (message.message_type, message.note) == ("Cancel", "lifted")
    assert message.infos[0].responses == ("AllClear",)
    assert message.references.split(",")[1] == alert.identifier
    assert Delivery.objects.filter(message__key=notice.message_key).count() == 4
    with pytest.raises(Conflict):
        lift(alert, county.signer, password=PASSWORD, reason="再次")


def test_a_wrong_warning_is_cancelled_with_its_reason(county: County) -> None:
    alert = published(county)
    notice = cancel(alert, county.signer, password=PASSWORD, reason="数据错误")
    alert.refresh_from_db()
    assert (alert.state, notice.note) == (State.CANCELLED, "error: 数据错误")


def test_a_warning_ends_by_itself(county: County) -> None:
    alert = published(county)
    assert expire() == 0
    Alert.objects.filter(pk=alert.pk).update(
        expires=now() - timedelta(seconds=1), onset=now() - timedelta(hours=1)
    )
    assert expire() == 1
    assert expire() == 0
    alert.refresh_from_db()
    assert alert.state == State.EXPIRED
    assert not AlertArea.objects.filter(live=True).exists()


def test_reach_counts_each_account_once_by_township(county: County) -> None:
    alert = published(county, areas=(SANGA, LIULIN))
    acknowledge(alert, county.receiver, "收到")
    rows = {row.name: row for row in reach(alert)}
    assert (rows["桑阿镇"].addressed, rows["桑阿镇"].delivered, rows["桑阿镇"].acked) == (1, 1, 1)
    assert sum(row.addressed for row in rows.values()) == 5
    assert sum(row.acked for row in rows.values()) == 1
    assert unreached(alert) == []
    with pytest.raises(Refused):
        acknowledge(alert, person("stranger", county.office, "alerts.recipient", "371525999"))


def test_the_ladder_calls_the_next_one(county: County) -> None:
    second = person("deputy", county.office, "alerts.recipient", SANGA[:9])
    alert = published(county, "red")
    call = CallOut.objects.get(alert=alert)
    assert (call.code, call.step, call.account) == (SANGA, 1, county.receiver)
    assert call.due_at - call.called_at == timedelta(minutes=5)
    assert escalate_due() == 0
    CallOut.objects.update(due_at=now())
    assert escalate_due() == 1
    assert escalate_due() == 0
    last = CallOut.objects.get(alert=alert, step=2)
    assert last.account == second
    record_call(last, county.drafter, how="phone", note="已接电话")
    CallOut.objects.update(due_at=now())
    assert escalate_due() == 0
    with pytest.raises(Refused):
        record_call(call, county.receiver, how="phone")
