"""A station on the network: connects, sends, repeats until answered, obeys orders."""

import asyncio
import logging
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from qipan.protocols.hj212 import Edition, Frame, Framer, Malformed, Message, build, parse, unseal
from qipan.protocols.hj212.codes import codes
from qipan.protocols.hj212.moment import data_time, written
from qipan.simulator.clock import Clock
from qipan.simulator.faults import NONE, Faults
from qipan.simulator.logger import DataLogger, Record

log = logging.getLogger(__name__)
ANSWER_S = 10.0
TRIES = 4
WINDOW = 16
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
_DONE, _NO_DATA = "1", "100"
_DATA_ANSWERED, _NOTICE_ANSWERED = "9014", "9013"


@dataclass(slots=True)
class Tally:
    """What all devices of a run have done."""

    links: int = 0
    sent: int = 0
    resent: int = 0
    answered: int = 0
    damaged: int = 0
    doubled: int = 0
    orders: int = 0


class Device:
    """One station's logger and its link."""

    def __init__(
        self, logger: DataLogger, clock: Clock, address: tuple[str, int], tally: Tally, faults: Faults = NONE
    ) -> None:
        self.logger = logger
        self.station = logger.station
        self._clock = clock
        self._address = address
        self._tally = tally
        self._faults = faults
        self._dice = random.Random(self.station.spot.code)
        self._clock_set = clock.now()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Measure and send for ever; ends when it is cancelled."""
        measuring = asyncio.create_task(self._measure())
        try:
            await self._keep_linked()
        finally:
            measuring.cancel()
            await asyncio.gather(measuring, return_exceptions=True)

    async def _measure(self) -> None:
        while True:
            await self._clock.until(self.logger.next_due)
            instant = self._clock.now()
            hours = (instant - self._clock_set) / timedelta(hours=1)
            self.logger.drift = self._faults.drift * hours
            if self.logger.advance(instant):
                self._wake.set()

    async def _keep_linked(self) -> None:
        pause = FIRST_PAUSE_S
        while True:
            if self._silent():
                await asyncio.sleep(0.2)
                continue
            try:
                reader, writer = await asyncio.open_connection(*self._address)
            except OSError:
                await asyncio.sleep(pause * self._dice.uniform(0.7, 1.3))
                pause = min(LONGEST_PAUSE_S, pause * 2)
                continue
            pause = FIRST_PAUSE_S
            self._tally.links += 1
            try:
                await self._talk(reader, writer)
            except (OSError, TimeoutError) as error:
                log.info("%s: %s", self.station.key, error or "no answer")
            finally:
                self._tally.links -= 1
                writer.close()
            await asyncio.sleep(FIRST_PAUSE_S * self._dice.uniform(0.5, 1.5))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for record in self.logger.waiting:
            record.sent_at = None
        listening = asyncio.create_task(self._listen(reader, writer))
        try:
            while not listening.done() and not self._silent():
                self._send_due(writer)
                await writer.drain()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), 0.5)
                self._wake.clear()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def _send_due(self, writer: asyncio.StreamWriter) -> None:
        """Send what waits, as far as the window goes, and again what got no answer in time."""
        window = 1 if self.station.edition is Edition.E2005 else WINDOW
        instant = time.monotonic()
        for number, record in enumerate(self.logger.waiting):
            if number == window:
                return
            if record.sent_at is not None and instant - record.sent_at < ANSWER_S:
                continue
            if record.sent_at is not None and record.tries >= TRIES:
                record.tries = 1
                raise TimeoutError
            self._send(writer, record)
            record.sent_at = instant

    def _send(self, writer: asyncio.StreamWriter, record: Record) -> None:
        frame = record.frame
        self._tally.sent += 1
        self._tally.resent += record.tries > 0
        record.tries += 1
        if self._dice.random() < self._faults.bad_crc:
            self._tally.damaged += 1
            frame = frame[:-6] + b"%04X\r\n" % (int(frame[-6:-2], 16) ^ 0x0101)
        elif self._dice.random() < self._faults.double:
            self._tally.doubled += 1
            frame *= 2
        writer.write(frame)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        while data := await reader.read(65536):
            for item in framer.feed(data):
                if isinstance(item, Frame):
                    self._hear(item, writer)
            self._wake.set()
        self._wake.set()

    def _hear(self, frame: Frame, writer: asyncio.StreamWriter) -> None:
        try:
            message = parse(frame, edition=self.station.settings.edition)
            if message.sealed and self.station.settings.seal is not None:
                message = unseal(message, self.station.settings.seal)
        except Malformed as error:
            log.warning("%s: %s", self.station.key, error)
            return
        if message.cn == _DATA_ANSWERED:
            self._tally.answered += self.logger.answered(message.qn)
        elif message.cn != _NOTICE_ANSWERED and message.mn == self.station.key:
            self._obey(message, writer)

    def _obey(self, order: Message, writer: asyncio.StreamWriter) -> None:
        """9011 whether it will, data if it asks for some, 9012 whether it did."""
        self._tally.orders += 1
        if order.cn not in codes("cn") or order.cn in ("1014", "1072", "1002"):
            writer.write(self._reply(order, "9011", ("QnRtn", "2")))
            return
        writer.write(self._reply(order, "9011", ("QnRtn", "1")))
        result = _DONE
        if order.cn == "1012":
            # a set clock runs right again, and drifts anew from here
            self._clock_set = self._clock.now()
            self.logger.drift = timedelta()
        elif order.cn == "1011":
            shown = written(self._clock.now() + self.logger.drift)
            writer.write(self._reply(order, "1011", ("SystemTime", shown), st=self.station.st))
        elif order.cn == "2061":
            result = _DONE if self._send_history(order, writer) else _NO_DATA
        writer.write(self._reply(order, "9012", ("ExeRtn", result)))

    def _send_history(self, order: Message, writer: asyncio.StreamWriter) -> int:
        begin, end = (data_time(order.get(name) or "") for name in ("BeginTime", "EndTime"))
        if begin is None or end is None or not self.station.hourly or order.qn is None:
            return 0
        frames = list(self.logger.hours(begin, end, order.qn))
        writer.writelines(frames)
        return len(frames)

    def _reply(self, order: Message, cn: str, item: tuple[str, str], st: str = "91") -> bytes:
        flag = None if order.flag is None else order.flag & ~0b11
        return build(
            Message(
                order.edition,
                st=st,
                cn=cn,
                mn=self.station.key,
                qn=order.qn,
                pw=order.pw,
                flag=flag,
                groups=((item,),),
            )
        )

    def _silent(self) -> bool:
        return self._faults.silent(self.logger.episode_hours(self._clock.now()))


def since_when(last: datetime | None, earliest: datetime) -> datetime:
    """Where a device goes on: after what it sent last, but not before ``earliest``."""
    return earliest if last is None else max(earliest, last + timedelta(seconds=1))
