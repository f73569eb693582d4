"""A frame told in words beside its bytes: what every field means and what readings it gives."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from qipan.protocols import hj212
from qipan.protocols.hj212 import codes

_BYTES_A_LINE = 16


@dataclass(frozen=True)
class FieldMeaning:
    """One field of the head."""

    name: str
    raw: str
    meaning: str


@dataclass(frozen=True)
class ValueMeaning:
    """One reading that the frame gives."""

    code: str
    name: str
    time: datetime
    value: float | None
    text: str | None
    flag: str
    quality: int


@dataclass(frozen=True)
class Meaning:
    """One frame: its bytes, what is wrong with it, its head and its readings."""

    raw: bytes
    problem: str = ""
    fields: tuple[FieldMeaning, ...] = ()
    values: tuple[ValueMeaning, ...] = ()
    refusals: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def hexadecimal(self) -> list[tuple[str, str, str]]:
        """Lines of offset, bytes in hexadecimal, and the same bytes as text."""
        return hex_lines(self.raw)


def hex_lines(raw: bytes) -> list[tuple[str, str, str]]:
    """Lines of offset, bytes in hexadecimal, and the same bytes as text."""
    lines = []
    for offset in range(0, len(raw), _BYTES_A_LINE):
        part = raw[offset : offset + _BYTES_A_LINE]
        text = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in part)
        lines.append((f"{offset:04x}", part.hex(" "), text))
    return lines


def explain(raw: bytes, received: datetime) -> list[Meaning]:
    """Every HJ 212 frame in the bytes, and every stretch that is none; ``received`` judges the clock."""
    framer = hj212.Framer()
    pieces = framer.feed(raw if raw.rstrip().endswith(b"\n") else raw.rstrip() + b"\r\n")
    found = [_meaning(piece, received) for piece in pieces]
    return found or [Meaning(raw, _("没有找到完整的报文:应以 ## 开头,后接4位长度"))]


def _meaning(piece: hj212.Frame | hj212.Rejected, received: datetime) -> Meaning:
    if isinstance(piece, hj212.Rejected):
        return Meaning(piece.raw, _rejection(piece))
    try:
        message = hj212.parse(piece)
    except hj212.Malformed as error:
        return Meaning(piece.raw, _("数据段无法解读:%(reason)s") % {"reason": error})
    extract = hj212.readings(message, hj212.Settings(), received)
    return Meaning(
        piece.raw,
        fields=tuple(_fields(message)),
        values=tuple(
            ValueMeaning(
                reading.code,
                factor_name(reading.factor),
                reading.time,
                reading.value,
                reading.text,
                _named("flag", reading.raw_flag),
                reading.quality,
            )
            for reading in extract.readings
        ),
        refusals=tuple(f"{refusal.name}={refusal.value}: {refusal.reason}" for refusal in extract.refusals),
        faults=message.faults,
    )


def _rejection(piece: hj212.Rejected) -> str:
    words = {
        "crc": _("校验码不正确"),
        "crc_kind": _("校验码不是本标准的算法,发送方可能用了MODBUS"),
        "length": _("长度不正确"),
        "timeout": _("报文不完整"),
    }
    return words.get(piece.reason, piece.reason)


def _fields(message: hj212.Message) -> list[FieldMeaning]:
    flag = "" if message.flag is None else str(message.flag)
    wants = _("要求应答") if message.wants_answer else _("不要求应答")
    edition = _("%(edition)s版") % {"edition": message.edition.value}
    rows = [
        FieldMeaning("QN", message.qn or "", _("请求编号:发送时刻,精确到毫秒")),
        FieldMeaning("ST", message.st, _named("st", message.st, bare=True)),
        FieldMeaning("CN", message.cn, _named("cn", message.cn, bare=True)),
        FieldMeaning("PW", "***" if message.pw else "", _("访问密码")),
        FieldMeaning("MN", message.mn, _("设备唯一标识")),
        FieldMeaning("Flag", flag, f"{edition},{wants}"),
    ]
    if message.packet is not None:
        place = _("第%(number)d包,共%(total)d包") % message.packet._asdict()
        rows.append(FieldMeaning("PNO", str(message.packet.number), place))
    for kind, name in (("qnrtn", "QnRtn"), ("exertn", "ExeRtn")):
        value = message.get(name)
        if value is not None:
            rows.append(FieldMeaning(name, value, _named(kind, value, bare=True)))
    if message.sealed:
        rows.append(FieldMeaning("CP", message.sealed[:40], _("SM4 加密的数据,没有密钥不能解读")))
    return rows


def _language() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"


def _named(kind: str, code: str, *, bare: bool = False) -> str:
    name = codes.name_of(kind, code.split("/")[0], _language())
    if bare:
        return name or _("标准中没有的代码")
    return f"{code} {name}".strip()


def factor_name(code: str) -> str:
    """The name of a factor of HJ 212-2017 annex B, "" for a vendor's own."""
    factor = codes.factors().get(code)
    if factor is None:
        return ""
    return factor.name_en if _language() == "en" else factor.name_zh
