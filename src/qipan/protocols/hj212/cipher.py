"""SM4 bodies of HJ 212-2025: 128-bit key, ECB, no padding, over the text between ``CP=&&`` and ``&&``.

How the cipher text is printed is not known for certain; stations are seen with either, so it is a setting.
"No padding" leaves the filling to 16 bytes to the sender: NUL and blanks at the end are taken off.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from qipan.protocols.hj212.edition import Edition

BLOCK = 16
_HEX = re.compile(r"[0-9A-Fa-f]+")
_BASE64 = re.compile(r"[0-9A-Za-z+/]{22,}={0,2}")
_ALSO_SEALED = frozenset(("1014", "3020"))


def may_be_sealed(edition: Edition, cn: str) -> bool:
    """Whether the edition encrypts the body of this command."""
    return edition is Edition.E2025 and (cn[0] == "2" or cn in _ALSO_SEALED)


def is_sealed(body: str) -> bool:
    """Whether the body has the form of cipher text rather than of items."""
    if _HEX.fullmatch(body):
        return len(body) % (2 * BLOCK) == 0
    return bool(_BASE64.fullmatch(body)) and _base64_size(body) % BLOCK == 0


def _base64_size(body: str) -> int:
    if len(body) % 4:
        return -1
    return len(body) // 4 * 3 - body.count("=")


@dataclass(frozen=True, slots=True)
class Seal:
    """A station's key and the way it prints cipher text; ValueError for a key that is not 16 bytes."""

    key: bytes
    text: str = "hex"

    def __post_init__(self) -> None:
        if len(self.key) != BLOCK:
            raise ValueError(f"sm4_key: {len(self.key)} bytes, must be {BLOCK}")
        if self.text not in ("hex", "base64"):
            raise ValueError(f"sm4_text: {self.text}, must be hex or base64")

    def open(self, body: str) -> str:
        """Plain text of a printed cipher text; ValueError when it is not one or the key is wrong."""
        try:
            data = bytes.fromhex(body) if self.text == "hex" else base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise ValueError(f"not {self.text}") from error
        if not data or len(data) % BLOCK:
            raise ValueError(f"{len(data)} bytes, not whole blocks of {BLOCK}")
        step = Cipher(algorithms.SM4(self.key), modes.ECB()).decryptor()
        return (step.update(data) + step.finalize()).rstrip(b"\0 ").decode()

    def close(self, body: str) -> str:
        """Printed cipher text of a body."""
        data = body.encode()
        data += b"\0" * (-len(data) % BLOCK)
        step = Cipher(algorithms.SM4(self.key), modes.ECB()).encryptor()
        sealed = step.update(data) + step.finalize()
        return sealed.hex().upper() if self.text == "hex" else base64.b64encode(sealed).decode()
