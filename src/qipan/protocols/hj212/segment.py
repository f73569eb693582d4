"""The data segment of HJ 212: head fields, then the body between ``CP=&&`` and ``&&``.

Source: HJ 212-2017 §6.3.2-6.3.4, HJ/T 212-2005 §6, HJ 212-2025. The checksum lets one damaged segment in
256 pass, so everything here is checked again by form. What real stations get wrong without harm (stray
commas, ``FLAG=``, repeated fields, no ``CP``) is read and named in ``Message.faults``.
"""

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from qipan.protocols.hj212 import cipher, frame
from qipan.protocols.hj212.edition import Edition, edition_of
from qipan.protocols.hj212.moment import request_time

Item = tuple[str, str]
Group = tuple[Item, ...]

_BODY = "CP=&&"
_END = "&&"
_HEAD_FIELDS = frozenset(("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO"))
_SPELLING = {name.upper(): name for name in _HEAD_FIELDS}
_LOOSE_BODY = re.compile(r"(?i)cp[ ,]*=\s*(?:&&)?")
_NO_MARKS = bytes(set(range(256)) - set(b"=;,"))
_QN = re.compile(r"[0-9]{1,20}", re.ASCII)
_MN_LIMIT = 64
_PACKETS_LIMIT = 9999
DIVIDED = 0b10
ANSWER_WANTED = 0b01


