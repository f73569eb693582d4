"""Open cases that may be the same matter as a new one; a person decides, and can undo it."""

import math
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from qipan.kernel import maps
from qipan.kernel.cases.duplicate_scores import (
    CALL_HOURS,
    MOST_ACCURACY_M,
    Nearby,
    judge,
    reach_m,
    similarity,
)
from qipan.kernel.cases.models import Case, CaseRows

MOST = 50
LEAST_SCORE = 0.3
METRES_PER_DEGREE = 111_000.0
REASONS: dict[str, Promise] = {
    "object": _("同一部件或场所"),
    "place": _("位置接近"),
    "recent": _("三天内"),
    "type": _("同一类型"),
    "words": _("描述相似"),
    "reporter": _("同一上报人"),
}


@dataclass(frozen=True)
class Candidate:
    """An earlier open case with how far it is, how likely it is the same, and why."""

    case: Case
    distance_m: float | None
    score: float
    reasons: tuple[str, ...]

    @property
    def percent(self) -> int:
        """The score in per cent."""
        return round(self.score * 100)

    @property
    def words(self) -> list[str]:
        """The reasons as people read them."""
        return [str(REASONS[code]) for code in self.reasons]


def find_duplicates(
    case: Case, *, among: CaseRows | None = None, least: float = LEAST_SCORE
) -> list[Candidate]:
    """Candidates, the most likely first: open, reported no later, of the same family, near or same object."""
    found = [_judged(case, other) for other in _near(case, among)[: MOST * 4]]
    likely = [candidate for candidate in found if candidate.score >= least]
    return sorted(likely, key=lambda each: (-each.score, each.case.pk))[:MOST]


def _near(case: Case, among: CaseRows | None) -> CaseRows:
    rows = (
        (Case.objects.all() if among is None else among)
        .open()
        .filter(received_at__lte=case.received_at)
        .exclude(pk=case.pk)
    )
    family = Q(type__code=case.type.code)
    if case.type.parent:
        family |= Q(type__parent=case.type.parent)
    place = Q(pk__in=[])
    if case.lon is not None and case.lat is not None:
        reach = reach_m(case.type.kind, MOST_ACCURACY_M, 0.0)
        north = reach / METRES_PER_DEGREE
        east = north / math.cos(math.radians(case.lat))
        place |= Q(
            lat__range=(case.lat - north, case.lat + north), lon__range=(case.lon - east, case.lon + east)
        )
    if case.object_id:
        place |= Q(object_id=case.object_id)
    if case.type.kind == "call":
        rows = rows.filter(received_at__gte=case.received_at - timedelta(hours=CALL_HOURS))
    return rows.filter(family, place).for_list().order_by("-received_at")


def _judged(case: Case, other: Case) -> Candidate:
    distance = _apart(case, other)
    near = Nearby(
        distance_m=distance,
        age_hours=(case.received_at - other.received_at).total_seconds() / 3600,
        same_object=bool(case.object_id) and case.object_id == other.object_id,
        same_type=case.type.code == other.type.code,
        similarity=similarity(f"{case.title}{case.text}", f"{other.title}{other.text}"),
        same_reporter=_same_reporter(case, other),
    )
    verdict = judge(near, reach_m(case.type.kind, case.accuracy_m, other.accuracy_m))
    return Candidate(other, distance, verdict.score, verdict.reasons)


def _apart(case: Case, other: Case) -> float | None:
    if case.lon is None or case.lat is None or other.lon is None or other.lat is None:
        return None
    return maps.distance_m(case.lon, case.lat, other.lon, other.lat)


def _same_reporter(case: Case, other: Case) -> bool:
    by_account = case.reporter_id is not None and case.reporter_id == other.reporter_id
    return by_account or (bool(case.reporter_phone) and case.reporter_phone == other.reporter_phone)
