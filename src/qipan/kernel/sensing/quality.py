"""Quality of a reading: one small integer of bits, and the checks that set them before any rule looks.

A flagged value is kept and shown with its flags; only averages and rules leave it out. Checks are pure:
they see one stream's memory and one value and give the bits to add.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntFlag
from statistics import median

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Quality(IntFlag):
    """The bits; 0 is good."""

    MISSING = 1
    MAINTENANCE = 2
    INSTRUMENT = 4
    RANGE = 8
    SPIKE = 16
    STUCK = 32
    LATE = 64
    CLOCK = 128
    NO_FIX = 256
    ESTIMATED = 512
    DUPLICATE = 1024
    UNIT = 2048
    TEST = 4096
    PARTIAL = 8192


# A value with one of these bits enters no average and fires no rule unless the rule asks for it.
BAD = int(
    Quality.MISSING | Quality.MAINTENANCE | Quality.INSTRUMENT | Quality.RANGE | Quality.SPIKE | Quality.STUCK
)

LABELS: dict[Quality, Promise] = {
    Quality.MISSING: _("缺测"),
    Quality.MAINTENANCE: _("维护或校准"),
    Quality.INSTRUMENT: _("仪器故障"),
    Quality.RANGE: _("超量程"),
    Quality.SPIKE: _("突变"),
    Quality.STUCK: _("恒值"),
    Quality.LATE: _("迟到"),
    Quality.CLOCK: _("时钟异常"),
    Quality.NO_FIX: _("无定位"),
    Quality.ESTIMATED: _("估算或更正"),
    Quality.DUPLICATE: _("重复且不同"),
    Quality.UNIT: _("单位未确认"),
    Quality.TEST: _("测试或演练"),
    Quality.PARTIAL: _("不完整"),
}

# How far a device's clock may run ahead before its readings are marked, and before they are refused.
CLOCK_TOLERANCE = timedelta(minutes=5)
CLOCK_LIMIT = timedelta(days=1)
_HAMPEL_WINDOW = 7
_HAMPEL_SIGMAS = 3.0
_MAD_TO_SIGMA = 1.4826


def good(quality: int) -> bool:
    """Whether a value may enter averages and rules."""
    return not quality & BAD


def labels(quality: int) -> list[str]:
    """The names of the bits that are set, in the user's language."""
    return [str(text) for bit, text in LABELS.items() if quality & bit]


@dataclass(frozen=True, slots=True)
class Checks:
    """What one stream is checked for; None leaves a check out.

    ``low`` and ``high`` bound the plausible range; ``step`` is the greatest plausible change between
    neighbouring readings; ``stuck`` the number of equal readings (within ``resolution``) that a living
    instrument does not give; ``spike`` asks for Hampel's test over the last seven values.
    """

    low: float | None = None
    high: float | None = None
    step: float | None = None
    stuck: int | None = None
    resolution: float = 0.0
    spike: bool = False
    late: timedelta | None = None


@dataclass(slots=True)
class Memory:
    """What the checks remember of one stream."""

    last: float | None = None
    equal: int = 1
    window: deque[float] = field(default_factory=lambda: deque(maxlen=_HAMPEL_WINDOW))


def time_bits(age: timedelta, late: timedelta | None) -> int:
    """CLOCK when the reading comes from the future, LATE when it is older than the stream allows."""
    if age < -CLOCK_TOLERANCE:
        return int(Quality.CLOCK)
    return int(Quality.LATE) if late is not None and age > late else 0


def examine(value: float, checks: Checks, memory: Memory) -> int:
    """The bits that the checks add to a value; the memory takes the value in."""
    bits = 0
    if (checks.low is not None and value < checks.low) or (checks.high is not None and value > checks.high):
        bits |= Quality.RANGE
    if checks.step is not None and memory.last is not None and abs(value - memory.last) > checks.step:
        bits |= Quality.SPIKE
    if checks.spike and is_spike(value, memory.window):
        bits |= Quality.SPIKE
    same = memory.last is not None and abs(value - memory.last) <= checks.resolution
    memory.equal = memory.equal + 1 if same else 1
    if checks.stuck is not None and memory.equal >= checks.stuck:
        bits |= Quality.STUCK
    memory.last = value
    if checks.spike:
        memory.window.append(value)
    return int(bits)


def is_spike(value: float, window: deque[float]) -> bool:
    """Hampel's test: farther from the window's median than three scaled median deviations.

    A window that is not full, or that has no spread at all, accuses nobody.
    """
    if len(window) < _HAMPEL_WINDOW:
        return False
    middle = median(window)
    spread = _MAD_TO_SIGMA * median(abs(other - middle) for other in window)
    return spread > 0 and abs(value - middle) > _HAMPEL_SIGMAS * spread
