"""What is set for one station: how its frames are to be read and answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from qipan.protocols.hj212.cipher import Seal
from qipan.protocols.hj212.edition import Edition
from qipan.protocols.hj212.units import scale

CRC_MODES = ("standard", "modbus", "ignore")
STAMPS = ("start", "end")


def _no_names() -> dict[str, str]:
    return {}


def _no_scales() -> dict[str, Decimal]:
    return {}


@dataclass(frozen=True)
class Settings:
    """Settings of one station; the defaults fit one that keeps to the standard.

    ``stamp`` says which end of the interval its minute, hour and day data carry. ``aliases`` maps names it
    sends to codes of 2017, ``flags`` its own flag letters to those of the standard, ``scales`` codes to the
    exact factor its values are multiplied by. ``answer_2005``: answer frames without Flag.
    """

    edition: Edition | None = None
    crc_mode: str = "standard"
    stamp: str = "start"
    minute_interval: int = 10
    clock_limit_s: int = 300
    answer_2005: bool = False
    password: str = "123456"
    aliases: Mapping[str, str] = field(default_factory=_no_names)
    flags: Mapping[str, str] = field(default_factory=_no_names)
    scales: Mapping[str, Decimal] = field(default_factory=_no_scales)
    seal: Seal | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Settings out of a device key's JSON; ValueError names what is wrong. Unknown members are left.

        ``units`` holds ``{code: [sent, wanted]}``, ``sm4_key`` hex digits, ``sm4_text`` hex or base64.
        """
        crc_mode, stamp = str(data.get("crc_mode", "standard")), str(data.get("stamp", "start"))
        minutes = int(data.get("minute_interval", 10))
        if crc_mode not in CRC_MODES:
            raise ValueError(f"crc_mode: {crc_mode}")
        if stamp not in STAMPS:
            raise ValueError(f"stamp: {stamp}")
        if not 1 <= minutes <= 60:
            raise ValueError(f"minute_interval: {minutes}")
        key = data.get("sm4_key")
        return cls(
            edition=Edition(data["edition"]) if data.get("edition") else None,
            crc_mode=crc_mode,
            stamp=stamp,
            minute_interval=minutes,
            clock_limit_s=int(data.get("clock_limit_s", 300)),
            answer_2005=bool(data.get("answer_2005", False)),
            password=str(data.get("password", "123456")),
            aliases={str(name).upper(): str(code) for name, code in dict(data.get("aliases", {})).items()},
            flags={str(own): str(known) for own, known in dict(data.get("flags", {})).items()},
            scales={code: scale(*pair) for code, pair in dict(data.get("units", {})).items()},
            seal=Seal(bytes.fromhex(str(key)), str(data.get("sm4_text", "hex"))) if key else None,
        )
