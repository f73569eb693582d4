"""A message's values as readings: factor, field, time, number, flag.

Source: HJ 212-2017 §6.3.4.4, table 8, annex B; §4 names of fields. Factors are gathered by name, not by
``;`` group, because real stations write each item as a group of its own, forget ``-Flag`` or spell it small.
No value is ever made up: what is no number is missing or refused, what has no possible time is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from qipan.protocols.hj212 import quality
from qipan.protocols.hj212.codes import canonical
from qipan.protocols.hj212.moment import data_time
from qipan.protocols.hj212.segment import Message
from qipan.protocols.hj212.settings import Settings

_INTERVALS = {"2051": "minute", "2061": "hour", "2031": "day", "2041": "day", "2111": "minute5"}
_LENGTHS = {"minute5": timedelta(minutes=5), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_OF_INTERVAL = ("Min", "Avg", "Max", "Cou", "ZsMin", "ZsAvg", "ZsMax", "ZsCou", "Data", "RT")
_OF_DAY = {"DayData": "/day", "NightData": "/night"}
_TEXTS = ("Info", "SN")
_MARKS = ("Flag", "EFlag", "SampleTime")
_FIELDS = {
    name.lower(): name for name in (*_MARKS, *_TEXTS, *_OF_DAY, *_OF_INTERVAL, "Rtd", "ZsRtd", "RS", "Ala")
}
_PARAMETERS = frozenset(
    "QnRtn ExeRtn BeginTime EndTime SystemTime RestartTime RtdInterval MinInterval NewPW OverTime ReCount"  # noqa: SIM905
    " CstartTime Ctime Stime VaseNo InfoId SN".split()
)
_MISSING = frozenset(("", "-", "--", "*", "NAN", "NULL", "NA"))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{0,31}")
_LETTER = re.compile(r"[A-Za-z]")
_TEXT_LIMIT = 200
_LARGEST = 1e15
_OLDEST = timedelta(days=400)
_BOOK_LIMIT = 4096
_new_tuple = tuple.__new__


class Reading(NamedTuple):
    """One value.

    ``code`` is the datastream: ``a34004`` for a real-time value, ``a34004/hour/avg`` for one of an interval.
    ``time`` is the instant, or the end of the interval that began at ``interval_start``; aware, UTC.
    ``value`` is the nearest double to the exact decimal; None when missing or when ``text`` is the value.
    ``raw_flag`` is the station's flag, ``flag/EFlag`` when the analyser has its own.
    """

    code: str
    factor: str
    field: str
    time: datetime
    value: float | None
    text: str | None
    raw_flag: str
    quality: int
    interval_start: datetime | None


class Refusal(NamedTuple):
    """An item that gave no reading: ``reason`` is time, no_time, factor, field, value or sealed."""

    name: str
    value: str
    reason: str


@dataclass(slots=True)
class Extract:
    """What a message gave."""

    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


class _Place(NamedTuple):
    """The datastream of a factor's field."""

    code: str
    factor: str
    field: str
    interval: str


class _Term(NamedTuple):
    """What an item's name means: ``kind`` is value, one of ``_MARKS``, DataTime, PolId, known or plain."""

    subject: str
    kind: str
    place: _Place | None


class _Book(dict[str, _Term]):
    """Item names and their meaning under one command, system type and PolId; fills itself."""

    def __init__(self, cn: str, st: str, prefix: str) -> None:
        super().__init__()
        self._context = cn, st, prefix

    def __missing__(self, name: str) -> _Term:
        term = _term(name, *self._context)
        if len(self) < _BOOK_LIMIT:
            self[name] = term
        return term


_book = lru_cache(maxsize=256)(_Book)


def _term(name: str, cn: str, st: str, prefix: str) -> _Term:
    subject, dash, suffix = name.rpartition("-")
    if not dash:
        special = name if name in ("DataTime", "PolId") else "known" if name in _PARAMETERS else "plain"
        return _Term(name, special, None)
    field = _FIELDS.get(suffix.lower())
    if field is None or not _NAME.fullmatch(subject):
        return _Term(subject, "field" if field is None else "factor", None)
    if field in _MARKS:
        return _Term(subject, field, None)
    return _Term(subject, "value", _place(canonical(subject, st), field, cn, prefix))


def _place(factor: str, field: str, cn: str, prefix: str) -> _Place:
    if field == "Rtd":
        return _Place(factor, factor, field, "")
    if field in _OF_DAY:
        return _Place(factor + _OF_DAY[field], factor, field, "day")
    if field in _TEXTS:
        return _Place(f"{prefix}/{factor}" if _NAME.fullmatch(prefix) else factor, factor, field, "")
    interval = _INTERVALS.get(cn, "") if field in _OF_INTERVAL else ""
    middle = f"/{interval}" if interval else ""
    return _Place(f"{factor}{middle}/{field.lower()}", factor, field, interval)


class _Sample:
    """One factor's fields at one time."""

    __slots__ = ("analyser_flag", "flag", "time", "values")

    def __init__(self, time: str) -> None:
        self.time = time
        self.flag = ""
        self.analyser_flag = ""
        self.values: dict[str, tuple[_Place, str]] = {}

    def holds_other(self, code: str, text: str) -> bool:
        """Whether a value stands here already, and another one."""
        held = self.values.get(code)
        return held is not None and held[1] != text

    def mark(self, kind: str, text: str) -> None:
        """Take a flag or the sampling time; two different flags both count."""
        if kind == "Flag":
            self.flag = text if self.flag in ("", text) else f"{self.flag} {text}"
        elif kind == "EFlag":
            self.analyser_flag = text
        else:
            self.time = text


