"""Which edition of HJ 212 a station speaks: 2005, 2017 or 2025."""

import re
from enum import StrEnum
from typing import Final


class Edition(StrEnum):
    """HJ/T 212-2005, HJ 212-2017, HJ 212-2025."""

    E2005 = "2005"
    E2017 = "2017"
    E2025 = "2025"


VERSION_BITS = {Edition.E2005: 0, Edition.E2017: 1, Edition.E2025: 2}
"""Bits 7 … 2 of Flag."""
IN_FORCE_2025: Final = "20260101"
SURFACE_WATER: Final = "21"
_ASSIGNED = re.compile(r"[0-9A-F]{24}")


def edition_of(flag: int | None, st: str, mn: str, qn: str | None) -> Edition:
    """The edition by the segment's own signs.

    Version bits 2 mean 2025, but surface-water stations have set them since 2020 with the body of 2017. So
    they count as 2025 only from the day it came into force, and at a surface-water station only with a
    device number of its form (24 of 0-9 A-F).
    """
    version = 0 if flag is None else flag >> 2
    if version == 0:
        return Edition.E2005
    if version == 1:
        return Edition.E2017
    if qn is not None and qn[:8] < IN_FORCE_2025:
        return Edition.E2017
    if st == SURFACE_WATER and not _ASSIGNED.fullmatch(mn):
        return Edition.E2017
    return Edition.E2025
