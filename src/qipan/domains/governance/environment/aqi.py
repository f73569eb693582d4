"""Air quality index of an hour or a day (HJ 633-2012, HJ 633-2026) with its explanation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil

from .standards import MissingLimitError, Number, RuleTable, exact, table_on
from .wording import Sentence
from .wording import sentence as _

AQI_MAX = 500
PRIMARY_ABOVE = 50
EXCEEDING_ABOVE = 100


@dataclass(frozen=True)
class Segment:
    """The rule row a concentration falls into: two neighbouring nodes."""

    low: Fraction
    high: Fraction
    iaqi_low: int
    iaqi_high: int


@dataclass(frozen=True)
class Iaqi:
    """Index of one pollutant: the value, or why there is none."""

    item: str
    concentration: Fraction | None
    value: int | None
    version: str
    provisional: bool
    segment: Segment | None = None
    reason: Sentence | None = None
    hours_used: int | None = None

    @property
    def pollutant(self) -> str:
        """The pollutant without the averaging time, e.g. ``PM25``."""
        return self.item.rsplit("_", 1)[0]

    def explain(self) -> Sentence:
        """One sentence: how the value came about, or why there is none."""
        told: dict[str, object] = {
            "item": self.item,
            "version": self.version,
            "iaqi": self.value,
            "why": self.reason or "",
        }
        if self.value is None:
            return _("%(item)s:未计算,%(why)s(%(version)s)", **told)
        told["concentration"] = f"{float(self.concentration or 0):g}"
        if self.segment is None:
            return _("%(item)s:浓度 %(concentration)s,%(why)s,IAQI=%(iaqi)s(%(version)s)", **told)
        row = self.segment
        told |= {"low": f"{float(row.low):g}", "high": f"{float(row.high):g}"}
        told |= {"iaqi_low": row.iaqi_low, "iaqi_high": row.iaqi_high}
        return _(
            "%(item)s:浓度 %(concentration)s,区间 %(low)s–%(high)s 对应 %(iaqi_low)s–%(iaqi_high)s,"
            "线性内插后向上取整 IAQI=%(iaqi)s(%(version)s)",
            **told,
        )


@dataclass(frozen=True)
class Grade:
    """Grade of an AQI with the colour of the standard."""

    level: int
    name: str
    rgb: tuple[int, int, int]


@dataclass(frozen=True)
class Aqi:
    """Index of a place and time: the value, or why there is none, and everything it was made from."""

    value: int | None
    grade: Grade | None
    primary: tuple[str, ...]
    exceeding: tuple[str, ...]
    parts: tuple[Iaqi, ...]
    version: str
    provisional: bool
    reason: Sentence | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Items without an index; the AQI is the largest of the others."""
        return tuple(part.item for part in self.parts if part.value is None)

    def explain(self) -> list[Sentence]:
        """Sentences: the parts, the grade, why the primary pollutant, what is missing."""
        lines = [part.explain() for part in self.parts]
        if self.value is None:
            return [*lines, _("AQI 未计算:%(why)s", why=self.reason or "")]
        name = self.grade.name if self.grade else ""
        lines.append(_("AQI 取各分指数最大值 %(aqi)s,%(grade)s", aqi=self.value, grade=name))
        if self.primary:
            names = "、".join(self.primary)
            lines.append(
                _("首要污染物 %(names)s:分指数最大且大于 %(floor)s", names=names, floor=PRIMARY_ABOVE)
            )
        else:
            lines.append(_("AQI 不大于 %(floor)s,无首要污染物", floor=PRIMARY_ABOVE))
        if self.missing:
            lines.append(_("未参与评价:%(items)s", items="、".join(self.missing)))
        if self.provisional:
            lines.append(_("所用规则表尚未核对(暂行)"))
        return lines

    def details(self) -> dict[str, object]:
        """The same as plain values for an API: numbers as text where they are exact."""
        return {
            "aqi": self.value,
            "grade": self.grade.name if self.grade else None,
            "level": self.grade.level if self.grade else None,
            "primary": list(self.primary),
            "exceeding": list(self.exceeding),
            "missing": list(self.missing),
            "rule_version": self.version,
            "provisional": self.provisional,
            "reason": str(self.reason) if self.reason else None,
            "parts": [_part_details(part) for part in self.parts],
        }


def _part_details(part: Iaqi) -> dict[str, object]:
    row = part.segment
    nodes = None
    if row is not None:
        nodes = [float(row.low), float(row.high), row.iaqi_low, row.iaqi_high]
    return {
        "item": part.item,
        "concentration": None if part.concentration is None else float(part.concentration),
        "hours_used": part.hours_used,
        "iaqi": part.value,
        "rule_row": nodes,
        "why": str(part.explain()),
    }


