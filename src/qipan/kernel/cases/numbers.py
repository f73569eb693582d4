"""Case numbers with a check digit and receipt codes that can be read out on the phone (no Django)."""

import secrets
from datetime import date

RECEIPT_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without 0 O 1 I
RECEIPT_LENGTH = 8


def check_digit(digits: str) -> int:
    """Check digit by ISO 7064 MOD 11,10; ValueError for anything but digits."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"digits: {digits!r} holds more than digits")
    product = 10
    for digit in digits:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10


def case_number(county: str, day: date, serial: int) -> str:
    """`371525-YYYYMMDD-NNNNNN-C`; ValueError when the serial does not fit six digits."""
    if not 0 < serial < 1_000_000:
        raise ValueError(f"serial: {serial} does not fit six digits")
    body = f"{county}{day:%Y%m%d}{serial:06d}"
    return f"{county}-{day:%Y%m%d}-{serial:06d}-{check_digit(body)}"


def is_case_number(text: str) -> bool:
    """Whether a number has the right form and check digit."""
    parts = text.split("-")
    if [len(part) for part in parts] != [6, 8, 6, 1] or not all(part.isdigit() for part in parts):
        return False
    return str(check_digit("".join(parts[:3]))) == parts[3]


def receipt_code() -> str:
    """Eight random characters, 40 bits: not to be guessed, easy to dictate."""
    return "".join(secrets.choice(RECEIPT_ALPHABET) for _ in range(RECEIPT_LENGTH))


def clean_receipt(text: str) -> str:
    """A receipt code as typed by a person: spaces and hyphens out, upper case."""
    return text.replace(" ", "").replace("-", "").upper()
