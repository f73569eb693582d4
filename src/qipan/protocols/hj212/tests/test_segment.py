"""Segments as the standard writes them and as stations do."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.protocols.hj212 import (
    Edition,
    Frame,
    Framer,
    Malformed,
    Message,
    Packet,
    Rejected,
    build,
    parse,
    segment_of,
)

DATA = Path(__file__).resolve().parents[5] / "data" / "hj212"
with (DATA / "hj212_frames.tsv").open(encoding="utf-8", newline="") as table:
    ROWS = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
GOOD = [row["frame_without_CRLF"].encode() for row in ROWS if row["status"] == "ok"]
NOTED = json.loads((DATA / "frames.json").read_text(encoding="utf-8"))


def read(raw: bytes) -> Message:
    (frame,) = Framer().feed(raw + b"\r\n")
    assert isinstance(frame, Frame)
    return parse(frame)


def test_sample_of_the_annex() -> None:
    message = read(GOOD[0])
    assert message == Message(
        Edition.E2017,
        st="32",
        cn="1062",
        mn="010000A8900016F000169DC0",
        qn="20160801085857223",
        pw="100000",
        flag=5,
        groups=((("RtdInterval", "30"),),),
    )
    assert message.wants_answer
    assert build(message) == GOOD[0] + b"\r\n"


def test_real_oddities_are_read_and_named() -> None:
    by_mn = {message.mn: message for message in map(read, GOOD)}
    assert by_mn["88888881234567"].faults == ("head_form", "head_form")  # ;,MN= and FLAG=
    assert by_mn["88888881234567"].flag == 0
    assert by_mn[""].faults == ("no_mn",)
    assert by_mn["MYHJ00000000000080011128"].pw == ""
    assert by_mn["TJTYTYACFC0011"].qn is None
    assert by_mn["756877X7916010"].packet == Packet(2, 1)
    assert by_mn["88888880000020"].get("EndTime") == "20180518070000"


EDITIONS = {
    "010000A8900016F000169DC0": "2017",
    "SD000001": "2017",  # Flag 9 in 2020: surface-water dialect
    "A110000_0001": "2017",  # Flag 9 in 2026, but a surface-water station with a number of its own
    "88888880000006": "2005",
    "TJTYTYACFC0011": "2005",
    "756877X7916010": "2005",
    "411420sibo0606": "2017",
}


@pytest.mark.parametrize("mn", EDITIONS)
def test_edition(mn: str) -> None:
    assert {read(raw).edition.value for raw in GOOD if read(raw).mn == mn} == {EDITIONS[mn]}


def test_edition_2025_by_flag_and_date_and_by_setting() -> None:
    head = b"QN=%s;ST=%s;CN=2011;PW=1;MN=%s;Flag=9;CP=&&&&"
    assigned = b"010000A8900016F000169DC0"
    assert parse(head % (b"20260101000000000", b"31", b"X1")).edition is Edition.E2025
    assert parse(head % (b"20251231235959999", b"31", assigned)).edition is Edition.E2017
    assert parse(head % (b"20260101000000000", b"21", b"X1")).edition is Edition.E2017
    assert parse(head % (b"20260101000000000", b"21", assigned)).edition is Edition.E2025
    assert parse(head % (b"20200101000000000", b"21", b"X1"), edition=Edition.E2025).edition is Edition.E2025


def test_noted_frames() -> None:
    items = [Framer().feed(row["frame"].replace("\\r\\n", "\r\n").encode())[0] for row in NOTED]
    assert [type(item) for item in items] == [Frame, Frame, Frame, Frame, Rejected, Frame]
    messages = [parse(item) for item in items if isinstance(item, Frame)]
    assert messages[2].packet == Packet(3, 1)
    assert messages[2].pw is None
    assert messages[3].cn == "9013"
    assert messages[3].faults == ("no_body",)
    assert messages[4].get("DataTime") == "20200931155600"


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        (b"", "st"),
        (b"CP=&&&&", "st"),
        (b"ST=2;CN=2011;MN=1;CP=&&&&", "st"),
        (b"ST=22;CN=20x1;MN=1;CP=&&&&", "cn"),
        (b"ST=22;CN=20111;MN=1;CP=&&&&", "cn"),
        (b"ST=22;CN=2011;MN=1;Flag=4a;CP=&&&&", "flag"),
        (b"ST=22;CN=2011;MN=1;Flag=256;CP=&&&&", "flag"),
        (b"ST=22;CN=2011;MN=1;Flag=6;PNUM=2;PNO=3;CP=&&&&", "packet"),
        (b"ST=22;CN=2011;MN=1;Flag=6;PNUM=2;CP=&&&&", "packet"),
        (b"QN=2024010112000000x;ST=22;CN=2011;MN=1;CP=&&&&", "qn"),
        (b"ST=22;CN=2011;MN=1&&;CP=&&&&", "mn"),
        (b"ST=22;CN=2011;MN=1;nonsense;CP=&&&&", "head"),
        (b"ST=22;CN=2011;MN=1;CP=&&a=1\x00&&", "characters"),
        (b"ST=22;CN=2011;MN=1;CP=&&a=1\r\n##&&", "characters"),
        (b"ST=22;CN=2011;MN=1;CP=&&\xff\xff&&", "encoding"),
    ],
)
def test_what_the_checksum_lets_pass_is_refused_by_form(segment: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(segment)
    assert caught.value.reason == reason


def test_forgiven_bodies() -> None:
    head = b"ST=22;CN=2011;MN=1;CP=&&"
    assert parse(head + b"a-Rtd=1;&&").groups == ((("a-Rtd", "1"),),)
    assert parse(head + b"a-Rtd = 1 , a-Flag=N;;&&").groups == ((("a-Rtd", "1"), ("a-Flag", "N")),)
    unnamed = parse(head + b"a-Rtd=1,word&&")
    assert (unnamed.groups, unnamed.faults) == (((("a-Rtd", "1"), ("", "word")),), ("item",))
    assert parse(head + b"a-Rtd=1").faults == ("body_end",)
    assert parse(b"ST=22;CN=2011;MN=1;cp=&&a-Rtd=1&&").groups == ((("a-Rtd", "1"),),)
    assert parse(b"ST=22;CN=2011;MN=1;MN=2;CP=&&&&").mn == "1"
    assert parse("ST=22;CN=2011;MN=1;CP=&&Info=运行&&".encode("gb18030")).get("Info") == "运行"
    assert parse(b"ST=22;CN=2011;MN=1;Src=7;CP=&&&&").extra == (("Src", "7"),)


@pytest.mark.parametrize("raw", GOOD)
def test_real_messages_survive_a_round_trip(raw: bytes) -> None:
    message = replace(read(raw), faults=())
    kept = ("no_mn", "no_packet")
    assert read(build(message)[:-2]) == replace(
        message, faults=tuple(f for f in read(raw).faults if f in kept)
    )


names = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}(-[A-Za-z]{1,8})?", fullmatch=True)
values = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P"], exclude_characters=";,=&#"), max_size=8
)
groups = st.lists(st.tuples(names, values), min_size=1, max_size=4).map(tuple)
digits = st.integers(0, 999).map(lambda ms: f"20240229235959{ms:03d}")


@st.composite
def messages(draw: st.DrawFn) -> Message:
    version = draw(st.sampled_from([0, 1]))
    packet = draw(st.none() | st.integers(1, 50).map(lambda total: Packet(total, (total + 1) // 2)))
    return Message(
        (Edition.E2005, Edition.E2017)[version],
        st=draw(st.sampled_from(["21", "22", "31", "32", "39", "91"])),
        cn=draw(st.integers(1000, 9999)).__str__(),
        mn=draw(st.from_regex(r"[0-9A-Za-z_]{1,24}", fullmatch=True)),
        qn=draw(st.none() | digits),
        pw=draw(st.none() | st.from_regex(r"[0-9a-z]{0,9}", fullmatch=True)),
        flag=version << 2 | (2 if packet else 0) | draw(st.integers(0, 1)),
        packet=packet,
        groups=tuple(draw(st.lists(groups, max_size=5))),
        extra=draw(st.sampled_from([(), (("Src", "7"),)])),
    )


@given(messages())
def test_parse_undoes_build(message: Message) -> None:
    (frame,) = Framer().feed(build(message))
    assert isinstance(frame, Frame)
    assert parse(frame) == message
    assert segment_of(parse(frame)) == frame.segment


@given(st.binary(max_size=200) | st.text("QNSTCMPFlag=;,&-0123456789", max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(segment: bytes) -> None:
    try:
        message = parse(segment)
    except Malformed as error:
        assert error.reason
    else:
        assert parse(segment_of(message)).groups == message.groups
