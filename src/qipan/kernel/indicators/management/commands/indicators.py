"""``./qipan manage indicators freeze 2023Q4 | verify 2023Q4 | explain KEY 2023Q3 2023Q4``."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.indicators import catalogue, snapshots
from qipan.kernel.indicators.models import Snapshot


class Command(BaseCommand):
    """Freezing a period, proving it, and explaining the difference of two."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """The three things that can be done."""
        steps = parser.add_subparsers(dest="step", required=True)
        freeze = steps.add_parser("freeze", help="Freeze every indicator (or the named ones) for a period.")
        freeze.add_argument("period")
        freeze.add_argument("keys", nargs="*")
        freeze.add_argument("--reason", default="", help="Needed when the period is frozen already.")
        verify = steps.add_parser("verify", help="Recompute every snapshot of a period from its frozen rows.")
        verify.add_argument("period")
        explain = steps.add_parser("explain", help="Why an indicator moved between two periods.")
        for name in ("key", "before", "after"):
            explain.add_argument(name)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Do one of them; CommandError when something does not hold."""
        step = {"freeze": self._freeze, "verify": self._verify, "explain": self._explain}[options["step"]]
        step(options)

    def _freeze(self, options: dict[str, Any]) -> None:
        for key in options["keys"] or [each.key for each in catalogue.every()]:
            try:
                row = snapshots.freeze(key, options["period"], None, reason=options["reason"])
            except (LookupError, InvalidInput) as error:
                raise CommandError(f"{key}: {error}") from error
            self.stdout.write(f"{row} {row.value} ({row.row_count} rows, {row.rows_digest})")

    def _verify(self, options: dict[str, Any]) -> None:
        faults = 0
        rows = Snapshot.objects.filter(period=options["period"]).order_by("key", "version")
        for row in rows:
            found = snapshots.verify(row)
            faults += bool(found.fault)
            self.stdout.write(f"{row} {found.fault or 'equal'}")
        if not rows:
            raise CommandError(f"{options['period']}: nothing is frozen")
        if faults:
            raise CommandError(f"{faults} of {len(rows)} differ")

    def _explain(self, options: dict[str, Any]) -> None:
        before, after = (self._newest(options["key"], options[name]) for name in ("before", "after"))
        found = snapshots.explain(before, after)
        self.stdout.write(f"{before.value} -> {after.value}")
        for name, share in found.shown:
            self.stdout.write(f"  {name}: {share:+g}")
        if found.definition_changed:
            self.stdout.write("  the formula was changed")

    def _newest(self, key: str, period: str) -> Snapshot:
        row = Snapshot.objects.filter(key=key, period=period).order_by("-version").first()
        if row is None:
            raise CommandError(f"{key}: nothing is frozen for {period}")
        return row
