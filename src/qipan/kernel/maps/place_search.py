"""Search of places and addresses: township, village and place names, with honest precision.

A text without a doorplate or road of our own is answered by its village or township, and the answer says
so. No point is ever made up: where the areas are synthetic the position is marked as approximate.
"""

import threading
import time
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils.translation import gettext as _

from qipan.kernel.maps.addresses import Offset, Parsed, edits, parse
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.county import TOWNSHIPS, VILLAGES
from qipan.kernel.maps.geodesy import destination, distance_m
from qipan.kernel.maps.models import Place
from qipan.kernel.maps.names import folded, short_name, town_core, village_core
from qipan.kernel.orgs.models import Division, Level

REBUILD_S = 60.0
# A village within reach of the asker's view comes first among equals: this much per ten kilometres.
NEARNESS = 0.02
VILLAGE_RADIUS_M = 800.0
TOWNSHIP_RADIUS_M = 4000.0
FOUND_AT_LEAST = 0.45


@dataclass(frozen=True)
class Hit:
    """One answer: a name with its full name, a point in degrees (or none) and how far it may be trusted."""

    name: str
    full_name: str
    kind: str
    precision: str
    lon: float | None
    lat: float | None
    radius_m: float | None
    division: str
    score: float
    note: str = ""


@dataclass(frozen=True)
class Entry:
    """A township or village in memory, with the forms of its name that people type."""

    code: str
    name: str
    core: str
    full_name: str
    town: str
    level: Level
    lon: float | None
    lat: float | None
    synthetic: bool


