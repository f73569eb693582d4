"""HJ 212 at the gateway (port 7212; the station connects)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from qipan.kernel.sensing.gateway.codecs import (
    Collected,
    Decoded,
    KeySettings,
    OrderText,
    Origin,
    Outgoing,
    Reply,
)
from qipan.kernel.sensing.readings import Reading
from qipan.protocols import hj212
from qipan.protocols.hj212.moment import STATION_ZONE, data_time

_MN = re.compile(rb"MN=\s*([^;=&,]{1,64})\s*;")
_REASONS_SHOWN = 3
_DEFAULTS = hj212.Settings()
_COPIES_LIMIT = 4096


class Hj212Codec:
    """Codec of HJ 212: editions 2005, 2017, 2025 on one port."""

    name: Final = "hj212"
    port: Final = 7212
    idle_s: Final = 7_800.0  # stations that only send hours are silent for one, and may miss one

    def __init__(self, keys: KeySettings) -> None:
        self._keys = keys
        self._packets: hj212.Packets[tuple[int, str]] = hj212.Packets()
        self._settings: dict[str, tuple[Mapping[str, Any], hj212.Settings]] = {}
        self._last_request: datetime | None = None
        # what a station showed of itself: how an order to it must look
        self._stations: dict[str, hj212.Station] = {}

    def framer(self) -> hj212.Framer:
        """A framer for a new connection."""
        return hj212.Framer()

    def plausible(self, first: bytes) -> bool:
        """A station begins with ``##``; line ends and blanks before it are seen."""
        start = first.lstrip(b"\r\n *")[:2]
        return start in (b"##", b"#", b"")

    def decode(self, item: hj212.Frame | hj212.Rejected, host: str) -> Decoded:
        """Understand a frame; the settings of its station may readmit one with another checksum."""
        if isinstance(item, hj212.Rejected):
            key = _key_in(item.raw)
            frame = hj212.readmit(item, self._settings_of(key).crc_mode) if key else None
            if frame is None:
                nonsense = item.reason == "length" or not key
                return Decoded(item.raw, key, False, item.reason, nonsense=nonsense)
            item = frame
        try:
            message = hj212.parse(item)
            key = message.mn or f"peer {host}"
            settings = self._settings_of(key)
            if settings.edition is not None and settings.edition is not message.edition:
                message = hj212.parse(item, edition=settings.edition)
            if message.sealed and settings.seal is not None:
                message = hj212.unseal(message, settings.seal)
        except hj212.Malformed as error:
            return Decoded(item.raw, _key_in(item.raw), False, str(error)[:200], nonsense=True)
        self._remember(key, message, settings)
        reply = _reply(message)
        return Decoded(
            item.raw, key, True, ",".join(message.faults), hj212.answer(message, settings), message, reply
        )

    def reread(self, raw: bytes, host: str) -> Decoded:
        """Understand a frame out of the spool."""
        return self.decode(hj212.Framer().feed(raw + b"\r\n")[0], host)

    def collect(self, decoded: Decoded, origin: Origin) -> list[Collected]:
        """Readings of the message, once all its packets are here."""
        message = decoded.content
        if not hj212.is_data(message):
            return []
        if message.packet is None:
            return [self._collected(message, decoded.key, origin.received, origin.index)]
        mark = (origin.token, decoded.key)
        joined = self._packets.add(origin.host, message, mark, origin.received)
        return [
            self._collected(each.message, each.tokens[-1][1], origin.received, origin.index)
            for each in joined
        ]

    def expire(self, now: datetime) -> list[Collected]:
        """Readings of messages whose packets did not all come within a minute."""
        return [
            self._collected(each.message, each.tokens[-1][1], now, None) for each in self._packets.expire(now)
        ]

    def oldest(self) -> int | None:
        """Token of the oldest packet that waits."""
        token = self._packets.oldest()
        return None if token is None else token[0]

    def order(self, order: OrderText, at: datetime) -> Outgoing:
        """A request; ValueError for a station that never called or a command HJ 212 lacks."""
        station = self._stations.get(order.key)
        if station is None:
            raise ValueError(f"key: {order.key} has not called yet")
        moment = at
        if self._last_request is not None and at <= self._last_request:
            # the request number has milliseconds, and tells orders apart
            moment = self._last_request + timedelta(milliseconds=1)
        self._last_request = moment
        parameters = {name: _parameter(value) for name, value in order.parameters.items()}
        message = hj212.order(order.command, parameters, station, moment)
        seal = self._settings_of(order.key).seal if message.cn[0] == "2" else None
        return Outgoing(hj212.build(message, seal), message.qn or "")

    def _remember(self, key: str, message: hj212.Message, settings: hj212.Settings) -> None:
        if message.st == "91" and key in self._stations:
            return
        known = self._stations.get(key)
        if known is None or known.st != message.st or known.edition is not message.edition:
            if len(self._stations) >= _COPIES_LIMIT * 4:
                self._stations.clear()
            password = message.pw or settings.password
            self._stations[key] = hj212.Station(message.mn, message.st, message.edition, password)

    def _settings_of(self, key: str) -> hj212.Settings:
        data = self._keys.settings(self.name, key)
        if not data:
            return _DEFAULTS
        held = self._settings.get(key)
        if held is not None and held[0] is data:
            return held[1]
        try:
            settings = hj212.Settings.from_json(data)
        except (ValueError, TypeError):
            # a wrong setting must not stop a station: its frames are read by the standard
            settings = _DEFAULTS
        if len(self._settings) >= _COPIES_LIMIT:
            self._settings.clear()
        self._settings[key] = data, settings
        return settings

    def _collected(
        self, message: hj212.Message, key: str, received: datetime, frame: int | None
    ) -> Collected:
        extract = hj212.readings(message, self._settings_of(key), received)
        name = self.name
        readings = [
            Reading(
                name,
                key,
                code,
                time,
                value,
                flag if value is not None and flag not in ("", "N") else text,
                quality,
                received,
                frame,
                begin,
            )
            for code, _factor, _field, time, value, text, flag, quality, begin in extract.readings
        ]
        if not extract.refusals:
            return Collected(readings)
        shown = ", ".join(
            f"{each.reason} {each.name}={each.value}" for each in extract.refusals[:_REASONS_SHOWN]
        )
        return Collected(readings, not readings, shown[:200])


def _key_in(raw: bytes) -> str:
    """The device number a damaged frame still shows, for the log."""
    found = _MN.search(raw)
    if found is None:
        return ""
    text = found[1].decode("ascii", "replace").strip()
    return text if text.isprintable() else ""


def _reply(message: hj212.Message) -> Reply | None:
    """What a message says about an order: 9011, 9012, or the data in between (same QN)."""
    said = hj212.reply(message)
    if said is not None:
        values = {"ExeRtn" if said.done else "QnRtn": said.code}
        # an order that found no data was carried out
        good = said.good or (said.done and said.code == 100)
        return Reply(said.qn, said.done or not good, good, values)
    if message.cn[0] in "13" and message.qn is not None and message.st != "91" and message.groups:
        values_sent = {name: value for group in message.groups for name, value in group if name}
        return Reply(message.qn, False, True, values_sent)
    return None


def _parameter(value: Any) -> str | int | datetime:
    """A parameter out of JSON: times come as ISO 8601 or as the station's own digits."""
    if isinstance(value, str) and "T" in value:
        instant = datetime.fromisoformat(value)
        return instant if instant.tzinfo is not None else instant.replace(tzinfo=STATION_ZONE)
    if isinstance(value, str) and len(value) == 14:
        return data_time(value) or value
    return value if isinstance(value, int) else str(value)
