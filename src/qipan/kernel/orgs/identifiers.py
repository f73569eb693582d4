"""Check digits of the identifiers that registers hold, and seeded makers for demo data."""

import random
import re
from datetime import date

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECKS = "10X98765432"
SIGNIFICANT_LENGTHS = (2, 4, 6, 9, 12)


def uscc_check(first: str) -> str:
    """Check character of a unified social credit code (GB 32100-2015 §5.5), from its first 17.

    ValueError for a character outside the alphabet (no I, O, S, V, Z) or another length.
    """
    if len(first) != 17 or any(char not in USCC_ALPHABET for char in first):
        raise ValueError("unified social credit code: 17 characters of its alphabet expected")
    total = sum(USCC_ALPHABET.index(char) * weight for char, weight in zip(first, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def is_uscc(code: str) -> bool:
    """Whether a text is a well-formed unified social credit code with the right check character."""
    try:
        return len(code) == 18 and uscc_check(code[:17]) == code[17]
    except ValueError:
        return False


def id_card_check(first: str) -> str:
    """Check character of a citizen identity number (GB 11643-1999 §4.4), from its first 17 digits."""
    if len(first) != 17 or not first.isdigit():
        raise ValueError("identity number: 17 digits expected")
    return ID_CHECKS[sum(int(d) * w for d, w in zip(first, ID_WEIGHTS, strict=True)) % 11]


def is_id_card(number: str) -> bool:
    """Whether a text is an identity number with a real date of birth and the right check character."""
    if not re.fullmatch(r"\d{17}[\dX]", number):
        return False
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return id_card_check(number[:17]) == number[17]


def is_division_code(code: str) -> bool:
    """Whether a text is a 12-digit division code (GB/T 2260 with GB/T 10114 below the county)."""
    return re.fullmatch(r"[1-9]\d{11}", code) is not None


def make_uscc(rng: random.Random, division: str = "371525", kind: str = "11") -> str:
    """A well-formed code for demo data; ``kind`` is registry and category (GB 32100 §5.1, §5.2)."""
    body = kind + division[:6] + "".join(rng.choice("0123456789") for _ in range(9))
    return body + uscc_check(body)


def make_id_card(rng: random.Random, division: str = "371525") -> str:
    """A well-formed identity number for demo data; born 1950-2005."""
    born = f"{rng.randint(1950, 2005)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}"
    body = division[:6] + born + f"{rng.randint(0, 999):03d}"
    return body + id_card_check(body)
