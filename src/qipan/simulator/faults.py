"""What goes wrong with real stations: chosen once for each, so that a run can be repeated."""

import random
import zlib
from dataclasses import dataclass
from datetime import timedelta

from qipan.simulator.stations import Station


@dataclass(frozen=True)
class Faults:
    """Faults of one station. Silences are hours of the episode, from and to; drift is per hour."""

    bad_crc: float = 0.0
    double: float = 0.0
    silences: tuple[tuple[float, float], ...] = ()
    drift: timedelta = timedelta()

    def silent(self, hours: float) -> bool:
        """Whether the link is down at this hour of the episode."""
        return any(begin <= hours < end for begin, end in self.silences)


NONE = Faults()


def faults_of(station: Station, seed: int = 1) -> Faults:
    """The faults of a station: a few damaged and doubled frames everywhere, the rest at some."""
    dice = random.Random(zlib.crc32(f"{seed}{station.spot.code}".encode()))
    silences: tuple[tuple[float, float], ...] = ()
    drift = timedelta()
    chance = dice.random()
    if chance < 0.08:
        begin = dice.uniform(6, 20)
        silences = ((begin, begin + dice.uniform(0.7, 2.0)),)
    elif chance < 0.12:
        drift = timedelta(seconds=dice.choice((-40, 25, 45)))
    return Faults(bad_crc=0.002, double=0.005, silences=silences, drift=drift)
