"""The emission-reduction list: its lines, what contradicts itself, and the legal ratios it reaches.

Ratios are exact fractions and are shown rounded down, so that no list passes by rounding.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from .places import Point
from .plume_rise import Stack
from .standards import Number, exact
from .warning import Level
from .wording import Sentence
from .wording import sentence as _

POLLUTANTS = ("SO2", "NOX", "PM", "VOC")
COLOURS = ("yellow", "orange", "red")
GRADES = ("引领性", "A", "B", "B-", "C", "D")
SELF_MANAGED = ("引领性", "A")


@dataclass(frozen=True)
class Line:
    """One production line: emissions in kg/d, cuts in percent by colour and pollutant.

    ``exemption`` names the document that keeps it running for people's livelihood.
    """

    code: str
    firm: str
    name: str
    industry: str
    grade: str
    daily: Mapping[str, Number]
    cuts: Mapping[str, Mapping[str, Number]]
    measures: Mapping[str, str]
    indicator: str = ""
    exemption: str = ""
    yearly_t: Mapping[str, Number] = field(default_factory=dict)
    place: Point | None = None
    stack: Stack | None = None

    def base(self, pollutant: str) -> Fraction:
        """Daily emission in kg."""
        return exact(self.daily.get(pollutant, 0))

    def cut(self, colour: str, pollutant: str) -> Fraction:
        """Daily cut in kg under the measure of a colour; nothing when the line is exempt."""
        if self.exemption:
            return Fraction(0)
        return self.base(pollutant) * exact(self.cuts.get(colour, {}).get(pollutant, 0)) / 100


@dataclass(frozen=True)
class SocialMeasure:
    """A measure outside firms (vehicles, dust, stoves): base in kg/d, cuts in percent by colour."""

    code: str
    name: str
    daily: Mapping[str, Number]
    cuts: Mapping[str, Mapping[str, Number]]

    def base(self, pollutant: str) -> Fraction:
        """Daily emission in kg."""
        return exact(self.daily.get(pollutant, 0))

    def cut(self, colour: str, pollutant: str) -> Fraction:
        """Daily cut in kg under the measure of a colour."""
        return self.base(pollutant) * exact(self.cuts.get(colour, {}).get(pollutant, 0)) / 100


Entry = Line | SocialMeasure


@dataclass(frozen=True)
class Fault:
    """Why a row of the list cannot be confirmed."""

    code: str
    field: str
    sentence: Sentence


@dataclass(frozen=True)
class Ratio:
    """One pollutant: kg/d of the whole society, kg/d cut, percent rounded down, what is required."""

    pollutant: str
    base: Fraction
    cut: Fraction
    percent: float
    required: int
    passed: bool | None


@dataclass(frozen=True)
class RatioTable:
    """Legal ratios of a colour. SO2 and NOX may make up for each other when their sum is kept."""

    colour: str
    ratios: Mapping[str, Ratio]
    so2_nox_sum: float
    so2_nox_required: int
    traded: bool
    passed: bool | None


def faults(lines: Sequence[Line], social: Sequence[SocialMeasure] = ()) -> list[Fault]:
    """Contradictions in the list, by row: cut above base, unknown grade, no measure or indicator, …"""
    found: list[Fault] = []
    seen: set[str] = set()
    entries: list[Entry] = [*lines, *social]
    for entry in entries:
        if entry.code in seen:
            found.append(Fault(entry.code, "code", _("编号重复")))
        seen.add(entry.code)
        found += _number_faults(entry)
        if isinstance(entry, Line):
            found += _line_faults(entry)
    return found


def _number_faults(entry: Entry) -> Iterable[Fault]:
    for pollutant, value in entry.daily.items():
        if pollutant not in POLLUTANTS:
            yield Fault(entry.code, "daily", _("未知污染物 %(name)s", name=pollutant))
        elif exact(value) < 0:
            yield Fault(entry.code, f"daily.{pollutant}", _("排放量为负"))
    for pollutant in POLLUTANTS:
        shares = [exact(entry.cuts.get(colour, {}).get(pollutant, 0)) for colour in COLOURS]
        if any(share > 100 for share in shares):
            yield Fault(entry.code, f"cuts.{pollutant}", _("减排量大于排放量"))
        if any(share < 0 for share in shares):
            yield Fault(entry.code, f"cuts.{pollutant}", _("减排比例为负"))
        if shares != sorted(shares):
            yield Fault(entry.code, f"cuts.{pollutant}", _("预警级别升高时减排比例变小"))


def _line_faults(line: Line) -> Iterable[Fault]:
    if line.grade not in GRADES:
        yield Fault(line.code, "grade", _("未知绩效等级 %(grade)s", grade=line.grade))
    for colour in COLOURS:
        acts = any(exact(value) > 0 for value in line.cuts.get(colour, {}).values())
        if acts and not line.measures.get(colour, "").strip():
            yield Fault(line.code, f"measures.{colour}", _("有减排比例而无措施内容"))
        if acts and not line.indicator.strip():
            yield Fault(line.code, "indicator", _("措施缺少可核查指标"))
            break
    for pollutant, tonnes in line.yearly_t.items():
        if line.base(pollutant) > exact(tonnes) * 1000:
            yield Fault(line.code, f"daily.{pollutant}", _("日排放量大于年排放量"))


def legal_ratios(entries: Iterable[Entry], level: Level) -> RatioTable:
    """Cuts of all entries as shares of all their emissions, against the ratios a level demands.

    A pollutant that nobody emits has no ratio and cannot pass or fail (``passed`` None).
    """
    rows = list(entries)
    base = {p: sum((row.base(p) for row in rows), Fraction(0)) for p in POLLUTANTS}
    cut = {p: sum((row.cut(level.colour, p) for row in rows), Fraction(0)) for p in POLLUTANTS}
    return ratios_of(base, cut, level)


def ratios_of(base: Mapping[str, Fraction], cut: Mapping[str, Fraction], level: Level) -> RatioTable:
    """Legal ratios from the sums over all entries in kg/d."""
    share = {p: cut[p] * 100 / base[p] if base[p] else None for p in POLLUTANTS}
    ratios = {
        p: Ratio(
            p, base[p], cut[p], _down(share[p]), level.cut_percent, _reaches(share[p], level.cut_percent)
        )
        for p in POLLUTANTS
    }
    total = (share["SO2"] or Fraction(0)) + (share["NOX"] or Fraction(0))
    single = [ratios["SO2"].passed, ratios["NOX"].passed]
    traded = False in single and total >= level.so2_nox_sum_percent
    needed = ["PM", "VOC"] if traded else list(POLLUTANTS)
    verdicts = [ratios[p].passed for p in needed]
    passed = False if False in verdicts else None if None in verdicts else True
    return RatioTable(level.colour, ratios, _down(total), level.so2_nox_sum_percent, traded, passed)


def _down(percent: Fraction | None) -> float:
    """Percent to one decimal, rounded down; 0 where there is no base."""
    return floor((percent or Fraction(0)) * 10) / 10


def _reaches(percent: Fraction | None, required: int) -> bool | None:
    return None if percent is None else percent >= required
