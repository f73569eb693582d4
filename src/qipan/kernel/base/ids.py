"""Identifiers that sort by time."""

import secrets
import time
from uuid import UUID


def uuid7(milliseconds: int | None = None) -> UUID:
    """A UUID version 7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, 74 random bits.

    ``milliseconds`` stands for the present when it is None; the standard library has no version 7
    before Python 3.14. ValueError outside 0 … 2**48-1.
    """
    stamp = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    if not 0 <= stamp < 1 << 48:
        raise ValueError(f"milliseconds: {stamp} does not fit 48 bits")
    bits = secrets.randbits(74)
    return UUID(int=stamp << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & ((1 << 62) - 1))