class Malformed(ValueError):  # noqa: N818 - named after what it says of the segment
    """A segment that says nothing reliable; ``reason`` names the field that is wrong."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Packet(NamedTuple):
    """Place of a segment in a divided message."""

    total: int
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """One segment, read.

    ``groups`` holds the body as sent: ``;`` parts of ``,`` items, each (name, value); an item without ``=``
    has the name "". ``extra`` holds head fields the standard does not know. ``sealed`` is the cipher text of
    an SM4 body (2025), with ``groups`` empty. ``faults`` names what had to be forgiven.
    """

    edition: Edition
    st: str
    cn: str
    mn: str
    qn: str | None = None
    pw: str | None = None
    flag: int | None = None
    packet: Packet | None = None
    groups: tuple[Group, ...] = ()
    extra: tuple[Item, ...] = ()
    sealed: str = ""
    faults: tuple[str, ...] = ()

    @property
    def wants_answer(self) -> bool:
        """Whether bit A of Flag asks for an answer."""
        return self.flag is not None and bool(self.flag & ANSWER_WANTED)

    def get(self, name: str) -> str | None:
        """Value of the first body item of that name."""
        return next((value for group in self.groups for key, value in group if key == name), None)


def parse(source: frame.Frame | bytes, *, edition: Edition | None = None) -> Message:
    """Read a frame's segment; Malformed when it is none.

    ``edition`` is the station's setting and overrides what the segment lets guess.
    """
    segment, faults = (source, ()) if isinstance(source, bytes) else (source.segment, source.faults)
    text = _decode(segment)
    head, found, tail = text.partition(_BODY)
    noted = list(faults)
    if not found:
        head, tail = _loose_body(text, noted)
    fields, extra = _fields(head, noted)
    st, cn, mn, qn = _identity(fields, noted)
    flag = None if "Flag" not in fields else _number("flag", fields["Flag"], 0, 255)
    packet = _packet(fields, flag, noted)
    body = _body(tail, noted) if found or tail else ""
    edition = edition or edition_of(flag, st, mn, qn)
    sealed = ""
    groups: tuple[Group, ...] = ()
    if cipher.may_be_sealed(edition, cn) and cipher.is_sealed(body):
        sealed = body
    else:
        groups = _groups(body, noted)
    pw = fields.get("PW")
    return Message(edition, st, cn, mn, qn, pw, flag, packet, groups, extra, sealed, tuple(noted))


def unseal(message: Message, seal: cipher.Seal) -> Message:
    """The message with its SM4 body opened; Malformed when the key does not fit."""
    noted = list(message.faults)
    try:
        body = seal.open(message.sealed)
    except ValueError as error:
        raise Malformed("sealed", str(error)) from error
    if not body.isprintable():
        raise Malformed("sealed", "the key does not open it")
    return replace(message, sealed="", groups=_groups(body, noted), faults=tuple(noted))


def segment_of(message: Message, seal: cipher.Seal | None = None) -> bytes:
    """The message as a data segment; ``parse(segment_of(m)) == m`` for a message without faults."""
    head = [
        ("QN", message.qn),
        ("ST", message.st),
        ("CN", message.cn),
        ("PW", message.pw),
        ("MN", message.mn),
        ("Flag", None if message.flag is None else str(message.flag)),
    ]
    if message.packet is not None:
        head += [("PNUM", str(message.packet.total)), ("PNO", str(message.packet.number))]
    body = message.sealed or body_of(message.groups)
    if seal is not None and body and not message.sealed:
        body = seal.close(body)
    fields = [*head, *message.extra]
    parts = [f"{name}={value}" for name, value in fields if value is not None]
    return ";".join([*parts, f"{_BODY}{body}{_END}"]).encode()


def body_of(groups: tuple[Group, ...]) -> str:
    """The text between ``CP=&&`` and ``&&``."""
    return ";".join(
        ",".join(f"{name}={value}" if name else value for name, value in group) for group in groups
    )


def build(message: Message, seal: cipher.Seal | None = None) -> bytes:
    """The message as a frame, ready to send; ValueError when it is too long for one."""
    return frame.enclose(segment_of(message, seal))


def _decode(segment: bytes) -> str:
    try:
        text = segment.decode()
    except UnicodeDecodeError:
        try:
            text = segment.decode("gb18030")  # station software of the older editions
        except UnicodeDecodeError as error:
            raise Malformed("encoding") from error
    if not text.isprintable():
        raise Malformed("characters")
    return text


def _loose_body(text: str, noted: list[str]) -> tuple[str, str]:
    """Head and body of a segment whose body mark is misspelt or missing."""
    place = _LOOSE_BODY.search(text)
    if place is None:
        noted.append("no_body")
        return text, ""
    noted.append("body_mark")
    return text[: place.start()], text[place.end() :]


def _fields(head: str, noted: list[str]) -> tuple[dict[str, str], tuple[Item, ...]]:
    fields: dict[str, str] = {}
    extra: list[Item] = []
    for part in head.split(";"):
        name, found, value = part.partition("=")
        if name not in _HEAD_FIELDS:
            if not part:
                continue
            name, value, known = _forgive(name, value if found else None, noted)
            if not known:
                extra.append((name, value))
                continue
        if name in fields:
            noted.append("repeated")
        else:
            fields[name] = value
    return fields, tuple(extra)


def _forgive(name: str, value: str | None, noted: list[str]) -> tuple[str, str, bool]:
    """A head field of odd form: (name, value, whether the standard knows it)."""
    plain = name.strip(" ,")
    if value is None or not plain or "&&" in value:
        raise Malformed("head", name[:40])
    known = _SPELLING.get(plain.upper())
    if known is None:
        return plain, value.strip(" ,"), False
    noted.append("head_form")
    return known, value.strip(" ,"), True


def _identity(fields: dict[str, str], noted: list[str]) -> tuple[str, str, str, str | None]:
    """ST, CN, MN and QN, each of possible form."""
    st, cn, mn, qn = fields.get("ST", ""), fields.get("CN", ""), fields.get("MN", ""), fields.get("QN")
    if not (len(st) == 2 and st.isascii() and st.isalnum()):
        st = _stripped(st, "st", 2)
    if not (len(cn) == 4 and cn.isascii() and cn.isdigit()):
        cn = _stripped(cn, "cn", 4)
        if not cn.isdigit():
            raise Malformed("cn", cn)
    if not (0 < len(mn) <= _MN_LIMIT and mn.isascii() and mn.isalnum()):
        mn = mn.strip(" ,")
        if len(mn) > _MN_LIMIT or any(mark in mn for mark in "=&#,"):
            raise Malformed("mn", mn[:80])
        if not mn:
            noted.append("no_mn")
    if qn is not None and request_time(qn) is None:
        if not _QN.fullmatch(qn):
            raise Malformed("qn", qn[:40])
        noted.append("qn")
    return st, cn, mn, qn


def _stripped(text: str, reason: str, length: int) -> str:
    text = text.strip(" ,")
    if not (len(text) == length and text.isascii() and text.isalnum()):
        raise Malformed(reason, text[:20])
    return text


def _packet(fields: dict[str, str], flag: int | None, noted: list[str]) -> Packet | None:
    divided = flag is not None and bool(flag & DIVIDED)
    if "PNUM" not in fields and "PNO" not in fields:
        if divided:
            noted.append("no_packet")
        return None
    total = _number("packet", fields.get("PNUM", ""), 1, _PACKETS_LIMIT)
    number = _number("packet", fields.get("PNO", ""), 1, total)
    if not divided:
        noted.append("packet_bit")
    return Packet(total, number)


def _number(reason: str, text: str, low: int, high: int) -> int:
    text = text.strip(" ,")
    if not (0 < len(text) <= 5 and text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise Malformed(reason, text[:20])
    return int(text)


def _body(tail: str, noted: list[str]) -> str:
    """The body before its end mark; what follows the mark is noted, a missing mark too."""
    body, found, rest = tail.rpartition(_END)
    if not found:
        noted.append("body_end")
        return tail
    if rest:
        noted.append("after_body")
    return body


def _groups(body: str, noted: list[str]) -> tuple[Group, ...]:
    """Items of a body. Empty groups and items are left out; an item without a name is noted."""
    if not body:
        return ()
    groups = None if " " in body else _even_groups(body)
    return _odd_groups(body, noted) if groups is None else groups


def _even_groups(body: str) -> tuple[Group, ...] | None:
    """Items of a body where each has a name and exactly one ``=``; None for any other body.

    The bulk of the work of reading a frame: done on the whole text at once, not item by item.
    """
    marks = body.encode().translate(None, _NO_MARKS)
    separators = marks[1::2]
    if marks[::2].strip(b"=") or len(marks) % 2 == 0 or b"=" in separators:
        return None
    flat = body.replace(";", "=").replace(",", "=").split("=")
    names = flat[::2]
    if "" in names:
        return None
    items = list(zip(names, flat[1::2], strict=True))
    groups, at = [], 0
    for run in separators.split(b";"):
        end = at + len(run) + 1
        groups.append(tuple(items[at:end]))
        at = end
    return tuple(groups)


def _odd_groups(body: str, noted: list[str]) -> tuple[Group, ...]:
    groups = []
    for part in body.split(";"):
        items = [_odd_item(item.strip(), noted) for item in part.split(",") if item.strip()]
        if items:
            groups.append(tuple(items))
    return tuple(groups)


def _odd_item(item: str, noted: list[str]) -> Item:
    """An item with blanks or without a name; the latter is kept whole under the name ""."""
    name, found, value = item.partition("=")
    name = name.strip()
    if found and name:
        return name, value.strip()
    noted.append("item")
    return "", item
