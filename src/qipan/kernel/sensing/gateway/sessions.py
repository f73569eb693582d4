"""Sessions in the database: who was connected, from when to when, from where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from qipan.kernel.base.clock import now
from qipan.kernel.sensing.gateway.links import Link
from qipan.kernel.sensing.models import Session

KEPT = timedelta(days=30)
REFRESH_S = 30.0
_LIMIT = 20_000


@dataclass(slots=True)
class _Entry:
    """A session as the ledger knows it; ``row`` once it is written."""

    link: Link
    key: str
    row: int | None = None
    ended: datetime | None = None


class SessionLedger:
    """Notes openings and ends on the event loop, writes them from a thread a few seconds later."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._live: dict[tuple[Link, str], _Entry] = {}
        self._ended: list[_Entry] = []

    def open(self, link: Link, key: str) -> None:
        """A key has called over a link."""
        if (link, key) not in self._live and len(self._live) < _LIMIT:
            self._live[link, key] = _Entry(link, key)

    def close(self, link: Link) -> None:
        """A link is gone, and with it the sessions of its keys."""
        for key in link.keys:
            entry = self._live.pop((link, key), None)
            if entry is not None:
                entry.ended = now()
                self._ended.append(entry)
        del self._ended[:-_LIMIT]

    def entries(self) -> tuple[list[_Entry], list[_Entry]]:
        """Live entries and those that have ended since the last call; the latter are handed over."""
        ended, self._ended = self._ended, []
        return list(self._live.values()), ended

    def give_back(self, ended: Sequence[_Entry]) -> None:
        """Ended entries that could not be written."""
        self._ended = [*ended, *self._ended][-_LIMIT:]

    def write(self, live: Sequence[_Entry], ended: Sequence[_Entry]) -> None:
        """Write sessions; runs in a database thread."""
        with transaction.atomic():
            fresh = [entry for entry in (*live, *ended) if entry.row is None]
            made = Session.objects.bulk_create([self._row(entry) for entry in fresh])
            changed = [entry for entry in (*live, *ended) if entry.row is not None]
            Session.objects.bulk_update(
                [self._row(entry) for entry in changed],
                ["last_heard", "ended", "reason", "frames", "bytes"],
                batch_size=1_000,
            )
        for entry, row in zip(fresh, made, strict=True):
            entry.row = row.pk

    def end_orphans(self) -> None:
        """End what an earlier process of this gateway left open, and forget what is long past."""
        Session.objects.filter(gateway=self._gateway, ended=None).update(
            ended=now(), reason="gateway restarted"
        )
        Session.objects.filter(ended__lt=now() - KEPT).delete()

    def _row(self, entry: _Entry) -> Session:
        link = entry.link
        return Session(
            pk=entry.row,
            protocol=link.codec.name,
            key=entry.key[:80],
            peer=link.peer[:64],
            gateway=self._gateway,
            since=link.since,
            last_heard=link.last_heard,
            ended=entry.ended,
            reason=link.end_reason[:100] if entry.ended else "",
            frames=link.frames,
            bytes=link.bytes,
        )
