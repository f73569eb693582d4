"""Frames as stations in the field sent them, split, glued and damaged."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.protocols.hj212 import Frame, Framer, Rejected, crc, enclose, readmit
from qipan.protocols.hj212.crc import LOW_BYTES, modbus

FRAMES = Path(__file__).resolve().parents[5] / "data" / "hj212" / "hj212_frames.tsv"


def recorded(*statuses: str) -> list[bytes]:
    with FRAMES.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row["frame_without_CRLF"].encode() for row in rows if row["status"] in statuses]


def test_crc_check_values_of_the_annex() -> None:
    assert crc(b"123456789") == 0x2F80
    assert len(recorded("ok")) == 21
    assert len(recorded("crc_wrong", "length_and_crc_wrong")) == 6


@pytest.mark.parametrize("raw", recorded("ok"))
def test_recorded_good_frames_are_read(raw: bytes) -> None:
    assert Framer().feed(raw + b"\r\n") == [Frame(raw[6:-4])]


@pytest.mark.parametrize("raw", recorded("crc_wrong", "length_and_crc_wrong"))
def test_recorded_bad_frames_are_set_aside_and_the_next_one_is_read(raw: bytes) -> None:
    good = recorded("ok")[0]
    items = Framer().feed(raw + b"\r\n" + good + b"\r\n")
    assert [type(item) for item in items] == [Rejected, Frame]
    assert items[-1] == Frame(good[6:-4])


def bitwise(segment: bytes) -> int:
    """The annex's own wording, bit by bit."""
    value = 0xFFFF
    for byte in segment:
        value = value >> 8 ^ byte
        for _ in range(8):
            value, low = value >> 1, value & 1
            if low:
                value ^= 0xA001
    return value


@given(st.binary(max_size=700))
def test_folded_crc_equals_the_annex(segment: bytes) -> None:
    assert crc(segment) == bitwise(segment)
    if segment:
        assert crc(segment) & 0xFF in LOW_BYTES


def test_modbus_is_another_checksum() -> None:
    assert modbus(b"123456789") == 0x4B37
    raw = recorded("ok")[0]
    assert modbus(raw[6:-4]) == 0x0759


def test_a_station_that_sends_modbus_is_told_apart_and_readmitted_by_its_setting() -> None:
    segment = recorded("ok")[0][6:-4]
    raw = b"##%04d%s%04X\r\n" % (len(segment), segment, modbus(segment))
    (rejected,) = Framer().feed(raw)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "crc_kind"
    assert readmit(rejected, "modbus") == Frame(segment, ("crc_modbus",))
    assert readmit(rejected, "standard") is None
    (damaged,) = Framer().feed(raw.replace(b"1062", b"1063"))
    assert isinstance(damaged, Rejected)
    assert readmit(damaged, "modbus") is None
    assert readmit(damaged, "ignore") == Frame(segment.replace(b"1062", b"1063"), ("crc_ignore",))


def test_crc_0000_is_accepted_where_it_is_the_right_one_and_never_otherwise() -> None:
    segments = (b"ST=22;CN=2011;MN=%d;CP=&&&&" % number for number in range(10_000))
    right = next(segment for segment in segments if crc(segment) == 0)
    assert Framer().feed(b"##%04d%s0000\r\n" % (len(right), right)) == [Frame(right)]
    wrong = right.replace(b"CN=2011", b"CN=2051")
    (rejected,) = Framer().feed(b"##%04d%s0000\r\n" % (len(wrong), wrong))
    assert isinstance(rejected, Rejected)
    assert readmit(rejected, "ignore") is None


def test_an_unfinished_frame_can_be_dropped() -> None:
    framer = Framer()
    assert framer.feed(b"##0100ST=22") == []
    assert framer.pending == 11
    assert framer.drop() == Rejected(b"##0100ST=22", "timeout")
    assert framer.drop() is None


def test_three_hashes_hide_no_frame() -> None:
    items = Framer().feed(b"#" + enclose(b"ST=22;CN=2011;CP=&&&&"))
    assert items[-1] == Frame(b"ST=22;CN=2011;CP=&&&&")


def test_crc_0000_is_refused() -> None:
    raw = b"##0079QN=20240101120000000;ST=31;CN=2011;MN=444444444444444444444444;Flag=5;CP=&&&&0000\r\n"
    assert [item.reason for item in Framer().feed(raw) if isinstance(item, Rejected)] == ["crc"]


def test_wrong_length_with_right_crc_is_mended_and_told() -> None:
    frame = enclose(b"ST=22;CN=2011;CP=&&&&")
    assert Framer().feed(b"##0019" + frame[6:]) == [Frame(b"ST=22;CN=2011;CP=&&&&", ("length",))]


def test_our_answer_equals_the_published_one() -> None:
    answer = b"QN=20240101120000000;ST=91;CN=9014;PW=123456;MN=010000A8900016F000169DC0;Flag=4;CP=&&&&"
    assert enclose(answer) == b"##0087" + answer + b"4E00\r\n"


segments = st.text("ABCMN0123456789=;,.-&", min_size=1, max_size=300).map(str.encode)


@given(st.lists(segments, max_size=6), st.integers(1, 40))
def test_any_split_of_glued_frames_gives_the_same_frames(parts: list[bytes], step: int) -> None:
    stream = b"".join(map(enclose, parts))
    framer = Framer()
    found = [item for at in range(0, len(stream), step) for item in framer.feed(stream[at : at + step])]
    assert found == [Frame(part) for part in parts]


@given(
    st.binary(max_size=200).filter(lambda noise: b"#" not in noise),
    segments,
)
def test_noise_before_a_frame_costs_nothing(noise: bytes, segment: bytes) -> None:
    assert Framer().feed(noise + enclose(segment)) == [Frame(segment)]