def iaqi(item: str, concentration: Number | None, table: RuleTable, hours_used: int | None = None) -> Iaqi:
    """Index of one pollutant by linear interpolation, rounded up, at most 500 (HJ 633 §4.2-4.3).

    ``item`` is a pollutant with averaging time such as ``PM25_24H`` or ``O3_8H``; ``concentration`` in
    µg/m³ (CO mg/m³), None when there is no valid value. Raises ValueError for a negative or non-finite
    concentration.
    """
    value = None if concentration is None else exact(concentration)

    def result(index: int | None, *, why: Sentence | None = None, segment: Segment | None = None) -> Iaqi:
        return Iaqi(item, value, index, table.version, table.provisional, segment, why, hours_used)

    if value is None:
        return result(None, why=_("无有效浓度"))
    if value < 0:
        raise ValueError(f"{item}: concentration must not be negative")
    try:
        breakpoints = _breakpoints(item, table)
    except MissingLimitError as missing:
        return result(None, why=missing.sentence)
    if value > breakpoints[-1]:
        index, why = _above(item, table)
        return result(index, why=why)
    segment = _segment(value, breakpoints, table.cell("nodes"))
    span = Fraction(segment.iaqi_high - segment.iaqi_low) / (segment.high - segment.low)
    return result(ceil(segment.iaqi_low + span * (value - segment.low)), segment=segment)


def _breakpoints(item: str, table: RuleTable) -> list[Fraction]:
    cells = table.cell("items", item, "breakpoints")
    if None in cells:
        raise MissingLimitError(table.version, f"items.{item}.breakpoints[{cells.index(None)}]")
    return [exact(node) for node in cells]


def _above(item: str, table: RuleTable) -> tuple[int | None, Sentence]:
    rule = table.rows["items"][item].get("above", {})
    if "iaqi" in rule:
        return int(rule["iaqi"]), _("浓度高于末级限值,按规定取值")
    if "instead" in rule:
        return None, _("浓度高于末级限值,改用 %(item)s", item=rule["instead"])
    return AQI_MAX, _("浓度高于末级限值,封顶")


def _segment(value: Fraction, breakpoints: list[Fraction], nodes: list[int]) -> Segment:
    upper = next(i for i in range(1, len(breakpoints)) if value <= breakpoints[i])
    return Segment(breakpoints[upper - 1], breakpoints[upper], nodes[upper - 1], nodes[upper])


def grade(value: int, day: date) -> Grade:
    """Grade and colour of an AQI (HJ 633 table 2); ValueError outside 0-500."""
    if value < 0:
        raise ValueError("aqi: must not be negative")
    for level, row in enumerate(table_on("aqi_grades", day).rows, start=1):
        if value <= row["upper"]:
            red, green, blue = row["rgb"]
            return Grade(level, row["name"], (red, green, blue))
    raise ValueError(f"aqi: {value} is above {AQI_MAX}")


def aqi(
    concentrations: Mapping[str, Number | None],
    day: date,
    *,
    report: str = "daily",
    table: RuleTable | None = None,
    hours_used: Mapping[str, int] | None = None,
) -> Aqi:
    """AQI of a day or an hour: the largest IAQI, the primary pollutants and why (HJ 633 §4.4-5).

    ``concentrations`` maps items (``PM25_24H`` …) to µg/m³ (CO mg/m³) or None. ``report`` is ``daily`` or
    ``hourly``; ``table`` another edition to compare with (default: the edition of the day). An item
    whose edition says "use another averaging time above the last node" takes that one when it is given.
    """
    edition = table or table_on("iaqi", day)
    counted = hours_used or {}
    parts = []
    for item in edition.cell("reports", report):
        part = iaqi(item, concentrations.get(item), edition, counted.get(item))
        instead = edition.rows["items"].get(item, {}).get("above", {}).get("instead")
        if part.value is None and part.concentration is not None and instead in concentrations:
            part = iaqi(instead, concentrations[instead], edition, counted.get(instead))
        parts.append(part)
    return _combine(tuple(parts), edition, day)


def _combine(parts: tuple[Iaqi, ...], edition: RuleTable, day: date) -> Aqi:
    known = [(part.value, part.pollutant) for part in parts if part.value is not None]
    if not known:
        return Aqi(None, None, (), (), parts, edition.version, edition.provisional, _("没有可计算的分指数"))
    top = max(value for value, _ in known)
    primary = tuple(name for value, name in known if value == top) if top > PRIMARY_ABOVE else ()
    exceeding: tuple[str, ...] = ()
    if edition.rows["exceeding_pollutants"]:
        exceeding = tuple(name for value, name in known if value > EXCEEDING_ABOVE)
    return Aqi(top, grade(top, day), primary, exceeding, parts, edition.version, edition.provisional)
