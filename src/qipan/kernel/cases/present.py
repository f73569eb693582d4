"""The instant at which things happen to cases: the clock's, unless rows of the past are being written."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from qipan.kernel.base import clock

_present: ContextVar[datetime | None] = ContextVar("cases_present", default=None)


def now() -> datetime:
    """The present of the cases block, aware, in UTC."""
    return _present.get() or clock.now()


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Let acts happen at an instant of the past (demo rows, take-over of another system's cases)."""
    token = _present.set(instant)
    try:
        yield
    finally:
        _present.reset(token)
