"""The 12379 variant: the real Henan message, its mutations, and CAP messages both ways."""

import csv
import json
from random import Random

import pytest
from lxml import etree

from qipan.protocols.cap import CapError, build, digest, parse, problems, schema_errors
from qipan.protocols.cap.cn12379 import METHOD, RAW, SIGNER, _same, from_cap, to_cap
from qipan.protocols.cap.tests.generate import alert
from qipan.protocols.cap.xml import SCHEMAS, tree

GALE = (SCHEMAS / "cn_12379_gale_blue_update.xml").read_bytes()
with (SCHEMAS / "event_codes.csv").open(encoding="utf-8") as file:
    EVENTS = {row["code"]: (row["name"], row["categories"]) for row in csv.DictReader(file)}


def test_the_real_message_becomes_cap() -> None:
    message = to_cap(GALE, EVENTS)
    assert schema_errors(build(message)) == []
    assert problems(message) == []
    assert (message.sender, message.message_type) == ("41000041600000", "Update")
    # The earlier message is unknown: its sender and time come from its identifier.
    assert message.references == "41000041600000,41000041600000_20200204121842,2020-02-04T12:18:42+08:00"
    (info,) = message.infos
    assert (info.event, info.severity, info.sender_name) == ("大风", "Minor", "河南省气象局")
    assert info.categories == ("Met",)
    assert info.parameter(SIGNER) == "(name removed)"
    assert info.parameter("colour") == "Blue"
    methods = [json.loads(each.value)["methodName"] for each in info.parameters if each.name == METHOD]
    assert methods == ["SMS", "WEB"]
    assert [each.value for each in info.areas[0].geocodes] == ["410000000000", "410000000000"]
    assert info.parameter(RAW) is None


def test_the_real_message_comes_back() -> None:
    assert _same(tree(from_cap(to_cap(GALE, EVENTS), EVENTS)), tree(GALE))


def test_a_known_earlier_message_gives_the_triple() -> None:
    earlier = parse((SCHEMAS / "oasis_amber_example.xml").read_bytes()).alert
    assert to_cap(GALE, EVENTS, lambda _: earlier).references == earlier.reference


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"11B06", b"99Z99"),
        (b"<note/>", b""),
        (b"<note/>", b"<note>x</note>"),
        (b"<severity>Blue", b"<severity>Purple"),
        (b"<onset/>", b"<onset>2020-02-05T12:00:00+08:00</onset>"),
        (b"<onset/>", b"<onset>2020-02-05 12:00:00</onset>"),
        (b"41000041600000_20200204121842", b"some other form"),
        (b"<secClassification>None", "<secClassification>内部".encode()),
        (
            b"<polygon/>",
            b"<polygon>36.1,115.1 36.1,115.2 36.2,115.2 36.1,115.1</polygon><polygon>x</polygon>",
        ),
        (b"</alert>", b"<extra a='1'>new <b/>field</extra></alert>"),
        (b"<method>", b"<method kind='x'>"),
        (b"410000000000,410000000000", b"410000000000, 410000000000,"),
        (b"<code>", b"<code><!-- c -->"),
        (b"<expires/>", b""),
    ],
)
def test_every_variation_comes_back(old: bytes, new: bytes) -> None:
    data = GALE.replace(old, new)
    message = to_cap(data, EVENTS)
    assert _same(tree(from_cap(message, EVENTS)), tree(data))
    assert to_cap(from_cap(message, EVENTS), EVENTS) == message
    assert schema_errors(build(message)) == []


def test_random_deletions_and_doublings_come_back() -> None:
    random = Random(7)
    for _ in range(300):
        root = tree(GALE)
        for _ in range(random.randrange(1, 5)):
            spot = random.choice([each for each in root.iter() if each.tag not in ("alert", "sendTime")])
            parent = spot.getparent()
            assert parent is not None
            if random.random() < 0.5:
                parent.remove(spot) if spot.find(".//sendTime") is None else None
            else:
                parent.insert(0, tree(b"<%s>x</%s>" % (spot.tag.encode(), spot.tag.encode())))
        if root.find("sendTime") is None:
            continue
        data = etree.tostring(root)
        try:
            message = to_cap(data, EVENTS)
        except CapError as error:
            assert error.code == "bad-instant"
            continue
        assert _same(tree(from_cap(message, EVENTS)), tree(data))


def test_two_thousand_cap_messages_come_back() -> None:
    random = Random(371525)
    for _ in range(2_000):
        original = alert(random)
        assert to_cap(from_cap(original, EVENTS), EVENTS) == original


def test_an_edited_message_is_read_as_edited() -> None:
    original = parse((SCHEMAS / "oasis_amber_example.xml").read_bytes()).alert
    data = from_cap(original, EVENTS)
    edited = data.replace(b"<headline>Amber Alert in Los Angeles County", b"<headline>No alert")
    assert edited != data
    assert to_cap(edited, EVENTS).infos[0].headline == "No alert"


def test_equal_messages_have_equal_digests() -> None:
    assert digest(build(to_cap(GALE, EVENTS))) == digest(build(to_cap(GALE.replace(b"\n", b"\n\n"), EVENTS)))
