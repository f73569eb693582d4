"""Answers, orders, replies and divided messages."""

from datetime import UTC, datetime, timedelta

import pytest

from qipan.protocols.hj212 import (
    ORDERS,
    Edition,
    Packets,
    Reply,
    Settings,
    Station,
    answer,
    build,
    order,
    parse,
    reply,
)

NOON = datetime(2024, 1, 1, 4, 0, tzinfo=UTC)
DATA = (
    b"QN=20240101120000000;ST=32;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=%d;"
    b"CP=&&DataTime=20240101120000;w01018-Rtd=1&&"
)
STATION = Station("010000A8900016F000169DC0", "32", Edition.E2017)


def test_answer_to_data_is_the_published_one() -> None:
    segment = b"QN=20240101120000000;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&"
    expected = b"##0087" + segment + b"4E00\r\n"
    assert answer(parse(DATA % 5)) == expected
    assert answer(parse(DATA % 4)) is None


def test_answer_keeps_the_version_bits() -> None:
    assert b";Flag=8;" in (answer(parse(DATA % 9)) or b"")
    assert b";Flag=0;" in (answer(parse(DATA % 1)) or b"")


def test_stations_of_2005_are_answered_only_by_setting() -> None:
    message = parse(b"ST=22;CN=2061;PW=1;MN=TJ1;CP=&&DataTime=20160516130000;A18-Avg=40.28&&")
    assert answer(message) is None
    sent = answer(message, Settings(answer_2005=True))
    assert sent is not None
    assert sent[6:-6] == b"ST=91;CN=9014;PW=1;MN=TJ1;CP=&&&&"


@pytest.mark.parametrize(
    ("cn", "code"),
    [("1013", b"9013"), ("3015", b"9013"), ("9015", b"9013"), ("2081", b"9014"), ("3020", b"9014")],
)
def test_notices_and_results(cn: str, code: bytes) -> None:
    sent = answer(parse(f"QN=20240101120000000;ST=31;CN={cn};PW=1;MN=1;Flag=5;CP=&&PolId=a1&&".encode()))
    assert sent is not None
    assert b";CN=" + code + b";" in sent


@pytest.mark.parametrize("cn", ["9011", "9012", "9013", "9014"])
def test_answers_are_not_answered(cn: str) -> None:
    assert answer(parse(f"QN=20240101120000000;ST=91;CN={cn};MN=1;Flag=5;CP=&&QnRtn=1&&".encode())) is None


def test_clock_order_is_the_published_one() -> None:
    sent = build(order("set_clock", {"PolId": "w01018", "SystemTime": NOON}, STATION, NOON))
    assert sent == (
        b"##0125QN=20240101120000000;ST=32;CN=1012;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
        b"CP=&&PolId=w01018,SystemTime=20240101120000&&B541\r\n"
    )


def test_history_order() -> None:
    span = {"BeginTime": NOON - timedelta(hours=2), "EndTime": NOON}
    message = order("history_hour", span, STATION, NOON)
    assert (message.cn, message.get("BeginTime"), message.get("EndTime")) == (
        "2061",
        "20240101100000",
        "20240101120000",
    )


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        ("set_password", {}, "kind: set_password"),
        ("set_clock", {}, "SystemTime: missing"),
        ("keep_sample", {"Count": "1"}, "Count: unknown"),
        ("sample_now", {"PolId": "w01018;CN=1072"}, "PolId: w01018;CN=1072"),
    ],
)
def test_orders_that_are_refused(kind: str, parameters: dict[str, str | int | datetime], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        order(kind, parameters, STATION, NOON)


def test_no_order_changes_a_password_or_a_key() -> None:
    assert {"1072", "1014", "1002"}.isdisjoint(offer.cn for offer in ORDERS.values())


def test_replies() -> None:
    head = "QN=20240101120000000;ST=91;CN={};PW=1;MN=1;Flag=4;CP=&&{}&&"
    assert reply(parse(head.format("9011", "QnRtn=1").encode())) == Reply("20240101120000000", False, 1)
    assert reply(parse(head.format("9012", "ExeRtn=100").encode())) == Reply("20240101120000000", True, 100)
    assert reply(parse(head.format("9012", "ExeRtn=x").encode())) is None
    assert reply(parse(head.format("9014", "").encode())) is None


PART = (
    "QN=20240101120000000;ST=31;CN=2051;PW=1;MN=1;Flag=7;PNUM=3;PNO={};"
    "CP=&&DataTime=20240101120000;a{}-Avg=1&&"
)


def part(number: int) -> bytes:
    return PART.format(number, number).encode()


def test_packets_join_in_any_order() -> None:
    packets: Packets[int] = Packets()
    assert packets.add("p", parse(part(3)), 30, NOON) == []
    assert packets.add("p", parse(part(1)), 10, NOON) == []
    assert packets.add("p", parse(part(1)), 11, NOON) == []
    (joined,) = packets.add("p", parse(part(2)), 20, NOON)
    assert [name for group in joined.message.groups for name, _ in group] == [
        "DataTime",
        "a1-Avg",
        "a2-Avg",
        "a3-Avg",
    ]
    assert joined.tokens == (30, 10, 11, 20)
    assert joined.message.packet is None
    assert len(packets) == 0


def test_missing_packets_are_given_up_after_a_minute() -> None:
    packets: Packets[int] = Packets()
    packets.add("p", parse(part(2)), 1, NOON)
    assert packets.expire(NOON + timedelta(seconds=59)) == []
    (joined,) = packets.expire(NOON + timedelta(seconds=60))
    assert joined.message.faults == ("partial", "missing 1,3")


def test_other_stations_and_requests_are_not_mixed() -> None:
    packets: Packets[int] = Packets()
    packets.add("p", parse(part(1)), 1, NOON)
    packets.add("q", parse(part(2)), 2, NOON)
    packets.add("p", parse(part(3).replace(b"MN=1", b"MN=2")), 3, NOON)
    packets.add("p", parse(part(3).replace(b"000000;ST", b"000001;ST")), 4, NOON)
    assert len(packets) == 4


def test_waiting_packets_are_bounded() -> None:
    packets: Packets[int] = Packets(limit=2)
    for number, peer in enumerate("abc"):
        given_up = packets.add(peer, parse(part(1)), number, NOON)
    assert [joined.tokens for joined in given_up] == [(0,)]
    assert len(packets) == 2
