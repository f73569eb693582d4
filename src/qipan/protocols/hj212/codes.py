"""Code tables of HJ 212: systems, commands, return codes, flags, factors and the other names of factors.

The tables are the CSV files beside this one. The 2017 table prints dust, methane and ammonia in ng/m³ while
stations send µg/m³ or mg/m³ as well: a unit here is the table's, never a station's.
"""

import csv
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
WATER_SYSTEMS = frozenset(("21", "24", "26", "32", "33", "34", "52"))
"""System types whose two-digit vendor codes are not the air codes of 2005."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of HJ 212-2017 annex B; ``unit`` as printed there."""

    code: str
    name_zh: str
    name_en: str
    code_2005: str
    unit: str
    form: str


def _rows(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def factors() -> dict[str, Factor]:
    """Factors by their code of 2017."""
    return {
        row["code"]: Factor(
            row["code"],
            row["name_zh"],
            row["name_en"],
            row["code_2005"],
            row["unit_in_2017_table"].removesuffix(" (table)"),
            row["format"],
        )
        for row in _rows("factors.csv")
    }


@cache
def _aliases() -> dict[str, tuple[str, str]]:
    return {row["alias"].upper(): (row["code"], row["family"]) for row in _rows("aliases.csv")}


@lru_cache(maxsize=8192)
def canonical(name: str, st: str) -> str:
    """The code of 2017 behind a code of 2005 or a vendor's name; any other name stays as it is."""
    code, family = _aliases().get(name.upper(), (name, ""))
    return name if family == "air" and st in WATER_SYSTEMS else code


@cache
def _names() -> dict[tuple[str, str], tuple[str, str]]:
    return {(row["kind"], row["code"]): (row["name_zh"], row["name_en"]) for row in _rows("codes.csv")}


def name_of(kind: str, code: str, language: str = "zh") -> str:
    """Name of a code, "" when it is unknown; ``kind``: st, cn, qnrtn, exertn, flag."""
    chinese, english = _names().get((kind, code), ("", ""))
    return english if language == "en" else chinese


def codes(kind: str) -> tuple[str, ...]:
    """All codes of a kind, in the order of the table."""
    return tuple(code for each, code in _names() if each == kind)
