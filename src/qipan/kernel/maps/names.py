"""Everyday forms of official names."""

import re
import unicodedata

COMMITTEES = (
    "社区居民委员会", "村民委员会", "居民委员会", "社区居委会", "村委会", "居委会",
)  # fmt: skip
VILLAGE_TAILS = (*COMMITTEES, "社区", "村")
TOWN_TAILS = ("街道办事处", "办事处", "镇政府", "乡政府", "街道", "镇", "乡")
ABOVE = ("山东省", "山东", "聊城市", "聊城", "冠县")
PUNCTUATION = " \t\r\n,;:!?，。；：！？、·-_()（）[]【】\"'“”"


def short_name(name: str) -> str:
    """A village's everyday name: without the words for its committee, "社区" kept."""
    for tail in COMMITTEES:
        if name.endswith(tail):
            return name.removesuffix(tail) + ("社区" if tail.startswith("社区") else "")
    return name


def village_core(name: str) -> str:
    """What tells a village from the others: "耿儿庄村委会" gives "耿儿庄", "戴屯社区居民委员会" "戴屯"."""
    return _without(name, VILLAGE_TAILS)


def town_core(name: str) -> str:
    """What tells a township from the others: "甘官屯镇" and "甘官屯乡" both give "甘官屯"."""
    return _without(name, TOWN_TAILS)


def _without(name: str, tails: tuple[str, ...]) -> str:
    for tail in tails:
        if name.endswith(tail) and len(name) > len(tail):
            return name.removesuffix(tail)
    return name


def folded(text: str) -> str:
    """A search text in one form: full-width letters narrowed, blanks and punctuation gone."""
    plain = re.sub(r"(?<!\d)\.|\.(?!\d)", "", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in plain if character not in PUNCTUATION)


def without_county(text: str, county: str = "") -> str:
    """The text without the names of province, city and county in front."""
    for name in (*ABOVE, county):
        if name and text.startswith(name):
            rest = text.removeprefix(name)
            # "冠县" alone, or "冠城…" that only begins alike, stays as it is.
            text = rest or text
    return text
