"""An uploaded layer in a picked datum: repaired, matched to the divisions, compared with what it replaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import shapely
from django.utils.translation import gettext as _
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from qipan.kernel.base.clock import county_day, now
from qipan.kernel.maps.area_models import Area
from qipan.kernel.maps.areas import Shape
from qipan.kernel.maps.county import COUNTY, GRIDS, TOWNSHIPS, VILLAGES
from qipan.kernel.maps.geodesy import area_m2, to_shapely
from qipan.kernel.maps.imports.detective import to_degrees
from qipan.kernel.maps.imports.reading import RawFeature
from qipan.kernel.maps.names import town_core, village_core
from qipan.kernel.orgs.models import Division, Grid, Level

LEVELS = {COUNTY: Level.COUNTY, TOWNSHIPS: Level.TOWNSHIP, VILLAGES: Level.VILLAGE}
PARENTS = {TOWNSHIPS: COUNTY, VILLAGES: TOWNSHIPS, GRIDS: VILLAGES}
CODE_DIGITS = 12
# What may be left of a geometry after its repair.
KEPT = ("Polygon", "MultiPolygon", "LineString", "MultiLineString")
# Overlaps smaller than this are rounding.
OVERLAP_M2 = 10.0


@dataclass(frozen=True)
class Difference:
    """One code before and after: areas in m² (0 where there is none), and the share that changed."""

    code: str
    name: str
    old_m2: float
    new_m2: float
    changed: float


@dataclass
class Prepared:
    """What would be stored, what was repaired, and what is in the way or should be known."""

    shapes: list[Shape] = field(default_factory=list)
    repairs: list[str] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def prepare(features: Sequence[RawFeature], layer: str, datum: str) -> Prepared:
    """Everything that a person must see before the layer comes into force."""
    found = Prepared()
    match = _matcher(layer)
    parts: dict[str, list[BaseGeometry]] = {}
    names: dict[str, str] = {}
    for feature in features:
        geometry = _repaired(to_degrees(feature.geometry, datum), feature, found)
        if geometry is None:
            continue
        code, name = match(feature, geometry)
        if not code:
            found.unmatched.append(_label(feature))
            continue
        parts.setdefault(code, []).append(geometry)
        names[code] = name
    for code in sorted(parts):
        whole = shapely.union_all(parts[code]) if len(parts[code]) > 1 else parts[code][0]
        found.shapes.append(Shape(code, names[code], whole, _parent(layer, code)))
    found.missing = _missing(layer, set(parts))
    found.warnings = [*_overlaps(found.shapes), *_outside(found.shapes)]
    return found


def _label(feature: RawFeature) -> str:
    words = " ".join(word for word in (feature.code, feature.name) if word)
    return _("第 %(number)d 个要素 %(words)s") % {"number": feature.number, "words": words}


def _repaired(geometry: BaseGeometry, feature: RawFeature, found: Prepared) -> BaseGeometry | None:
    """A valid geometry, the change written down; None (and listed) when nothing is left of it."""
    if geometry.is_valid:
        return geometry
    reason = shapely.is_valid_reason(geometry)
    mended = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    if mended.is_empty or mended.geom_type not in (
        "Polygon",
        "MultiPolygon",
        "LineString",
        "MultiLineString",
    ):
        found.unmatched.append(f"{_label(feature)}: {reason}")
        return None
    changed = shapely.symmetric_difference(mended, geometry.buffer(0))
    size = sum(area_m2(part) for part in shapely.get_parts(changed) if part.geom_type == "Polygon")
    found.repairs.append(
        _("%(label)s:%(reason)s,修复后面积变化 %(size).1f 平方米")
        % {"label": _label(feature), "reason": reason, "size": size}
    )
    return mended


class _Matcher:
    """Finds the division, grid or free code of a feature: by its code first, then by its name."""

    def __init__(self, layer: str) -> None:
        self.layer = layer
        self.names: dict[str, str] = {}
        self.by_core: dict[str, list[str]] = {}
        if layer in LEVELS:
            core = town_core if layer == TOWNSHIPS else village_core
            for code, name in Division.objects.filter(level=LEVELS[layer]).values_list("code", "name"):
                self.names[code] = name
                self.by_core.setdefault(core(name), []).append(code)
            self.core = core
        elif layer == GRIDS:
            self.names = dict(Grid.objects.values_list("code", "name"))

    def __call__(self, feature: RawFeature, geometry: BaseGeometry) -> tuple[str, str]:
        if self.layer not in LEVELS and self.layer != GRIDS:
            code = feature.code or f"{feature.number}"
            return code, feature.name or code
        code = feature.code.ljust(CODE_DIGITS, "0") if self.layer in LEVELS else feature.code
        if code not in self.names:
            code = self._by_name(feature.name, geometry)
        return code, self.names.get(code, "")

    def _by_name(self, name: str, geometry: BaseGeometry) -> str:
        """The one division of this name; of several, the one whose township holds the feature's middle."""
        if not name or self.layer not in LEVELS:
            return ""
        codes = self.by_core.get(self.core(name), [])
        if len(codes) <= 1:
            return codes[0] if codes else ""
        middle = geometry.representative_point()
        towns = Area.objects.of(TOWNSHIPS).at(county_day(now()))
        holding = [row.code[:9] for row in towns if to_shapely(row.geometry).covers(middle)]
        near = [code for code in codes if code[:9] in holding]
        return near[0] if len(near) == 1 else ""


