"""What a Chinese rural address says: township, village, and a relative position ("东200米")."""

import re
from dataclasses import dataclass

from qipan.kernel.maps.names import TOWN_TAILS, folded, without_county

DIRECTIONS = {
    "东北": 45.0, "东南": 135.0, "西南": 225.0, "西北": 315.0,
    "东": 90.0, "南": 180.0, "西": 270.0, "北": 0.0,
}  # fmt: skip
DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
OFFSET = re.compile(
    r"(?:以|向|往|正|偏)*(东北|东南|西南|西北|东|南|西|北)(?:侧|边|面|方向|约|大约|大概)*"
    # "东三里" is the name of a village, so the Chinese mile counts only after digits.
    r"(?:(\d+(?:\.\d+)?)(米|m|公里|千米|km|里)|([一二两三四五六七八九十百千半]+)(米|公里|千米))"
    r"(?:处|左右|远|的地方)*$"
)
NEAR = re.compile(r"(?:附近|旁边|旁|门口|对面|路口|村头|村口|东侧|西侧|南侧|北侧|东头|西头|南头|北头)$")
METRES = {"米": 1.0, "m": 1.0, "公里": 1000.0, "千米": 1000.0, "km": 1000.0, "里": 500.0}


@dataclass(frozen=True)
class Offset:
    """A position relative to a named place: degrees clockwise from north, and metres."""

    bearing: float
    metres: float


@dataclass(frozen=True)
class Parsed:
    """A text without province, city, county and relative words.

    ``town`` is the township's code if the text begins with one, ``rest`` what follows it; without a
    township both readings of a name stay open ("柳林西街" is a village of 柳林, or a name by itself).
    """

    text: str
    town: str
    rest: str
    offset: Offset | None
    near: bool


def parse(text: str, towns: dict[str, str], county: str = "") -> Parsed:
    """Take an address text apart; ``towns`` maps the core of each township's name to its code."""
    plain = without_county(folded(text), county)
    plain, offset = _take_offset(plain)
    nearby = NEAR.search(plain)
    plain = NEAR.sub("", plain) or plain
    for core in sorted(towns, key=len, reverse=True):
        if plain.startswith(core):
            rest = plain.removeprefix(core)
            tail = next((tail for tail in TOWN_TAILS if rest.startswith(tail)), "")
            rest = rest.removeprefix(tail)
            return Parsed(plain, towns[core], rest, offset, bool(nearby))
    return Parsed(plain, "", plain, offset, bool(nearby))


def _take_offset(text: str) -> tuple[str, Offset | None]:
    found = OFFSET.search(text)
    if found is None or found.start() == 0:
        return text, None
    metres = number(found[2] or found[4]) * METRES[found[3] or found[5]]
    return text[: found.start()], Offset(DIRECTIONS[found[1]], metres)


def number(text: str) -> float:
    """A number in digits or Chinese words up to the thousands ("两百五十" is 250, "半" is 0.5)."""
    if text[0].isdigit():
        return float(text)
    total, current = 0.0, 0.0
    for character in text:
        if character == "半":
            current += 0.5
        elif character in "十百千":
            total += (current or 1) * {"十": 10, "百": 100, "千": 1000}[character]
            current = 0.0
        else:
            current = DIGITS[character]
    return total + current


def edits(one: str, two: str, limit: int) -> int:
    """Levenshtein distance, two neighbouring characters swapped counting once; above the limit, limit + 1."""
    if abs(len(one) - len(two)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, left in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, right in enumerate(two, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == two[j - 2] and one[i - 2] == right:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)
