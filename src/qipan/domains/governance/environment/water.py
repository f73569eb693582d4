"""Class of a surface-water sample, what exceeds the target and by how much (GB 3838-2002, HJ 2.3-2018)."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .standards import Number, RuleTable, exact
from .wording import Sentence
from .wording import sentence as _

Water = Literal["river", "lake"]

CLASS_NAMES = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ")
WORST = len(CLASS_NAMES)
NEUTRAL_PH = 7
NO_MULTIPLE = ("PH", "DO")  # exceedance multiples are not formed for them


@dataclass(frozen=True)
class ItemClass:
    """One item of a sample: class 1-6 (6 = worse than Ⅴ), limit of the target, multiple above it."""

    item: str
    value: Fraction
    level: int
    target_limit: Fraction | None
    exceeds: bool
    multiple: Fraction | None

    @property
    def name(self) -> str:
        """The class in Roman figures."""
        return CLASS_NAMES[self.level - 1]


@dataclass(frozen=True)
class WaterClass:
    """Class of a sample: that of its worst item."""

    level: int | None
    worst: tuple[str, ...]
    exceeding: tuple[ItemClass, ...]
    parts: tuple[ItemClass, ...]
    not_assessed: tuple[str, ...]
    version: str
    provisional: bool

    @property
    def name(self) -> str:
        """The class in Roman figures; empty when nothing was assessed."""
        return CLASS_NAMES[self.level - 1] if self.level else ""

    def explain(self) -> list[Sentence]:
        """Sentences: each item's class, which decide, what exceeds the target."""
        lines = [
            _("%(item)s:%(value)s,%(name)s类", item=p.item, value=f"{float(p.value):g}", name=p.name)
            for p in self.parts
        ]
        if self.level is None:
            return [*lines, _("没有参评项目")]
        lines.append(
            _("水质类别 %(name)s,由 %(items)s 决定(单因子)", name=self.name, items="、".join(self.worst))
        )
        for part in self.exceeding:
            told = {"item": part.item, "limit": f"{float(part.target_limit or 0):g}"}
            if part.multiple is None:
                lines.append(_("%(item)s 未达目标限值 %(limit)s", **told))
            else:
                times = f"{float(part.multiple):.2f}"
                lines.append(_("%(item)s 超过目标限值 %(limit)s,超标 %(times)s 倍", times=times, **told))
        return lines


def measured(text: Number) -> Fraction:
    """A laboratory value; "0.05L" (below the detection limit 0.05) counts as half of it.

    ValueError for anything else that is no finite number.
    """
    if isinstance(text, str) and text.strip().upper().endswith("L"):
        return exact(text.strip()[:-1]) / 2
    return exact(text.strip() if isinstance(text, str) else text)


def water_class(
    sample: Mapping[str, Number | None], table: RuleTable, *, water: Water = "river", target: int = 3
) -> WaterClass:
    """Single-factor class of a sample against a target class (1-5).

    ``sample`` maps items (DO CODMN COD BOD5 NH3N TP PH …) to mg/L or None. Items the table does not
    assess for this kind of water, or does not know, are listed apart.
    """
    skipped = set(table.cell("not_assessed").get(water, ()))
    known = {*table.cell("at_most"), *table.cell("at_least"), *table.cell("range")}
    given = {item: value for item, value in sample.items() if value is not None}
    parts = tuple(
        item_class(item, value, table, water=water, target=target)
        for item, value in given.items()
        if item in known and item not in skipped
    )
    left = tuple(item for item in given if item not in known or item in skipped)
    level = max((part.level for part in parts), default=None)
    worst = tuple(part.item for part in parts if part.level == level and part.level > 1)
    exceeding = tuple(part for part in parts if part.exceeds)
    return WaterClass(level, worst, exceeding, parts, left, table.version, table.provisional)


def item_class(
    item: str, value: Number, table: RuleTable, *, water: Water = "river", target: int = 3
) -> ItemClass:
    """Class of one item. ValueError for a negative value or a target outside 1-5."""
    number = measured(value)
    if number < 0:
        raise ValueError(f"{item}: must not be negative")
    if item in table.cell("range"):
        low, high = (exact(bound) for bound in table.cell("range", item))
        inside = low <= number <= high
        limit = low if number < low else high
        return ItemClass(item, number, 1 if inside else WORST, limit, not inside, None)
    limits = _limits(item, table, water)
    wanted = _target_limit(limits, target)
    if item in table.cell("at_least"):
        level = next((i for i, limit in enumerate(limits, 1) if number >= limit), WORST)
        return ItemClass(item, number, level, wanted, number < wanted, None)
    level = next((i for i, limit in enumerate(limits, 1) if number <= limit), WORST)
    exceeds = number > wanted
    return ItemClass(item, number, level, wanted, exceeds, exceedance(number, wanted) if exceeds else None)


def _limits(item: str, table: RuleTable, water: Water) -> list[Fraction]:
    if water == "lake" and item in table.cell("lake"):
        return [exact(limit) for limit in table.cell("lake", item)]
    side = "at_least" if item in table.cell("at_least") else "at_most"
    return [exact(limit) for limit in table.cell(side, item)]


def _target_limit(limits: list[Fraction], target: int) -> Fraction:
    if not 1 <= target <= len(limits):
        raise ValueError(f"target: {target} is not a class 1-{len(limits)}")
    return limits[target - 1]


def exceedance(value: Number, limit: Number) -> Fraction:
    """Multiple above the limit, C/Cs − 1 (negative when below)."""
    return exact(value) / exact(limit) - 1


def standard_index(
    item: str,
    value: Number,
    table: RuleTable,
    *,
    target: int = 3,
    water: Water = "river",
    temperature: Number | None = None,
) -> Fraction:
    """Index of HJ 2.3 annex D against the limit of the target class; above 1 exceeds.

    Dissolved oxygen needs the water temperature (°C) for its saturation 468/(31.6+T). ValueError when
    it is missing.
    """
    number = measured(value)
    if item == "PH":
        low, high = (exact(bound) for bound in table.cell("range", "PH"))
        if number <= NEUTRAL_PH:
            return (NEUTRAL_PH - number) / (NEUTRAL_PH - low)
        return (number - NEUTRAL_PH) / (high - NEUTRAL_PH)
    limit = _target_limit(_limits(item, table, water), target)
    if item != "DO":
        return number / limit
    if number < limit:
        return 10 - 9 * number / limit
    if temperature is None:
        raise ValueError("temperature: needed for dissolved oxygen")
    saturation = Fraction(468) / (exact("31.6") + exact(temperature))
    return abs(saturation - number) / (saturation - limit)
