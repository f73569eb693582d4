"""Data flags of HJ 212 (HJ 212-2017 table 8) as quality bits of the observation store.

The bits are those of ``qipan.kernel.sensing.quality``; a codec lies below the kernel and so writes them
down again. Only values without one of the bits 1-16 and 32 enter averages; every value is kept.
"""

from collections.abc import Mapping
from typing import Final

GOOD: Final = 0
MISSING: Final = 1
MAINTENANCE: Final = 2
FAULT: Final = 4
OUT_OF_RANGE: Final = 8
CLOCK: Final = 128
ESTIMATED: Final = 512
PARTIAL: Final = 8192
BITS = {
    "": GOOD,
    "N": GOOD,
    "S": ESTIMATED,
    "M": MAINTENANCE,
    "C": MAINTENANCE,
    "D": FAULT,
    "B": MISSING,
    "F": MISSING,
    "T": OUT_OF_RANGE,
}


def bits(flag: str, own: Mapping[str, str]) -> int:
    """Quality bits of a flag, or of several with blanks between; ``own`` translates a station's letters.

    A letter nobody explained makes the value suspect: kept, and out of averages like a fault.
    """
    known = BITS.get(flag)
    if known is not None and not own:
        return known
    result = GOOD
    for letter in flag.split():
        result |= BITS.get(own.get(letter, letter.upper()), FAULT)
    return result
