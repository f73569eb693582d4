"""Dated rule tables: limits and thresholds as data, each with its version, validity, status and source.

A table that has not been compared with the printed standard is *provisional* and says so in every
result; an empty cell stops the computation instead of borrowing an older limit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import yaml

from .wording import Sentence
from .wording import sentence as _

Number = int | float | Decimal | Fraction | str
Status = Literal["confirmed", "provisional"]

RULES_FOLDER = Path(__file__).resolve().parents[5] / "data" / "environment" / "rules"


class MissingLimitError(LookupError):
    """A limit that the computation needs is not known."""

    def __init__(self, version: str, cell: str) -> None:
        """``cell`` names the empty place of the table, e.g. ``class_2.SO2.year``."""
        super().__init__(f"cannot be computed: limit missing ({version}: {cell})")
        self.version = version
        self.cell = cell
        self.sentence: Sentence = _("无法计算:缺少限值(%(version)s:%(cell)s)", version=version, cell=cell)


class NoRuleError(LookupError):
    """No version of a rule table is valid on the day asked for."""


@dataclass(frozen=True)
class RuleTable:
    """One version of a rule table, in force from ``valid_from`` until the day before ``valid_to``."""

    code: str
    version: str
    valid_from: date
    valid_to: date | None
    status: Status
    source: str
    rows: Any

    @property
    def provisional(self) -> bool:
        """Whether figures made with it must carry a badge."""
        return self.status == "provisional"

    def covers(self, day: date) -> bool:
        """Whether the version is in force on that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def cell(self, *path: str) -> Any:
        """The content at a path of keys; MissingLimitError when it is absent or empty."""
        found = self.rows
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
            if found is None:
                raise MissingLimitError(self.version, ".".join(path))
        return found

    def limit(self, *path: str) -> Fraction:
        """The number at a path of keys as an exact fraction; MissingLimitError when it is absent or empty."""
        return exact(self.cell(*path))


def exact(value: Number) -> Fraction:
    """The decimal number that is written, without binary error (0.1 is 1/10).

    Raises ValueError for NaN, infinities and text that is no number.
    """
    if isinstance(value, Fraction):
        return value
    try:
        if isinstance(value, float):  # through the text that is written, numpy's floats too
            return Fraction(*Decimal(repr(float(value))).as_integer_ratio())
        return Fraction(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"value: {value!r} is not a finite number") from error


def round_half_even(value: Fraction, decimals: int) -> Decimal:
    """Round an exact number to decimals, halves to the even neighbour (GB/T 8170)."""
    scaled = round(value * 10**decimals)
    return Decimal(scaled).scaleb(-decimals).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)


def parse_tables(document: Mapping[str, Any]) -> tuple[RuleTable, ...]:
    """The versions in one rule document; ValueError names the field that is wrong."""
    tables = tuple(
        RuleTable(document["code"], **{**version, "valid_to": version.get("valid_to")})
        for version in sorted(document["versions"], key=lambda row: str(row["valid_from"]))
    )
    _check(tables)
    return tables


def _check(tables: Sequence[RuleTable]) -> None:
    for table in tables:
        if table.status not in ("confirmed", "provisional"):
            raise ValueError(f"{table.code} {table.version}: status: unknown {table.status!r}")
        if not table.source:
            raise ValueError(f"{table.code} {table.version}: source: missing")
    for older, newer in pairwise(tables):
        if older.valid_to is None or older.valid_to > newer.valid_from:
            raise ValueError(f"{newer.code} {newer.version}: valid_from: overlaps {older.version}")


@cache
def shipped(code: str, folder: Path = RULES_FOLDER) -> tuple[RuleTable, ...]:
    """All versions of a rule table as shipped with the program, oldest first."""
    path = folder / f"{code}.yaml"
    if not path.is_file():
        raise NoRuleError(f"{code}: no such rule table")
    with path.open(encoding="utf-8") as handle:
        return parse_tables(yaml.safe_load(handle))


class _Source:
    """Where the tables come from: the shipped files until a county's own store is put in their place."""

    read: Callable[[str], Sequence[RuleTable]] = staticmethod(shipped)


def read_tables_from(source: Callable[[str], Sequence[RuleTable]] | None) -> None:
    """Take all tables from a source (code → versions, oldest first), or from the files again (None).

    The source is asked each time and does its own caching; it must raise NoRuleError for an unknown code.
    """
    _Source.read = staticmethod(source or shipped)


def tables(code: str) -> tuple[RuleTable, ...]:
    """All versions of a rule table, oldest first."""
    return tuple(_Source.read(code))


def table_on(code: str, day: date) -> RuleTable:
    """The version of a rule table in force on a day; NoRuleError when there is none."""
    for table in tables(code):
        if table.covers(day):
            return table
    raise NoRuleError(f"{code}: no version is in force on {day.isoformat()}")


def table_version(code: str, version: str) -> RuleTable:
    """A version by its name, for "compare under the other edition"; NoRuleError when there is none."""
    for table in tables(code):
        if table.version == version:
            return table
    raise NoRuleError(f"{code}: no version {version!r}")
