"""A day and a half of heavy pollution, as a function of place and time.

Still, damp air gathers over the county: PM2.5 rises from the west within hours, stays, and is blown away by
a cold front. On top of it: traffic, sun, one fire that a micro-station sees, one stack over its limit, one
river with ammonia. Everything is a pure function of time, so that a station which sends a value again, or
is asked for its history, says the same. The figures are invented; their sizes and courses are those of
episodes in the North China Plain.
"""

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

CYCLE_H = 60.0
"""After this the next episode begins."""
SAMPLES = 12
"""Values that make an hourly mean."""


@dataclass(frozen=True)
class Spot:
    """A place: ``along`` is 0 where the pollution comes first and 1 where it comes last.

    ``number`` counts the places of a kind; ``twist`` (0 … 1) is the place's own character.
    """

    code: str
    kind: str
    number: int
    along: float
    twist: float


@dataclass(frozen=True)
class Episode:
    """The course of things since ``start`` (aware)."""

    start: datetime

    def hours(self, instant: datetime) -> float:
        """Hours into the cycle."""
        return (instant - self.start).total_seconds() / 3600 % CYCLE_H

    def value(self, spot: Spot, code: str, instant: datetime) -> float | None:
        """Value of a factor at a place, in the unit the county keeps; None for one it does not have."""
        course = _COURSES.get(code)
        if spot.kind == "outlet_air":
            course = _STACK.get(code)
        elif spot.kind == "surface_water":
            course = _RIVER.get(code)
        if course is None:
            return None
        return course(_Moment(spot, self.hours(instant), _of_day(instant)))

    def mean(self, spot: Spot, code: str, end: datetime) -> float | None:
        """Mean of the hour before ``end``."""
        step = timedelta(hours=1) / SAMPLES
        values = [self.value(spot, code, end - step * (count + 0.5)) for count in range(SAMPLES)]
        shown = [value for value in values if value is not None]
        return sum(shown) / len(shown) if shown else None


@dataclass(frozen=True, slots=True)
class _Moment:
    """A place, hours into the episode, hour of the county's day."""

    spot: Spot
    hours: float
    of_day: float

    def wobble(self, name: str, period_h: float) -> float:
        """A smooth irregular course between about -1 and 1, its own for each place and factor."""
        return _irregular(f"{self.spot.code}{name}", self.hours / period_h)

    def common(self, name: str, period_h: float) -> float:
        """A wobble that is the same all over the county: the weather's."""
        return _irregular(name, self.hours / period_h)

    def bell(self, centre: float, width: float, period: float = 24.0) -> float:
        """1 at an hour of the day, falling off on both sides."""
        away = (self.of_day - centre + period / 2) % period - period / 2
        return math.exp(-((away / width) ** 2))


_PACES = (1.0, 2.3, 5.1, 11.7)
Course = Callable[[_Moment], float]


@lru_cache(maxsize=8192)
def _phases(name: str) -> Sequence[float]:
    return tuple(zlib.crc32(f"{name}{number}".encode()) / 2**32 for number in range(len(_PACES)))


def _irregular(name: str, angle: float) -> float:
    phases = _phases(name)
    turns = (pace * angle + phase for pace, phase in zip(_PACES, phases, strict=True))
    return sum(math.sin(2 * math.pi * turn) for turn in turns) / 2


def _of_day(instant: datetime) -> float:
    return (instant.timestamp() / 3600 + 8) % 24


