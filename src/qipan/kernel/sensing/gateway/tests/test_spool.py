"""The spool keeps what it confirmed, through crashes, torn writes and full disks."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qipan.kernel.sensing.gateway.spool import Spool, SpoolFull, pack, unpack
from qipan.kernel.sensing.readings import FrameRecord

NOON = datetime(2026, 11, 1, 4, 0, 0, 123_456, tzinfo=UTC)


def frame(number: int, size: int = 10) -> FrameRecord:
    raw = str(number).encode().rjust(size, b"#")
    return FrameRecord(NOON, "10.0.0.1:5000", "hj212", f"站{number}", "in", raw, "accepted")


def put(spool: Spool, *numbers: int, size: int = 10) -> list[int]:
    positions = [spool.append(frame(number, size))[0] for number in numbers]
    records = spool.take()
    spool.write(records)
    spool.settle(records)
    return positions


def kept(spool: Spool, position: int = 0) -> list[str]:
    return [item.frame.key for item in spool.read(position, 10_000)]


def test_a_record_comes_back_as_it_was() -> None:
    assert unpack(pack(frame(7))[8:]) == frame(7)


def test_what_is_written_survives_and_what_is_only_buffered_does_not(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    put(spool, 1, 2)
    spool.append(frame(3))
    assert spool.buffered > 0
    again = Spool(tmp_path)
    assert kept(again, again.mark) == ["站1", "站2"]


def test_reading_begins_after_the_committed_mark(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    positions = put(spool, 1, 2, 3)
    spool.commit(positions[2])
    assert kept(Spool(tmp_path), positions[2]) == ["站3"]
    assert Spool(tmp_path).mark == positions[2]
    spool.commit(positions[1])
    assert spool.mark == positions[2]


def test_segments_follow_each_other_and_committed_ones_are_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment=200)
    positions = put(spool, *range(10), size=60)
    assert len(list(tmp_path.glob("*.spool"))) == 10
    assert kept(spool) == [f"站{number}" for number in range(10)]
    spool.commit(positions[8])
    assert len(list(tmp_path.glob("*.spool"))) == 2
    assert kept(spool, spool.mark) == ["站8", "站9"]
    assert spool.on_disk == sum(path.stat().st_size for path in tmp_path.glob("*.spool"))


@pytest.mark.parametrize("cut", [1, 5, 12, 40])
def test_a_torn_record_ends_the_reading_and_is_cut_off(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path)
    put(spool, 1, 2)
    path = next(tmp_path.glob("*.spool"))
    os.truncate(path, path.stat().st_size - cut)
    again = Spool(tmp_path)
    assert again.damaged == 1
    assert kept(again) == ["站1"]
    put(again, 3)
    assert kept(Spool(tmp_path)) == ["站1", "站3"]


def test_a_damaged_record_is_not_believed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    positions = put(spool, 1, 2)
    path = next(tmp_path.glob("*.spool"))
    data = bytearray(path.read_bytes())
    data[positions[1] + 20 & 0xFFFF] ^= 1
    path.write_bytes(data)
    assert kept(Spool(tmp_path)) == ["站1"]


def test_a_lost_file_never_puts_new_frames_before_the_mark(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    put(spool, 1, 2)
    spool.commit(spool.tail)
    next(tmp_path.glob("*.spool")).unlink()
    again = Spool(tmp_path)
    (position,) = put(again, 3)
    assert position >= again.mark
    assert kept(again, again.mark) == ["站3"]


def test_the_limit_refuses_and_room_comes_back_with_the_commit(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment=200, limit=500)
    positions = put(spool, *range(5), size=60)
    with pytest.raises(SpoolFull):
        spool.append(frame(9))
    spool.commit(positions[-1])
    assert not spool.full
    put(spool, 9)
    assert kept(spool, spool.mark) == ["站4", "站9"]


def test_a_failed_write_can_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)
    spool.append(frame(1))
    spool.append(frame(2))
    records = spool.take()

    def half(file: int, data: bytes, offset: int) -> int:
        real(file, data[:20], offset)
        raise OSError(28, "No space left on device")

    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(OSError, match="No space"):
        spool.write(records)
    assert kept(spool) == []
    monkeypatch.setattr(os, "pwrite", real)
    spool.write(records)
    spool.settle(records)
    assert kept(Spool(tmp_path)) == ["站1", "站2"]
