"""What the platform says to a station: answers to data and notices, and orders.

Source: HJ 212-2017 §6.5, tables 5-9, annex C; HJ/T 212-2005 §6. A request is answered by the station with
9011 ``QnRtn`` (whether it will) and 9012 ``ExeRtn`` (whether it did), data with bit A by the platform
with 9014 and the same QN. Changing a password (1072) or a key (1014) is no order anyone can build here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from qipan.protocols.hj212.edition import VERSION_BITS, Edition
from qipan.protocols.hj212.frame import enclose
from qipan.protocols.hj212.moment import request_number, written
from qipan.protocols.hj212.segment import ANSWER_WANTED, Group, Message
from qipan.protocols.hj212.settings import Settings

PLATFORM = "91"
_DEFAULTS = Settings()
_NOTICES = frozenset(("1001", "1013", "3015", "3016", "3017", "3018", "3019", "9015", "9021"))
_RESULTS = frozenset(("3020", "3021"))
ANSWER_TO_DATA = "9014"
ANSWER_TO_NOTICE = "9013"
REQUEST_ANSWERED = "9011"
REQUEST_DONE = "9012"


def is_data(message: Message) -> bool:
    """Whether a station sends values with this message."""
    if message.cn[0] != "2" and message.cn not in _RESULTS:
        return False
    return bool(message.sealed) or message.get("BeginTime") is None


def answer(message: Message, settings: Settings | None = None) -> bytes | None:
    """The frame that confirms a station's message, or None where none is due.

    Version bits are those the station sent. A station of 2005 without Flag gets an answer only when its
    settings say so.
    """
    code = _answer_code(message)
    if code is None or not _answer_due(message, settings):
        return None
    head = "" if message.qn is None else f"QN={message.qn};"
    password = message.pw or (settings or _DEFAULTS).password
    flag = "" if message.flag is None else f"Flag={message.flag & ~0b11};"
    # written out rather than built: there is one for every frame that comes in
    segment = f"{head}ST={PLATFORM};CN={code};PW={password};MN={message.mn};{flag}CP=&&&&"
    return enclose(segment.encode())


def _answer_code(message: Message) -> str | None:
    if is_data(message):
        return ANSWER_TO_DATA
    return ANSWER_TO_NOTICE if message.cn in _NOTICES else None


def _answer_due(message: Message, settings: Settings | None) -> bool:
    if message.flag is None:
        return settings is not None and settings.answer_2005
    return message.wants_answer


class Reply(NamedTuple):
    """A station's word about an order: ``code`` is QnRtn (``done`` False) or ExeRtn (``done`` True)."""

    qn: str
    done: bool
    code: int

    @property
    def good(self) -> bool:
        """Ready, or done."""
        return self.code == 1


def reply(message: Message) -> Reply | None:
    """The reply a 9011 or 9012 holds; None for other messages and for one without a number."""
    if message.cn not in (REQUEST_ANSWERED, REQUEST_DONE) or message.qn is None:
        return None
    done = message.cn == REQUEST_DONE
    text = (message.get("ExeRtn" if done else "QnRtn") or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 3):
        return None
    return Reply(message.qn, done, int(text))


@dataclass(frozen=True, slots=True)
class OrderKind:
    """An order: its command, compulsory and possible parameters, those that are times."""

    cn: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    returns_data: bool = False


_SPAN = ("BeginTime", "EndTime")
ORDERS: Mapping[str, OrderKind] = {
    "get_clock": OrderKind("1011", optional=("PolId",), returns_data=True),
    "set_clock": OrderKind("1012", ("SystemTime",), ("PolId",)),
    "get_real_time_interval": OrderKind("1061", returns_data=True),
    "set_real_time_interval": OrderKind("1062", ("RtdInterval",)),
    "get_minute_interval": OrderKind("1063", returns_data=True),
    "set_minute_interval": OrderKind("1064", ("MinInterval",)),
    "start_real_time": OrderKind("2011", returns_data=True),
    "stop_real_time": OrderKind("2012"),
    "start_state": OrderKind("2021", returns_data=True),
    "stop_state": OrderKind("2022"),
    "history_day": OrderKind("2031", _SPAN, returns_data=True),
    "history_run_time": OrderKind("2041", _SPAN, returns_data=True),
    "history_minute": OrderKind("2051", _SPAN, returns_data=True),
    "history_hour": OrderKind("2061", _SPAN, returns_data=True),
    "calibrate": OrderKind("3011", ("PolId",)),
    "sample_now": OrderKind("3012", ("PolId",)),
    "clean": OrderKind("3013", ("PolId",)),
    "compare": OrderKind("3014", ("PolId",)),
    "keep_sample": OrderKind("3015", optional=("PolId",)),
    "set_sampling_cycle": OrderKind("3016", ("PolId", "CstartTime", "Ctime")),
    "get_sampling_cycle": OrderKind("3017", ("PolId",), returns_data=True),
    "get_device_number": OrderKind("3019", ("PolId",), returns_data=True),
    "get_site_information": OrderKind("3020", ("PolId", "InfoId"), returns_data=True),
}
"""What may be ordered, by name. ``returns_data``: the station sends data between 9011 and 9012."""


class Station(NamedTuple):
    """Who is addressed."""

    mn: str
    st: str
    edition: Edition
    password: str = "123456"


def order(
    kind: str, parameters: Mapping[str, str | int | datetime], station: Station, at: datetime
) -> Message:
    """The request of an order; its QN is the aware instant ``at``, which must differ between orders.

    Times among the parameters are aware instants. ValueError for an unknown kind or a wrong parameter.
    """
    offer = ORDERS.get(kind)
    if offer is None:
        raise ValueError(f"kind: {kind}")
    for name in offer.required:
        if name not in parameters:
            raise ValueError(f"{name}: missing for {kind}")
    items: list[tuple[str, str]] = []
    for name, value in parameters.items():
        if name not in offer.required and name not in offer.optional:
            raise ValueError(f"{name}: unknown for {kind}")
        text = written(value) if isinstance(value, datetime) else str(value)
        if not text.isprintable() or any(mark in text for mark in ";,=&#"):
            raise ValueError(f"{name}: {text}")
        items.append((name, text))
    groups: tuple[Group, ...] = (tuple(items),) if items else ()
    return Message(
        station.edition,
        st=station.st,
        cn=offer.cn,
        mn=station.mn,
        qn=request_number(at),
        pw=station.password,
        flag=VERSION_BITS[station.edition] << 2 | ANSWER_WANTED,
        groups=groups,
    )
