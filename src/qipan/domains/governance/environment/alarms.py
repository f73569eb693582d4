"""High values of micro-stations against their neighbours: decision, merging, what lies upwind.

A reading is the 15-minute mean of a quantity in µg/m³ (CO mg/m³). It is compared with the median of the
township station and the nearest micro-stations, so that a plume which covers everything is no alarm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from statistics import median

from .places import Point, bearing, distance_m, turn
from .standards import RuleTable
from .wording import Sentence
from .wording import sentence as _


@dataclass(frozen=True)
class Judgement:
    """One interval of one site: the value, the median it was held against, and by which sites."""

    site: str
    time: datetime
    quantity: str
    value: float
    median: float | None
    compared: tuple[str, ...]
    high: bool
    reason: Sentence

    @property
    def ratio(self) -> float | None:
        """Value over median; None when there is nothing to compare with."""
        return self.value / self.median if self.median else None

    @property
    def excess(self) -> float | None:
        """Value above the median."""
        return None if self.median is None else self.value - self.median


@dataclass(frozen=True)
class Alarm:
    """High values that are one event: where and when they began, the last one, all members."""

    first: Judgement
    last: Judgement
    members: tuple[Judgement, ...]

    @property
    def peak(self) -> Judgement:
        """The member that exceeds its neighbours most."""
        return max(self.members, key=lambda one: one.excess or 0.0)


@dataclass(frozen=True)
class Source:
    """Something that emits: a firm's stack, a construction site, a market; kg per day of the quantity."""

    place: Point
    name: str
    kind: str
    emission_kg_d: float


@dataclass(frozen=True)
class Suspect:
    """A source that the wind may have brought: distance, angle off the wind, score and its share of all."""

    source: Source
    distance_m: float
    off_wind: float | None
    past_confirmed: int
    score: float
    share: float


def nearest(site: Point, others: Sequence[Point], table: RuleTable) -> list[Point]:
    """The nearest other sites within the distance that may serve as neighbours."""
    within = float(table.limit("neighbour_within_m"))
    count = int(table.limit("neighbours"))
    near = [(distance_m(site, other), other) for other in others if other.code != site.code]
    near = sorted((pair for pair in near if pair[0] <= within), key=lambda pair: (pair[0], pair[1].code))
    return [other for _distance, other in near[:count]]


def judge(
    site: str,
    time: datetime,
    quantity: str,
    readings: Mapping[str, float],
    *,
    neighbours: Sequence[str],
    table: RuleTable,
) -> Judgement:
    """Whether the reading of a site is high against the median of its neighbours.

    ``readings`` are the values of the interval by site code, without flagged ones; ``neighbours`` names
    the township station and the nearest micro-stations. KeyError when the site itself has no reading.
    """
    value = readings[site]
    compared = tuple(code for code in neighbours if isfinite(readings.get(code, float("nan"))))
    needed = int(table.limit("neighbours_needed"))
    if len(compared) < needed or not isfinite(value):
        told = {"count": len(compared), "needed": needed}
        why = _("可比站点 %(count)s 个,少于 %(needed)s 个,不判断", **told)
        return Judgement(site, time, quantity, value, None, compared, False, why)
    middle = median(readings[code] for code in compared)
    ratio, excess = float(table.limit("ratio")), float(table.limit("excess", quantity))
    high = value >= ratio * middle and value - middle >= excess
    told_values = {
        "value": f"{value:g}",
        "median": f"{middle:g}",
        "ratio": f"{ratio:g}",
        "excess": f"{excess:g}",
    }
    why = _(
        "%(value)s 对周边中位数 %(median)s(判据:不低于 %(ratio)s 倍且高出不少于 %(excess)s)", **told_values
    )
    return Judgement(site, time, quantity, value, middle, compared, high, why)


def is_alarm(latest: Sequence[Judgement], table: RuleTable) -> bool:
    """Whether the newest interval is high and so are enough of the last ones (2 of 3); oldest first."""
    window = latest[-int(table.limit("of_intervals")) :]
    return bool(window) and window[-1].high and sum(j.high for j in window) >= table.limit("high_intervals")


def has_fallen_back(latest: Sequence[Judgement], table: RuleTable) -> bool:
    """Whether the last intervals were all compared and none was high: the case may be verified."""
    count = int(table.limit("calm_intervals"))
    window = latest[-count:]
    return len(window) == count and all(j.median is not None and not j.high for j in window)


def merge(
    alarms: Sequence[Alarm], new: Judgement, places: Mapping[str, Point], table: RuleTable
) -> list[Alarm]:
    """The open alarms with a new high value: joined to the nearest in place and time, else a new one."""
    within, hours = float(table.limit("merge_within_m")), float(table.limit("merge_hours"))
    candidates = []
    for number, alarm in enumerate(alarms):
        distance = min(distance_m(places[j.site], places[new.site]) for j in alarm.members)
        recent = abs(new.time - alarm.last.time) <= timedelta(hours=hours)
        if alarm.last.quantity == new.quantity and recent and distance <= within:
            candidates.append((distance, number))
    result = list(alarms)
    if not candidates:
        return [*result, Alarm(new, new, (new,))]
    number = min(candidates)[1]
    old = alarms[number]
    members = (*old.members, new)
    result[number] = Alarm(old.first, max(old.last, new, key=lambda j: j.time), members)
    return result


def suspects(
    site: Point,
    wind_from: float,
    wind_speed: float,
    sources: Sequence[Source],
    *,
    table: RuleTable,
    confirmed: Mapping[str, int] | None = None,
) -> list[Suspect]:
    """Sources within the sector the wind comes from (degrees), likeliest first.

    The score is emission over distance, times one plus the number of past alarms near here whose cause
    was confirmed to be that source (``confirmed`` by place code). In calm air every direction counts.
    """
    within, nearest_m = float(table.limit("upwind_within_m")), float(table.limit("upwind_nearest_m"))
    half = float(table.limit("upwind_half_angle"))
    calm = wind_speed < float(table.limit("calm_wind"))
    past = confirmed or {}
    found = []
    for source in sources:
        distance = distance_m(site, source.place)
        off = None if calm else turn(bearing(site, source.place), wind_from)
        if distance <= within and (off is None or off <= half or distance <= nearest_m):
            times = past.get(source.place.code, 0)
            score = source.emission_kg_d / max(distance, nearest_m) * (1 + times)
            found.append((source, distance, off, times, score))
    total = sum(row[4] for row in found) or 1.0
    ranked = [Suspect(*row, row[4] / total) for row in found]
    return sorted(ranked, key=lambda one: (-one.score, one.distance_m))


def likely_causes(excess: Mapping[str, float], table: RuleTable) -> list[str]:
    """Kinds of cause whose ratios of excesses fit: dust, coal, straw burning, traffic.

    ``excess`` maps quantities to what the site has above its neighbours. A cause of which a quantity is
    not measured is not named.
    """
    return [name for name, bounds in table.cell("causes").items() if _fits(excess, bounds)]


def _fits(excess: Mapping[str, float], bounds: Mapping[str, Sequence[float]]) -> bool:
    for pair, (low, high) in bounds.items():
        upper, lower = pair.split("/")
        if upper not in excess or excess.get(lower, 0.0) <= 0:
            return False
        if not low <= excess[upper] / excess[lower] <= high:
            return False
    return True