class _Gazetteer:
    """All townships and villages, read anew every minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: tuple[Entry, ...] = ()
        self.towns: dict[str, str] = {}
        self.county = ""
        self._read_at = -REBUILD_S

    def fresh(self) -> "_Gazetteer":
        """Itself, read anew if it is old."""
        with self._lock:
            if time.monotonic() - self._read_at >= REBUILD_S:
                self._read()
                self._read_at = time.monotonic()
        return self

    def forget(self) -> None:
        """Read anew at the next question."""
        self._read_at = -REBUILD_S

    def _read(self) -> None:
        points = _points()
        rows = Division.objects.filter(level__in=(Level.TOWNSHIP, Level.VILLAGE)).select_related(
            "parent__parent"
        )
        self.entries = tuple(_entry(row, points.get(row.code)) for row in rows)
        self.towns = {entry.core: entry.code for entry in self.entries if entry.level == Level.TOWNSHIP}
        county = Division.objects.filter(level=Level.COUNTY).values_list("name", flat=True).first()
        self.county = county or ""


_gazetteer = _Gazetteer()


def forget() -> None:
    """Drop what is kept of the names (after divisions or areas changed in this process)."""
    _gazetteer.forget()


def _points() -> dict[str, tuple[float, float, bool]]:
    rows = Area.objects.filter(layer__code__in=(TOWNSHIPS, VILLAGES), valid_to__isnull=True)
    return {
        code: (lon, lat, origin == Layer.Origin.SYNTHETIC)
        for code, lon, lat, origin in rows.values_list("code", "label_lon", "label_lat", "layer__origin")
    }


def _entry(row: Division, point: tuple[float, float, bool] | None) -> Entry:
    is_town = row.level == Level.TOWNSHIP
    above = row.parent.name if row.parent else ""
    return Entry(
        code=row.code,
        name=row.name if is_town else short_name(row.name),
        core=town_core(row.name) if is_town else village_core(row.name),
        full_name=above + row.name,
        town=row.code if is_town else (row.parent.code if row.parent else ""),
        level=Level(row.level),
        lon=point[0] if point else None,
        lat=point[1] if point else None,
        synthetic=point[2] if point else False,
    )


def search(text: str, *, near: tuple[float, float] | None = None, limit: int = 10) -> list[Hit]:
    """The best answers to a text, best first; empty for a text that names nothing here.

    ``near`` (lon, lat) is where the asker looks: it decides between equal names.
    """
    names = _gazetteer.fresh()
    if not folded(text):
        return []
    parsed = parse(text, names.towns, names.county)
    found = [(_score(entry, parsed), entry) for entry in names.entries]
    hits = [_hit(entry, score, parsed) for score, entry in found if score >= FOUND_AT_LEAST]
    hits += _places(parsed)
    ranked = sorted(hits, key=lambda hit: (-_with_nearness(hit, near), hit.full_name))
    return [_moved(hit, parsed.offset) for hit in ranked[:limit]]


def _score(entry: Entry, parsed: Parsed) -> float:
    """How well a name fits, 0 … 1."""
    if entry.level == Level.TOWNSHIP:
        if entry.code != parsed.town:
            return 0.8 * _likeness(parsed.text, entry.core) if len(parsed.text) >= 2 else 0.0
        return 1.0 if not parsed.rest else 0.5
    if not any(character in parsed.text for character in entry.core):
        return 0.0
    whole = _village_likeness(parsed.text, entry.core)
    if parsed.town and parsed.rest:
        inside = _village_likeness(parsed.rest, entry.core)
        # The township's name may be the beginning of a village's, but only if all of it is.
        return max(
            inside if entry.town == parsed.town else 0.55 * inside, (0.9 if whole == 1 else 0.7) * whole
        )
    return whole


def _village_likeness(text: str, core: str) -> float:
    """The text as it stands, and without its "村" or committee: "八里新村" is the core of a name itself."""
    bare = village_core(text)
    likeness = _likeness(text, core)
    return likeness if bare == text else max(likeness, _likeness(bare, core))


def _likeness(text: str, core: str) -> float:
    """Exact, then a name with more behind it, then a part of it, then one or two wrong characters."""
    if text == core:
        return 1.0
    if not text or not core:
        return 0.0
    if len(core) >= 2 and text.startswith(core):
        return 0.94
    if core.startswith(text):
        return 0.7 + 0.2 * len(text) / len(core)
    if len(core) >= 2 and core in text:
        return 0.75
    if len(text) >= 2 and text in core:
        return 0.6 + 0.2 * len(text) / len(core)
    if len(core) < 2 or not set(text) & set(core):
        return 0.0
    allowed = 1 if len(core) < 5 else 2
    wrong = edits(text, core, allowed)
    return 0.85 - 0.35 * wrong / len(core) if wrong <= allowed else 0.0


def _hit(entry: Entry, score: float, parsed: Parsed) -> Hit:
    is_town = entry.level == Level.TOWNSHIP
    notes = []
    if entry.synthetic:
        notes.append(_("示意位置"))
    if not is_town and _more_than(parsed, entry.core):
        notes.append(_("只定位到村,请在地图上核对"))
    return Hit(
        name=entry.name,
        full_name=entry.full_name,
        kind="township" if is_town else "village",
        precision=Place.Precision.TOWNSHIP if is_town else Place.Precision.VILLAGE,
        lon=entry.lon,
        lat=entry.lat,
        radius_m=None if entry.lon is None else (TOWNSHIP_RADIUS_M if is_town else VILLAGE_RADIUS_M),
        division=entry.code,
        score=round(score, 4),
        note=";".join(notes),
    )


def _more_than(parsed: Parsed, core: str) -> bool:
    """Whether the text says more than the name of the village."""
    said = parsed.rest or parsed.text
    return parsed.near or core not in (said, village_core(said))


def _places(parsed: Parsed) -> list[Hit]:
    """Named places that hold the text, or whose whole name the text holds."""
    text = parsed.rest or parsed.text
    if len(text) < 2:
        return []
    starts = [text[:length] for length in range(2, len(text) + 1)]
    rows = Place.objects.filter(Q(name__icontains=text) | Q(name__in=starts)).exclude(
        precision__in=(Place.Precision.VILLAGE, Place.Precision.TOWNSHIP)
    )
    return [
        Hit(
            name=row.name,
            full_name=(row.division.name if row.division else "") + row.name,
            kind=row.kind,
            precision=row.precision,
            lon=row.lon,
            lat=row.lat,
            radius_m=None,
            division=row.division.code if row.division else "",
            score=round(0.98 * _likeness(text, folded(row.name)), 4),
        )
        for row in rows.select_related("division")[:50]
    ]


def _with_nearness(hit: Hit, near: tuple[float, float] | None) -> float:
    if near is None or hit.lon is None or hit.lat is None:
        return hit.score
    return hit.score - NEARNESS * distance_m(*near, hit.lon, hit.lat) / 10_000


def _moved(hit: Hit, offset: Offset | None) -> Hit:
    """The answer moved by the text's own direction and distance; it is sure to 30 % of the distance."""
    if offset is None or hit.lon is None or hit.lat is None:
        return hit
    lon, lat = destination(hit.lon, hit.lat, offset.bearing, offset.metres)
    radius = (hit.radius_m or 0.0) + 0.3 * offset.metres
    return replace(hit, lon=lon, lat=lat, radius_m=radius)