def _step(x: float) -> float:
    """0 … 1, half way at 0."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, x))))


def _stagnation(moment: _Moment) -> float:
    """0 in clean air, 1 at the height of the episode; comes and goes later towards the east."""
    lag = 5.0 * moment.spot.along
    return _step((moment.hours - 14.5 - lag) / 2.2) * _step((42.0 + 0.4 * lag - moment.hours) / 0.7)


def _front(moment: _Moment) -> float:
    """1 while the cold air behind the front is here."""
    return _step((moment.hours - 43 - 2 * moment.spot.along) / 0.5) * _step((56 - moment.hours) / 0.8)


def _fine_dust(moment: _Moment) -> float:
    own = 0.86 + 0.28 * moment.spot.twist
    daily = 1 + 0.10 * moment.bell(8, 2) + 0.08 * moment.bell(22, 3) - 0.10 * moment.bell(15, 3)
    level = (52 * (1 - 0.55 * _front(moment)) + 195 * _stagnation(moment)) * own * daily
    return max(3.0, level * (1 + 0.05 * moment.wobble("a34004", 1.5)) + _fire(moment))


def _fire(moment: _Moment) -> float:
    """Straw burns beside one micro-station, ten hours into the episode."""
    if moment.spot.kind != "micro" or moment.spot.number != 7:
        return 0.0
    return 230 * math.exp(-(((moment.hours - 10.5) / 0.7) ** 2))


def _coarse_dust(moment: _Moment) -> float:
    dust = 38 + 25 * moment.bell(10, 3) + 12 * moment.wobble("a34002", 2)
    return _fine_dust(moment) * 1.22 + max(5.0, dust)


def _wind(moment: _Moment) -> float:
    front = 6.5 * math.exp(-(((moment.hours - 43.5) / 2.0) ** 2))
    return max(
        0.2,
        2.6
        - 1.9 * _stagnation(moment)
        + front
        + 0.5 * moment.common("wind", 3)
        + 0.2 * moment.wobble("a01007", 1),
    )


def _nitrogen_dioxide(moment: _Moment) -> float:
    traffic = 22 * moment.bell(8, 1.8) + 26 * moment.bell(19, 2.5)
    return max(4.0, 26 + traffic + 38 * _stagnation(moment) + 4 * moment.wobble("a21004", 2))


def _ozone(moment: _Moment) -> float:
    sun = 95 * moment.bell(15, 3.4)
    return max(2.0, (28 + sun) * (1 - 0.55 * _stagnation(moment)) + 6 * moment.wobble("a05024", 3))


_COURSES: dict[str, Course] = {
    "a34004": _fine_dust,
    "a34002": _coarse_dust,
    "a34001": lambda m: _coarse_dust(m) * 1.35,
    "a21026": lambda m: max(2.0, 9 + 14 * _stagnation(m) + 3 * m.wobble("a21026", 2)),
    "a21004": _nitrogen_dioxide,
    "a21005": lambda m: max(0.1, 0.5 + _fine_dust(m) / 150 + 0.05 * m.wobble("a21005", 2)),
    "a05024": _ozone,
    "a01001": lambda m: 4 + 7 * m.bell(15, 5) - 6 * _front(m) + 0.4 * m.wobble("a01001", 4),
    "a01002": lambda m: min(99.0, 58 + 30 * _stagnation(m) - 18 * m.bell(15, 4) + 2 * m.wobble("a01002", 3)),
    "a01006": lambda m: 1024 + 4 * math.sin(m.hours / 9) + 6 * _front(m) - 0.3 * m.spot.twist,
    "a01007": _wind,
    "a01008": lambda m: (
        (195 + 45 * m.common("direction", 9) + 12 * m.wobble("a01008", 3) + 140 * _front(m)) % 360
    ),
    "LA": lambda m: 52 + 8 * m.bell(13, 6) + 2 * m.wobble("LA", 0.5),
}


def _load(moment: _Moment) -> float:
    """How hard a plant works: by shift, less at night."""
    return 0.75 + 0.2 * moment.bell(11, 5) + 0.06 * moment.wobble("load", 2)


def _stack_sulphur(moment: _Moment) -> float:
    """The scrubber of one plant fails for some hours."""
    normal = (14 + 9 * moment.spot.twist) * _load(moment) * (1 + 0.08 * moment.wobble("so2", 0.7))
    failing = moment.spot.number == 4 and 9.0 < moment.hours < 13.5
    return normal + 34 * math.sin(math.pi * (moment.hours - 9.0) / 4.5) if failing else normal


_STACK: dict[str, Course] = {
    "a21026": _stack_sulphur,
    "a34013": lambda m: max(0.2, (3 + 3 * m.spot.twist) * _load(m) * (1 + 0.1 * m.wobble("soot", 0.6))),
    "a21002": lambda m: max(1.0, (24 + 14 * m.spot.twist) * _load(m) * (1 + 0.07 * m.wobble("nox", 0.8))),
    "a19001": lambda m: 9.5 - 2 * _load(m) + 0.3 * m.wobble("o2", 0.5),
    "a01011": lambda m: 9 + 5 * _load(m) + 0.2 * m.wobble("flow", 0.3),
    "a01012": lambda m: 48 + 18 * m.spot.twist + 6 * _load(m) + 0.5 * m.wobble("heat", 1),
    "a00000": lambda m: (18 + 30 * m.spot.twist) * _load(m),
    "a24088": lambda m: max(0.5, 12 + 6 * m.spot.twist + 2 * m.wobble("nmhc", 1)),
}


def _ammonia(moment: _Moment) -> float:
    spill = 1.9 * math.exp(-(((moment.hours - 16) / 4) ** 2)) if moment.spot.number == 1 else 0.0
    return max(0.02, 0.35 + 0.3 * moment.spot.twist + 0.05 * moment.wobble("nh3", 12) + spill)


_RIVER: dict[str, Course] = {
    "w01001": lambda m: 7.9 + 0.25 * m.bell(15, 5) + 0.05 * m.wobble("ph", 12),
    "w01009": lambda m: 8.4 + 1.2 * m.bell(15, 5) - 0.8 * m.spot.twist + 0.15 * m.wobble("do", 12),
    "w01010": lambda m: 9.0 + 1.2 * m.bell(16, 5) + 0.2 * m.wobble("t", 24),
    "w01014": lambda m: 1150 + 240 * m.spot.twist + 15 * m.wobble("ec", 24),
    "w01003": lambda m: max(2.0, 22 + 16 * m.spot.twist + 4 * m.wobble("tu", 12)),
    "w01019": lambda m: 4.2 + 1.6 * m.spot.twist + 0.2 * m.wobble("mn", 12),
    "w01018": lambda m: 17 + 8 * m.spot.twist + 0.8 * m.wobble("cod", 12),
    "w21003": _ammonia,
    "w21011": lambda m: max(0.01, 0.12 + 0.08 * m.spot.twist + 0.01 * m.wobble("tp", 12)),
    "w21001": lambda m: 3.4 + 1.8 * m.spot.twist + 0.2 * m.wobble("tn", 24),
}
