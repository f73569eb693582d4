"""HJ 212 frames cut, checked and parsed per second on one core, with the recorded frames of data stations."""

import csv
import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from qipan.project.home import ROOT
from qipan.protocols.hj212 import Frame, Framer, Settings, crc, parse, readings

REPEATS = 300
CHUNK = 16_384
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def run(report: Callable[[str], None]) -> dict[str, Any]:
    """Frames and values per second of processor time."""
    with (ROOT / "data" / "hj212" / "hj212_frames.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        frames = [row["frame_without_CRLF"].encode() + b"\r\n" for row in rows if row["status"] == "ok"]
    frames = [frame for frame in frames if b";CN=20" in frame]
    stream, count = b"".join(frames) * REPEATS, len(frames) * REPEATS
    report(f"{count} frames of {sum(map(len, frames)) / len(frames):.0f} bytes in the mean")
    gc.collect()
    gc.freeze()
    cut = _cut(stream)
    messages = [parse(frame) for frame in cut[: len(frames)]]
    values = sum(len(readings(message, Settings(), NOW).readings) for message in messages)
    both = count / _seconds(lambda: _parse_all(stream))
    taken = count / _seconds(lambda: [readings(m, Settings(), NOW) for _ in range(REPEATS) for m in messages])
    return {
        "crc_per_s": round(count / _seconds(lambda: [crc(frame.segment) for frame in cut])),
        "parse_and_crc_frames_per_s": {"value": round(both), "goal": "≥ 30000", "met": both >= 30_000},
        "values_per_frame": round(values / len(frames), 1),
        "readings_values_per_s": round(taken * values / len(frames)),
    }


def _parse_all(stream: bytes) -> None:
    framer = Framer()
    for at in range(0, len(stream), CHUNK):
        for item in framer.feed(stream[at : at + CHUNK]):
            if isinstance(item, Frame):
                parse(item)


def _cut(stream: bytes) -> list[Frame]:
    framer = Framer()
    items = [item for at in range(0, len(stream), CHUNK) for item in framer.feed(stream[at : at + CHUNK])]
    return [item for item in items if isinstance(item, Frame)]


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
