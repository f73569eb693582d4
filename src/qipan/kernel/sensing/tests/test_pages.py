"""Pages open for those who may see them, actions do what they say, frames are explained."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from qipan.kernel.access.accounts import create_account, grant_role
from qipan.kernel.access.models import Account, AuditEntry, RoleRow
from qipan.kernel.access.roles import KERNEL_ROLES
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.orgs.models import Organisation
from qipan.kernel.sensing import actions, corrections, read
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.models import (
    Datastream,
    DeviceKey,
    FrameLog,
    Latest,
    ObservedProperty,
    Order,
    Revision,
    RuleRow,
    Thing,
)
from qipan.kernel.sensing.offers import ROLES
from qipan.kernel.sensing.quality import Quality
from qipan.kernel.sensing.readings import FrameRecord
from qipan.kernel.sensing.rules import editing
from qipan.kernel.sensing.tests.test_ingest import MN, T0, reading, station
from qipan.kernel.sensing.tests.test_read import at, rows

pytestmark = pytest.mark.django_db
FRAME = (
    "##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    "CP=&&RtdInterval=30&&1C80\r\n"
)


@pytest.fixture
def office() -> Organisation:
    return Organisation.objects.create(code="11371525004000000A", name="县政府", kind="government", path="1/")


def account(name: str, role: str, office: Organisation) -> Account:
    for offer in (*KERNEL_ROLES, *ROLES):
        RoleRow.objects.get_or_create(
            code=offer.code, defaults={"label": str(offer.label), "permissions": list(offer.permissions)}
        )
    made = create_account(name, name, Account.Kind.STAFF, by=None, organisation=office)
    grant_role(made, role, office, by=None, with_children=True, source="test")
    return made


@pytest.fixture
def clerk(office: Organisation) -> Account:
    return account("clerk", "sensing.clerk", office)


@pytest.fixture
def chief(office: Organisation) -> Account:
    return account("chief", "sensing.chief", office)


def stranger() -> Thing:
    ObservedProperty.objects.create(code="a34004", name="PM2.5", unit="µg/m³", family="air")
    store_batch([reading(0, 0.035, key="newcomer"), reading(1, 0.036, key="newcomer")])
    return Thing.objects.get(state="quarantine")


def test_the_block_has_roles_of_its_own() -> None:
    assert {role.code for role in KERNEL_ROLES}.isdisjoint({"sensing.clerk", "sensing.chief"})


def test_adoption_confirms_who_and_in_which_unit(clerk: Account, office: Organisation) -> None:
    thing = stranger()
    with pytest.raises(InvalidInput) as missing:
        actions.adopt(thing, clerk, name="新站", kind="micro")
    assert missing.value.field == "organisation"
    adopted = actions.adopt(thing, clerk, name="新站", kind="micro", organisation=office, code="M-1")
    assert (adopted.state, adopted.code) == ("active", "M-1")
    with pytest.raises(Conflict):
        actions.adopt(thing, clerk, name="x", kind="micro", organisation=office)
    stream = Datastream.objects.get()
    actions.confirm_unit(stream, clerk, unit="µg/m³", scale=1000.0)
    assert rows(read.history([stream.pk], at(0), at(5))) == [
        (at(0), 35.0, 0),
        (at(1), pytest.approx(36.0), 0),
    ]
    assert Latest.objects.get().quality == 0
    store_batch([reading(2, 0.037, key="newcomer")])
    assert Latest.objects.get().value == 37.0
    assert AuditEntry.objects.filter(action="sensing.thing.adopt").count() == 1


def test_a_stranger_that_is_a_known_thing_joins_it_with_its_readings(chief: Account) -> None:
    known = station()
    store_batch([reading(0, 99.0)])
    thing = stranger()
    store_batch([reading(5, 7.0, key="newcomer", code="a34002")])
    actions.adopt_into(thing, known.thing, chief, "换了通信模块")
    assert rows(read.history([known.pk], at(0), at(5))) == [
        (at(0), 99.0, 0),
        (at(1), 0.036, int(Quality.UNIT)),
    ]
    assert set(known.thing.datastreams.values_list("code", flat=True)) == {"a34004", "a34002"}
    assert set(known.thing.keys.values_list("key", flat=True)) == {MN, "newcomer"}
    assert not Thing.objects.filter(state="quarantine").exists()
    store_batch([reading(6, 8.0, key="newcomer")])
    assert Latest.objects.get(datastream=known).value == 8.0


def test_retiring_ends_the_keys_and_a_later_caller_is_a_stranger(chief: Account) -> None:
    thing = station().thing
    actions.retire(thing, chief, "设备拆除")
    assert DeviceKey.objects.get().valid_to is not None
    store_batch([reading(0, 1.0)])
    assert Thing.objects.filter(state="quarantine").count() == 1
    with pytest.raises(Conflict):
        actions.pause(thing, chief, "x")
    with pytest.raises(InvalidInput):
        actions.retire(Thing.objects.get(state="quarantine"), chief, " ")


def test_a_correction_keeps_the_old_value_and_outlasts_the_device(clerk: Account) -> None:
    stream = station()
    store_batch([reading(0, 350.0)])
    corrections.correct(stream, T0, 35.0, clerk, "小数点错位")
    assert rows(read.history([stream.pk], at(0), at(1))) == [(T0, 35.0, int(Quality.ESTIMATED))]
    assert Latest.objects.get().value == 35.0
    store_batch([reading(0, 351.0, received=now())])
    assert rows(read.history([stream.pk], at(0), at(1))) == [(T0, 35.0, int(Quality.ESTIMATED))]
    corrections.annul(stream, T0, clerk, "仪器故障")
    assert rows(read.history([stream.pk], at(0), at(1)))[0][1] is None
    causes = list(Revision.objects.order_by("version", "pk").values_list("cause", "old_value", "new_value"))
    assert causes == [("corrected", 350.0, 35.0), ("resent", 35.0, 351.0), ("annulled", 35.0, None)]
    with pytest.raises(InvalidInput):
        corrections.correct(stream, at(3), 1.0, clerk, "没有这个时刻")


def test_orders_need_a_right_a_purpose_and_an_end(clerk: Account, office: Organisation) -> None:
    station()
    key = DeviceKey.objects.get()
    order = actions.queue_order(key, "set_clock", clerk, purpose="校时", parameters={"PolId": "a34004"})
    assert (order.state, order.expires_at - order.created_at) == ("queued", timedelta(hours=1))
    with pytest.raises(InvalidInput):
        actions.queue_order(key, "set_clock", clerk, purpose="")
    with pytest.raises(InvalidInput):
        actions.queue_order(key, "set_clock", clerk, purpose="x", expires_at=now() + timedelta(days=8))
    with pytest.raises(Refused):
        actions.queue_order(key, "set_clock", account("nobody", "grid.worker", office), purpose="x")
    assert Order.objects.count() == 1


def rule_body(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "rule", "code": "air.high", "name": "高值", "target": {"kind": "target"},
        "condition": {"kind": "threshold", "stream": "a34004", "op": "over", "limit": 75},
        "tests": [
            {
                "kind": "test", "name": "t", "series": {"a34004": "60 80"},
                "expect": [{"kind": "expect", "at_s": 0, "severity": ""},
                           {"kind": "expect", "at_s": 60, "severity": "major"}],
            }
        ],
        **changes,
    }  # fmt: skip


def test_a_rule_is_switched_on_by_a_second_person_and_only_with_passing_tests(
    chief: Account, office: Organisation
) -> None:
    second = account("second", "sensing.chief", office)
    version = editing.draft(rule_body(), chief)
    assert (version.state, version.rule.enabled) == ("tested", False)
    with pytest.raises(Refused):
        editing.activate(version, chief)
    editing.activate(version, second)
    assert RuleRow.objects.get().enabled is True
    untested = editing.draft(rule_body(tests=[]), chief)
    assert untested.state == "draft"
    with pytest.raises(Refused):
        editing.activate(untested, second)
    assert RuleRow.objects.get().active_version == version
    with pytest.raises(InvalidInput):
        editing.draft(rule_body(condition={"kind": "exec"}), chief)
    editing.switch(RuleRow.objects.get(), False, chief, "检修")
    assert RuleRow.objects.get().enabled is False


def test_pages_show_what_the_clerk_needs(client: Client, chief: Account) -> None:
    known = station(public=True)
    frame = FrameRecord(now(), "10.0.0.9:1", "hj212", MN, "in", FRAME.encode(), "accepted")
    store_batch([reading(0, 35.0, ts=now() - timedelta(minutes=1), received=now(), frame=0)], [frame])
    stranger()
    version = editing.draft(rule_body(), chief)
    client.force_login(chief)
    expected = {
        "/sensing/": "在用设备",
        "/sensing/quarantine/": "newcomer",
        "/sensing/health/?by=maker": "完整率",
        "/sensing/reader/": "报文解读",
        "/sensing/rules/new-simple/": "回差",
        f"/sensing/rules/text/?rule={version.rule_id}": "air.high",
        f"/sensing/rules/{version.rule_id}/preview/1/?days=2": "会触发的事件",
        "/sensing/things/": "国控站",
        f"/sensing/things/{known.thing_id}/": MN,
        f"/sensing/datastreams/{known.pk}/": "过程线",
        "/sensing/frames/": MN,
        f"/sensing/frames/{FrameLog.objects.get().pk}/": "##0101QN",
        f"/sensing/rules/{version.rule_id}/": "用历史数据预演",
        "/sensing/events/": "规则事件",
        "/maps/layers/sensing.things.geojson": "FeatureCollection",
    }
    for address, text in expected.items():
        response = client.get(address)
        assert response.status_code == 200, address
        assert text in response.content.decode(), address


def test_a_pasted_frame_is_explained(client: Client, chief: Account) -> None:
    client.force_login(chief)
    page = client.post("/sensing/reader/", {"frame": FRAME}).content.decode()
    for text in ("1062", "010000A8900016F000169DC0", "2017版", "23 23 30 31 30 31"):
        assert text in page
    broken = client.post("/sensing/reader/", {"frame": FRAME.replace("1C80", "1C81")}).content.decode()
    assert "校验码" in broken


def test_a_rule_written_in_the_form_is_drafted_with_its_test(client: Client, chief: Account) -> None:
    client.force_login(chief)
    data = {
        "code": "air.form", "name": "表单规则", "stream": "a34004", "kind": "over", "limit": "75",
        "hysteresis": "5", "window_min": "60", "for_min": "2", "severity": "minor", "message": "{thing}",
        "series": "60 80x5", "fires_at": "4", "quiet_at": "1",
    }  # fmt: skip
    response = client.post("/sensing/rules/new-simple/", data)
    assert response.status_code == 302
    version = RuleRow.objects.get(code="air.form").versions.get()
    assert (version.state, version.body["for_s"]) == ("tested", 120)


def test_visitors_and_strangers_are_kept_out(client: Client, office: Organisation) -> None:
    assert client.get("/sensing/quarantine/").status_code in (302, 403)
    client.force_login(account("worker", "grid.worker", office))
    assert client.get("/sensing/quarantine/").status_code == 403


def test_a_stranger_is_adopted_and_a_value_corrected_in_the_browser(
    client: Client, chief: Account, office: Organisation
) -> None:
    thing = stranger()
    client.force_login(chief)
    page = client.get(f"/sensing/things/{thing.pk}/actions/adopt/").content.decode()
    assert "所属单位" in page
    data = {
        "name": "新站",
        "code": "M-1",
        "kind": "micro",
        "organisation": office.pk,
        "lon": "115.4",
        "lat": "36.4",
    }
    assert client.post(f"/sensing/things/{thing.pk}/actions/adopt/", data).status_code == 302
    thing.refresh_from_db()
    assert (thing.state, thing.code, thing.lon) == ("active", "M-1", 115.4)
    stream = Datastream.objects.get()
    wrong = client.post(
        f"/sensing/datastreams/{stream.pk}/actions/correct/", {"ts": "2026-03-01 12:00", "value": "1"}
    )
    assert wrong.status_code == 422
    data = {"ts": "2026-03-01T12:00:00", "value": "0.04", "reason": "小数点错位"}
    assert client.post(f"/sensing/datastreams/{stream.pk}/actions/correct/", data).status_code == 302
    assert rows(read.history([stream.pk], at(0), at(1))) == [(T0, 0.04, int(Quality.ESTIMATED))]


def test_an_order_is_given_in_the_browser(client: Client, chief: Account) -> None:
    station()
    key = DeviceKey.objects.get()
    client.force_login(chief)
    address = f"/sensing/keys/{key.pk}/actions/order/"
    missing = client.post(address, {"command": "history_hour", "purpose": "补数"})
    assert missing.status_code == 422 and Order.objects.count() == 0
    data = {
        "command": "history_hour", "purpose": "补数",
        "begin": "2026-03-01T00:00:00", "end": "2026-03-01T12:00:00",
    }  # fmt: skip
    assert client.post(address, data).status_code == 302
    order = Order.objects.get()
    assert order.parameters == {
        "BeginTime": "2026-03-01T00:00:00+08:00",
        "EndTime": "2026-03-01T12:00:00+08:00",
    }
    assert client.post(address, {"command": "set_clock", "purpose": "校时"}).status_code == 302
    clock = Order.objects.get(command="set_clock")
    assert "SystemTime" in clock.parameters
    assert clock.expires_at - clock.created_at <= timedelta(minutes=1)
