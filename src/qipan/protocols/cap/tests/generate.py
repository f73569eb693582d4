"""Random CAP messages that are right by the specification: for the tests of the codec and of the mapping."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from random import Random

from qipan.protocols.cap import Alert, Area, Info, Named, Resource
from qipan.protocols.cap.model import (
    CATEGORIES,
    CERTAINTIES,
    MESSAGE_TYPES,
    RESPONSES,
    SCOPES,
    SEVERITIES,
    STATUSES,
    URGENCIES,
)

LETTERS = "预警大风暴雨蓝黄橙红请注意防范桑阿镇柳林镇abcXYZ019 .,;:<>&\"'()[]{}\n—Ⅳ％级𠀋é"
START = datetime(2021, 3, 29, tzinfo=UTC)


def alert(random: Random) -> Alert:
    """One message."""
    kind = random.choice(MESSAGE_TYPES)
    scope = random.choice(SCOPES)
    refers = kind != "Alert" or random.random() < 0.1
    return Alert(
        identifier=f"37152500000000_{random.randrange(10**14):014d}", sender="37152500000000",
        sent=_instant(random), status=random.choice(STATUSES), message_type=kind, scope=scope,
        source=_maybe(random), restriction="内部" if scope == "Restricted" else "",
        addresses="a b" if scope == "Private" else "",
        codes=tuple(text(random, 1) for _ in range(random.randrange(3))), note=_maybe(random),
        references=f"37152500000000,37152500000000_{random.randrange(10**14):014d},2021-03-29T08:00:00+08:00"
        if refers else "",
        incidents=_maybe(random), infos=tuple(_info(random) for _ in range(random.randrange(1, 3))),
    )  # fmt: skip


def text(random: Random, least: int = 0) -> str:
    """Chinese, astral and markup characters, without white space at the ends, which readers strip."""
    length = random.randrange(least, 30)
    words = "".join(random.choice(LETTERS) for _ in range(length)).strip()
    return words or "文" * least


def _maybe(random: Random) -> str:
    return text(random) if random.random() < 0.4 else ""


def _instant(random: Random) -> datetime:
    zone = random.choice([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))])
    return (START + timedelta(seconds=random.randrange(10**8))).astimezone(zone)


def _pairs(random: Random, name: str) -> tuple[Named, ...]:
    return tuple(Named(name, text(random, 1)) for _ in range(random.randrange(3)))


def _info(random: Random) -> Info:
    effective = _instant(random) if random.random() < 0.7 else None
    return Info(
        event=text(random, 1), categories=tuple(random.sample(CATEGORIES, random.randrange(1, 3))),
        urgency=random.choice(URGENCIES), severity=random.choice(SEVERITIES),
        certainty=random.choice(CERTAINTIES), language=random.choice(["zh-CN", "en-US", ""]),
        responses=tuple(random.sample(RESPONSES, random.randrange(3))), audience=_maybe(random),
        event_codes=_pairs(random, random.choice(["12379", "SAME"])), effective=effective,
        onset=_instant(random) if effective is None and random.random() < 0.2 else None,
        expires=effective + timedelta(hours=random.randrange(1, 48)) if effective else None,
        sender_name=_maybe(random), headline=_maybe(random), description=_maybe(random),
        instruction=_maybe(random), web=random.choice(["", "https://example.org/a"]), contact=_maybe(random),
        parameters=_pairs(random, random.choice(["colour", "12379:method", "12379:raw", "x"])),
        resources=tuple(_resource(random) for _ in range(random.randrange(2))),
        areas=tuple(_area(random) for _ in range(random.randrange(3))),
    )  # fmt: skip


def _resource(random: Random) -> Resource:
    return Resource(text(random, 1), "image/png", random.choice([None, 12345]), "https://example.org/m.png")


def _area(random: Random) -> Area:
    lat, lon = 36 + random.random(), 115 + random.random()
    step = 0.01 + random.random() / 10
    ring = [(lat, lon), (lat, lon + step), (lat + step, lon + step), (lat + step, lon), (lat, lon)]
    polygon = " ".join(f"{y:.5f},{x:.5f}" for y, x in ring)
    codes = [f"371525{random.randrange(10**6):06d}" for _ in range(random.randrange(3))]
    return Area(
        description=text(random, 1), polygons=(polygon,) * random.randrange(3),
        circles=(f"{lat:.4f},{lon:.4f} 2.5",) * random.randrange(2),
        geocodes=tuple(Named("12379", code) for code in codes),
        altitude=Decimal("12.50"), ceiling=random.choice([None, Decimal(100)]),
    )  # fmt: skip