def readings(message: Message, settings: Settings, received: datetime) -> Extract:
    """Every value of a message; ``received`` (aware) judges the station's clock."""
    extract = Extract()
    if message.sealed:
        extract.refusals.append(Refusal("CP", "", "sealed"))
        return extract
    extra = quality.PARTIAL if "partial" in message.faults else quality.GOOD
    writer = _Writer(extract, settings, received, extra)
    for sample in _samples(message, settings.aliases, extract.refusals):
        writer.write(sample)
    return extract


def _samples(message: Message, aliases: Mapping[str, str], refusals: list[Refusal]) -> list[_Sample]:
    """The body's samples; a field that comes again with another value begins a new one."""
    time = message.get("DataTime") or ""
    book = _book(message.cn, message.st, "")
    known: dict[str, _Sample] = {}
    samples: list[_Sample] = []
    for name, text in chain.from_iterable(message.groups):
        subject, kind, place = book[_renamed(name, aliases) if aliases else name]
        if place is None and kind not in _MARKS:
            if kind == "DataTime" and text != time:
                time, known = text, {}
            elif kind == "PolId":
                book = _book(message.cn, message.st, canonical(text, message.st))
            elif kind not in ("known", "DataTime"):
                _odd(name, text, kind, known, refusals)
            continue
        sample = known.get(subject)
        if sample is None or (place is not None and sample.values.get(place.code, (place, text))[1] != text):
            sample = known[subject] = _Sample(time)
            samples.append(sample)
        if place is None:
            sample.mark(kind, text)
        else:
            sample.values[place.code] = place, text
    return samples


def _renamed(name: str, aliases: Mapping[str, str]) -> str:
    subject, dash, suffix = name.rpartition("-")
    own = aliases.get(subject.upper()) if dash else None
    return name if own is None else f"{own}-{suffix}"


def _odd(name: str, text: str, kind: str, known: dict[str, _Sample], refusals: list[Refusal]) -> None:
    """``NOIS=N`` after ``NOIS-Rtd`` is that factor's flag; anything else is refused by its kind."""
    if kind == "plain" and name in known and _LETTER.fullmatch(text):
        known[name].mark("Flag", text)
    else:
        refusals.append(Refusal(name, text, "field" if kind == "plain" else kind))


class _Writer:
    """Turns samples into readings."""

    def __init__(self, extract: Extract, settings: Settings, received: datetime, extra: int) -> None:
        self._readings, self._refusals = extract.readings, extract.refusals
        self._settings = settings
        self._received = received
        self._extra = extra
        self._times: dict[str, tuple[datetime | None, int]] = {}
        self._spans: dict[tuple[str, str], tuple[datetime | None, datetime]] = {}

    def write(self, sample: _Sample) -> None:
        """Append a reading or a refusal for every value of a sample."""
        time = self._times.get(sample.time)
        if time is None:
            time = self._times[sample.time] = self._time(sample.time)
        stamp, clock = time
        if stamp is None:
            self._refuse(sample)
            return
        bits = clock | quality.bits(sample.flag, self._settings.flags)
        flag = f"{sample.flag}/{sample.analyser_flag}" if sample.analyser_flag else sample.flag
        for code, (place, text) in sample.values.items():
            try:
                number: float | None = float(text)
            except ValueError:
                number = None
            if number is None or not -_LARGEST < number < _LARGEST or "_" in text or not text.isascii():
                self._write_odd(place, text, (stamp, sample.time, flag, bits))
                continue
            if place.factor in self._settings.scales:
                number = float(Decimal(text) * self._settings.scales[place.factor])
            begin, end = self._span(stamp, sample.time, place.interval) if place.interval else (None, stamp)
            self._readings.append(
                _new_tuple(Reading, (code, place.factor, place.field, end, number, None, flag, bits, begin))
            )

    def _write_odd(self, place: _Place, text: str, context: tuple[datetime, str, str, int]) -> None:
        """A value that is no number: missing, a text, or refused."""
        stamp, time, flag, bits = context
        begin, end = self._span(stamp, time, place.interval) if place.interval else (None, stamp)
        if text.strip().upper() in _MISSING:
            missing = bits | quality.MISSING
            reading = Reading(place.code, place.factor, place.field, end, None, None, flag, missing, begin)
        elif place.field in _TEXTS and len(text) <= _TEXT_LIMIT:
            reading = Reading(place.code, place.factor, place.field, end, None, text, flag, bits, begin)
        else:
            self._refusals.append(Refusal(f"{place.factor}-{place.field}", text, "value"))
            return
        self._readings.append(reading)

    def _refuse(self, sample: _Sample) -> None:
        reason = "time" if sample.time else "no_time"
        for place, text in sample.values.values():
            self._refusals.append(Refusal(f"{place.factor}-{place.field}", text, reason))

    def _time(self, text: str) -> tuple[datetime | None, int]:
        """The instant that a time text means, and the quality bits that all its values share."""
        stamp = data_time(text)
        if stamp is None:
            return None, self._extra
        late = self._received - stamp
        ahead = late < timedelta(seconds=-self._settings.clock_limit_s)
        return stamp, self._extra | (quality.CLOCK if ahead or late > _OLDEST else quality.GOOD)

    def _span(self, stamp: datetime, time: str, interval: str) -> tuple[datetime | None, datetime]:
        """Beginning and end of the interval that a time stands for."""
        span = self._spans.get((time, interval))
        if span is None:
            length = _LENGTHS.get(interval) or timedelta(minutes=self._settings.minute_interval)
            span = (stamp, stamp + length) if self._settings.stamp == "start" else (stamp - length, stamp)
            self._spans[time, interval] = span
        return span
