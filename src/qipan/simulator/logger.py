"""What a station's data logger does without a network: measure on time, keep until answered."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qipan.protocols.hj212 import Edition, Message, build
from qipan.protocols.hj212.codes import factors
from qipan.protocols.hj212.edition import VERSION_BITS
from qipan.protocols.hj212.moment import request_number, written
from qipan.protocols.hj212.segment import ANSWER_WANTED, Group
from qipan.simulator.episode import Episode
from qipan.simulator.stations import Factor, Station

CAPACITY = 20_000
HOUR = timedelta(hours=1)
HOUR_DELAY = timedelta(seconds=90)
REAL_TIME, HOUR_DATA = "2011", "2061"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Record:
    """One frame that waits for its answer. Stations of 2005 have no number in it: ``qn`` is None."""

    due: datetime
    qn: str | None
    frame: bytes
    tries: int = 0
    sent_at: float | None = None


class DataLogger:
    """Makes a station's frames as its clock moves on and holds them until they are answered."""

    def __init__(self, station: Station, episode: Episode, since: datetime) -> None:
        self.station = station
        self.drift = timedelta()
        self._episode = episode
        self._next_value = _ceiling(since, timedelta(seconds=station.step_s))
        self._next_hour = _ceiling(since, HOUR)
        self._count = 0
        self.waiting: deque[Record] = deque(maxlen=CAPACITY)

    @property
    def next_due(self) -> datetime:
        """When the next frame is made, by a right clock."""
        return self._due - self.drift

    @property
    def _due(self) -> datetime:
        """When the next frame is made, by the station's own clock."""
        return (
            min(self._next_value, self._next_hour + HOUR_DELAY) if self.station.hourly else self._next_value
        )

    def advance(self, instant: datetime) -> int:
        """Make every frame that is due at a right instant; how many."""
        made = 0
        while self._due <= instant + self.drift:
            if self._due == self._next_value:
                self.waiting.append(self._record(REAL_TIME, self._next_value))
                self._next_value += timedelta(seconds=self.station.step_s)
            else:
                self.waiting.append(self._record(HOUR_DATA, self._next_hour))
                self._next_hour += HOUR
            made += 1
        return made

    def answered(self, qn: str | None) -> bool:
        """Forget the frame that an answer names, or the oldest one at a station without numbers."""
        if self.station.edition is Edition.E2005:
            if self.waiting and self.waiting[0].tries:
                self.waiting.popleft()
                return True
            return False
        for record in self.waiting:
            if record.qn == qn and record.tries:
                self.waiting.remove(record)
                return True
        return False

    def episode_hours(self, instant: datetime) -> float:
        """Hours into the episode."""
        return self._episode.hours(instant)

    def hours(self, begin: datetime, end: datetime, qn: str) -> Iterator[bytes]:
        """History asked for by an order: hourly frames with the order's number, at most a hundred."""
        at = _ceiling(begin, HOUR)
        for _count in range(100):
            if at > min(end, self._next_hour - HOUR):
                return
            yield build(self._message(HOUR_DATA, at, self._items(HOUR_DATA, at), qn))
            at += HOUR

    def _record(self, cn: str, stamp: datetime) -> Record:
        self._count += 1
        clock = self._due
        qn = None
        if self.station.edition is not Edition.E2005:
            qn = request_number(clock + timedelta(milliseconds=self._count % 1000))
        return Record(clock, qn, build(self._message(cn, stamp, self._items(cn, stamp), qn)))

    def _items(self, cn: str, stamp: datetime) -> list[Group]:
        """What is measured when the station's clock shows ``stamp``."""
        hour = cn == HOUR_DATA
        true = stamp - self.drift
        wanted = self.station.hourly if hour else self.station.factors
        items = []
        for factor in wanted:
            take = self._episode.mean if hour else self._episode.value
            value = take(self.station.spot, factor.code, true)
            if value is not None:
                items.append(self._item(factor, value, "Avg" if hour else "Rtd"))
        return items

    def _item(self, factor: Factor, value: float, field: str) -> Group:
        name = factor.code
        if self.station.edition is Edition.E2005:
            known = factors().get(name)
            name = known.code_2005 if known is not None and known.code_2005 else name
        return (f"{name}-{field}", f"{value:.{factor.decimals}f}"), (f"{name}-Flag", "N")

    def _message(self, cn: str, stamp: datetime, items: list[Group], qn: str | None) -> Message:
        station = self.station
        old = station.edition is Edition.E2005
        return Message(
            station.edition,
            st=station.st,
            cn=cn,
            mn=station.key,
            qn=qn,
            pw=station.settings.password,
            flag=None if old else VERSION_BITS[station.edition] << 2 | ANSWER_WANTED,
            groups=((("DataTime", written(stamp)),), *items),
        )


def _ceiling(instant: datetime, step: timedelta) -> datetime:
    return _EPOCH + -(-(instant - _EPOCH) // step) * step
