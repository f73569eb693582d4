"""Notices that survive one redirect: kept in the session, shown once by the frame."""

from dataclasses import dataclass

from django.http import HttpRequest

KEY = "notices"
LIMIT = 10


@dataclass(frozen=True)
class Notice:
    """Something to tell the user on the next page; ``tone`` is "ok" or "bad"."""

    tone: str
    text: str


def success(request: HttpRequest, text: str) -> None:
    """Tell on the next page that something was done."""
    _add(request, "ok", text)


def error(request: HttpRequest, text: str) -> None:
    """Tell on the next page that something was not done."""
    _add(request, "bad", text)


def take(request: HttpRequest) -> list[Notice]:
    """The waiting notices, which are then forgotten."""
    session = getattr(request, "session", None)
    if session is None or KEY not in session:
        return []
    return [Notice(tone, text) for tone, text in session.pop(KEY)]


def _add(request: HttpRequest, tone: str, text: str) -> None:
    waiting = request.session.get(KEY, [])
    request.session[KEY] = [*waiting, [tone, str(text)]][-LIMIT:]
