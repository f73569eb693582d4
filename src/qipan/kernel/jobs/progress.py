"""Progress of long work, written while it runs so that a page can show it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from qipan.kernel.base.clock import now
from qipan.kernel.jobs.models import ProgressRow

WRITE_EVERY_S = 1.0


class Progress:
    """The running count; at most one write a second.

    A page sees the count only outside of the caller's transaction: long work should commit in
    steps and count between them.
    """

    def __init__(self, row: ProgressRow) -> None:
        self.row = row
        self._written = time.monotonic()

    def advance(self, count: int = 1, note: str = "") -> None:
        """That many more pieces are done; ``note`` says what goes on."""
        self.row.done += count
        if note:
            self.row.note = note
        if time.monotonic() - self._written >= WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        """Save the count at once."""
        self.row.updated_at = now()
        self.row.save(update_fields=["done", "note", "state", "updated_at"])
        self._written = time.monotonic()


@contextmanager
def progress(label: str, total: int) -> Iterator[Progress]:
    """Show a piece of work of ``total`` parts from its start to its end or failure."""
    started = now()
    row = ProgressRow.objects.create(label=label, total=total, started_at=started, updated_at=started)
    running = Progress(row)
    try:
        yield running
    except BaseException as error:
        row.state = ProgressRow.State.FAILED
        row.note = f"{type(error).__name__}: {error}"
        running.write()
        raise
    row.state = ProgressRow.State.DONE
    running.write()
