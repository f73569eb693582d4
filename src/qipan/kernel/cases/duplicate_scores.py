"""How likely two reports tell of the same matter, by a rule that can be explained (no Django).

Measured on 55,714 public sanitation requests of a large city: an open request at the same spot within three
days was the same matter in about three of four cases, one farther than a few metres almost never. Phones
are not that exact, so distance is judged against the accuracy of both positions.
"""

from dataclasses import dataclass

RADIUS_M = {"call": 500.0}
USUAL_RADIUS_M = 25.0
CALL_HOURS = 0.5
RECENT_HOURS = 72.0
MOST_ACCURACY_M = 75.0


@dataclass(frozen=True)
class Nearby:
    """An earlier open report as seen from a new one."""

    distance_m: float | None
    age_hours: float
    same_object: bool
    same_type: bool
    similarity: float
    same_reporter: bool


@dataclass(frozen=True)
class Verdict:
    """A score from 0 to 1 and the codes of what made it."""

    score: float
    reasons: tuple[str, ...]


def reach_m(kind: str, accuracy: float | None, other: float | None) -> float:
    """How far apart two reports of a kind may lie: the kind's radius and the error of both positions."""
    error = min((accuracy or 0.0) + (other or 0.0), MOST_ACCURACY_M)
    return RADIUS_M.get(kind, USUAL_RADIUS_M) + error


def grams(text: str) -> set[str]:
    """Character 3-grams without blanks; a shorter text is one gram."""
    packed = "".join(text.lower().split())
    return {packed[i : i + 3] for i in range(len(packed) - 2)} or ({packed} if packed else set())


def similarity(first: str, second: str) -> float:
    """Jaccard index of the 3-grams of two texts, 0 when both are empty."""
    a, b = grams(first), grams(second)
    return len(a & b) / len(a | b) if a | b else 0.0


def judge(near: Nearby, radius_m: float) -> Verdict:
    """Place counts most, then time, then words; the same object needs no place."""
    if near.same_object:
        place, reasons = 1.0, ["object"]
    elif near.distance_m is None or near.distance_m > radius_m:
        return Verdict(0.0, ())
    else:
        place, reasons = 1.0 - 0.5 * near.distance_m / radius_m, ["place"]
    recent = near.age_hours <= RECENT_HOURS
    score = place * (0.75 if recent else 0.45) * (1.0 if near.same_type else 0.6)
    reasons += ["recent"] if recent else []
    reasons += ["type"] if near.same_type else []
    if near.similarity >= 0.2:
        score += (1.0 - score) * 0.5 * near.similarity
        reasons.append("words")
    if near.same_reporter:
        score += (1.0 - score) * 0.3
        reasons.append("reporter")
    return Verdict(round(score, 3), tuple(reasons))
