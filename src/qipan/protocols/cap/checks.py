"""What CAP 1.2 demands beyond its schema, and the profile of messages to the public."""

import re
from dataclasses import dataclass

from shapely.geometry import Polygon

from qipan.protocols.cap.model import Alert, Area, CapError, Info, references

_TOKEN = re.compile(r"[^\s,<&]+")
_PAIR = re.compile(r"-?\d+(\.\d+)?,-?\d+(\.\d+)?")
_NEEDS_REFERENCE = ("Update", "Cancel", "Ack", "Error")


@dataclass(frozen=True)
class Problem:
    """One thing wrong: a stable code, the element, what was found there."""

    code: str
    field: str
    detail: str = ""


def problems(alert: Alert, *, public: bool = False) -> list[Problem]:
    """Everything wrong with a message that the schema lets through; ``public`` adds the public profile."""
    found = [*_head(alert), *_references(alert)]
    for number, info in enumerate(alert.infos):
        found += _info(info, f"info[{number}]")
    if public:
        found += _profile(alert)
    return found


def polygon_points(text: str) -> tuple[tuple[float, float], ...]:
    """The (latitude, longitude) pairs of a ``polygon`` element (§3.2.4); CapError for any other form."""
    return tuple(_pair(part) for part in text.split())


def circle_parts(text: str) -> tuple[float, float, float]:
    """Latitude, longitude and radius in kilometres of a ``circle`` element (§3.2.4)."""
    parts = text.split()
    if len(parts) != 2:
        raise CapError("bad-circle", text)
    latitude, longitude = _pair(parts[0])
    try:
        return latitude, longitude, float(parts[1])
    except ValueError as error:
        raise CapError("bad-circle", text) from error


def _pair(text: str) -> tuple[float, float]:
    if not _PAIR.fullmatch(text):
        raise CapError("bad-coordinates", text)
    latitude, longitude = (float(part) for part in text.split(","))
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise CapError("out-of-range", text)
    return latitude, longitude


def _head(alert: Alert) -> list[Problem]:
    found = [
        Problem("forbidden-characters", name, value)
        for name, value in (("identifier", alert.identifier), ("sender", alert.sender))
        if not _TOKEN.fullmatch(value)
    ]
    if alert.scope == "Restricted" and not alert.restriction:
        found.append(Problem("restriction-missing", "restriction"))
    if alert.scope == "Private" and not alert.addresses:
        found.append(Problem("addresses-missing", "addresses"))
    return found


def _references(alert: Alert) -> list[Problem]:
    if not alert.references:
        needed = alert.message_type in _NEEDS_REFERENCE
        return [Problem("references-missing", "references")] if needed else []
    try:
        references(alert.references)
    except CapError as error:
        return [Problem(error.code, "references", error.detail)]
    return []


def _info(info: Info, where: str) -> list[Problem]:
    found = []
    start = info.effective or info.onset
    if info.expires and start and info.expires <= start:
        found.append(Problem("expires-before-effective", f"{where}.expires"))
    for number, area in enumerate(info.areas):
        found += _area(area, f"{where}.area[{number}]")
    return found


def _area(area: Area, where: str) -> list[Problem]:
    found = []
    for text in area.polygons:
        found += _polygon(text, f"{where}.polygon")
    for text in area.circles:
        try:
            if circle_parts(text)[2] < 0:
                found.append(Problem("bad-circle", f"{where}.circle", text))
        except CapError as error:
            found.append(Problem(error.code, f"{where}.circle", error.detail))
    if area.ceiling is not None and area.altitude is None:
        found.append(Problem("ceiling-without-altitude", f"{where}.ceiling"))
    return found


def _polygon(text: str, where: str) -> list[Problem]:
    try:
        points = polygon_points(text)
    except CapError as error:
        return [Problem(error.code, where, error.detail)]
    if len(points) < 4:
        return [Problem("polygon-too-short", where, str(len(points)))]
    if points[0] != points[-1]:
        return [Problem("polygon-open", where)]
    shape = Polygon([(longitude, latitude) for latitude, longitude in points])
    return [] if shape.is_valid else [Problem("polygon-crosses-itself", where)]


def _profile(alert: Alert) -> list[Problem]:
    """Every message to the public says its language, when it ends and which divisions it is for."""
    found = [] if alert.infos else [Problem("info-missing", "info")]
    for number, info in enumerate(alert.infos):
        where = f"info[{number}]"
        if not info.language:
            found.append(Problem("language-missing", f"{where}.language"))
        if info.expires is None:
            found.append(Problem("expires-missing", f"{where}.expires"))
        if not any(area.geocodes for area in info.areas):
            found.append(Problem("geocode-missing", f"{where}.area"))
    return found
