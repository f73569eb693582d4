"""Damaged frames: no crash, nothing accepted that is not what it claims, the next good frame always found.

20,000 frames by default; QIPAN_FUZZ=1000000 for the full count.
"""

import math
import os
import random
from datetime import UTC, datetime

from qipan.protocols.hj212 import (
    Frame,
    Framer,
    Malformed,
    Rejected,
    Settings,
    answer,
    parse,
    readings,
    segment_of,
)
from qipan.protocols.hj212.tests.test_frame import bitwise, recorded

COUNT = int(os.environ.get("QIPAN_FUZZ", "20000"))
NOW = datetime(2026, 11, 1, tzinfo=UTC)
SPICE = [b"##", b"&&", b"\r\n", b";", b",", b"=", b"-", b"0", b"9", b"CP=&&", b"\x00", b"\xff", b"#", b"e"]
MARK = b"QN=20260101000000000;ST=22;CN=2011;PW=1;MN=MARK;Flag=5;CP=&&DataTime=20260101000000;a34004-Rtd=35&&"
BITS = 0x3FFF


def damage(raw: bytes, dice: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(dice.choice((1, 1, 1, 2, 5, 20))):
        at = dice.randrange(len(data) + 1)
        step = dice.randrange(6)
        if step == 0 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif step == 1:
            data[at : at + dice.randrange(1, 9)] = b""
        elif step == 2:
            data[at:at] = dice.choice(SPICE)
        elif step == 3 and at < len(data):
            data[at] = dice.choice(b"0123456789;,=-&#CNST")
        elif step == 4:
            data[at:at] = data[max(0, at - 20) : at]
        else:
            del data[at:]
        data = data or bytearray(b"#")
    return bytes(data)


def sealed_again(raw: bytes) -> bytes:
    """The damaged segment with a right frame around it, so that the parser alone must see it."""
    segment = raw[6:-4][:4096].replace(b"##", b"")
    return b"##%04d%s%04x" % (len(segment), segment, bitwise(segment))


def check(frame: Frame) -> None:
    """What was accepted keeps its promises."""
    assert int(frame.raw[-4:], 16) == bitwise(frame.segment)
    try:
        message = parse(frame)
    except Malformed:
        return
    assert message.cn.isdigit()
    assert len(message.st) == 2
    assert not set(";=&,#\r\n") & set(message.mn)
    assert message.flag is None or 0 <= message.flag <= 255
    assert parse(segment_of(message)).groups == message.groups
    reply = answer(message)
    assert reply is None or isinstance(Framer().feed(reply)[0], Frame)
    for reading in readings(message, Settings(), NOW).readings:
        assert reading.time.tzinfo is UTC
        assert reading.value is None or (math.isfinite(reading.value) and abs(reading.value) < 1e15)
        assert 0 <= reading.quality <= BITS
        assert reading.code.isprintable()


def test_damaged_frames_neither_crash_nor_hide_the_next_one() -> None:
    dice = random.Random(212)
    frames = recorded("ok", "crc_wrong", "length_and_crc_wrong")
    good = b"##%04d%s%04X\r\n" % (len(MARK), MARK, bitwise(MARK))
    accepted = rejected = 0
    for number in range(COUNT):
        raw = damage(dice.choice(frames), dice)
        if number % 4 == 0:
            raw = sealed_again(raw)
        framer = Framer()
        # an unfinished length may swallow what follows it: a second good frame ends every doubt
        items = framer.feed(raw + b"\r\n") + framer.feed(good) + framer.feed(good)
        assert items[-1] == Frame(MARK), (number, raw)
        for item in items[:-1]:
            if isinstance(item, Rejected):
                rejected += 1
            else:
                accepted += 1
                check(item)
    assert accepted > COUNT
    assert rejected > COUNT / 2