def _matcher(layer: str) -> _Matcher:
    return _Matcher(layer)


def _parent(layer: str, code: str) -> str:
    digits = {TOWNSHIPS: 6, VILLAGES: 9, GRIDS: 12}.get(layer)
    return code[:digits].ljust(CODE_DIGITS, "0") if digits else ""


def _missing(layer: str, codes: set[str]) -> list[str]:
    """Divisions in force that the layer leaves without an area."""
    if layer not in LEVELS:
        return []
    rows = Division.objects.filter(level=LEVELS[layer]).at(county_day(now())).exclude(code__in=codes)
    return [f"{row.code} {row.name}" for row in rows.order_by("code")]


def _overlaps(shapes: Sequence[Shape]) -> list[str]:
    """Pairs of areas that both hold some ground."""
    areas = [one for one in shapes if one.geometry.geom_type in ("Polygon", "MultiPolygon")]
    left, right = STRtree([one.geometry for one in areas]).query(
        [one.geometry for one in areas], predicate="intersects"
    )
    found = []
    for one, two in zip(left.tolist(), right.tolist(), strict=True):
        if one >= two:
            continue
        shared = areas[one].geometry.intersection(areas[two].geometry)
        size = sum(area_m2(part) for part in shapely.get_parts(shared) if part.geom_type == "Polygon")
        if size > OVERLAP_M2:
            words = {"one": areas[one].name, "two": areas[two].name, "size": size}
            found.append(_("%(one)s 与 %(two)s 重叠 %(size).0f 平方米") % words)
    return found


def _outside(shapes: Sequence[Shape]) -> list[str]:
    """Features that lie wholly outside of the county: shown, never moved."""
    county = Area.objects.of(COUNTY).first()
    if county is None:
        return []
    border = to_shapely(county.geometry)
    shapely.prepare(border)
    return [_("%s 不在本县范围内") % one.name for one in shapes if not border.intersects(one.geometry)]


def differences(shapes: Sequence[Shape], layer: str) -> list[Difference]:
    """Old and new areas by code, the most changed first; empty for lines and points."""
    old = {
        row.code: (row.name, to_shapely(row.geometry)) for row in Area.objects.of(layer).at(county_day(now()))
    }
    new = {one.code: (one.name, one.geometry) for one in shapes}
    found = [_difference(code, old, new) for code in sorted(old.keys() | new.keys())]
    return sorted((one for one in found if one is not None), key=lambda one: -one.changed)


Named = Mapping[str, tuple[str, BaseGeometry]]


def _difference(code: str, old: Named, new: Named) -> Difference | None:
    name, before = old.get(code, ("", shapely.Polygon()))
    name, after = new.get(code, (name, shapely.Polygon()))
    polygons = ("Polygon", "MultiPolygon")
    if before.geom_type not in polygons or after.geom_type not in polygons:
        return None
    old_m2, new_m2 = area_m2(before), area_m2(after)
    changed = before.symmetric_difference(after)
    moved = sum(area_m2(part) for part in shapely.get_parts(changed) if part.geom_type == "Polygon")
    return Difference(code, name, old_m2, new_m2, moved / max(old_m2, new_m2, 1.0))
