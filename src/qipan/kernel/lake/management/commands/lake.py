"""`qipan manage lake maintain|verify|repair`: upkeep by hand."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from qipan.kernel.lake.catalogue import paths
from qipan.kernel.lake.maintenance import maintain
from qipan.kernel.lake.verification import repair, verify


class Command(BaseCommand):
    """Keep lake tables in order, compare them with their files, mend a lost commit."""

    help = "Maintain, verify or repair tables of the lake"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do, on which tables (default: all)."""
        parser.add_argument("what", choices=("maintain", "verify", "repair"))
        parser.add_argument("tables", nargs="*", help="owner.name")
        parser.add_argument(
            "--do", action="store_true", help="really do it; without, only say what would be done"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run on every named table; CommandError when one has problems."""
        chosen = options["tables"] or paths()
        action = {"maintain": self._maintain, "verify": self._verify, "repair": self._repair}[options["what"]]
        try:
            bad = [path for path in chosen if not action(path, options["do"])]
        except LookupError as error:
            raise CommandError(str(error)) from error
        if bad:
            raise CommandError(_("有问题的数据表:%(tables)s") % {"tables": ", ".join(bad)})

    def _maintain(self, path: str, do: bool) -> bool:
        run = maintain(path, dry_run=not do)
        self.stdout.write(
            f"{path}: merged {run.compacted}, dropped {run.dropped}, expired {run.expired}, "
            f"removed {run.removed_files} ({run.removed_bytes} bytes), live {run.live_files}/{run.all_files}"
            f"{'' if do else ' (dry run)'}"
        )
        return True

    def _verify(self, path: str, do: bool) -> bool:
        """With --do a table with problems is held from now on, and a sound one released."""
        problems = verify(path, hold=do)
        for problem in problems:
            self.stdout.write(f"{path}: {problem}")
        return not problems

    def _repair(self, path: str, do: bool) -> bool:
        problems = verify(path)
        for problem in problems:
            self.stdout.write(f"{path}: {problem}")
        if problems and do:
            try:
                self.stdout.write(f"{path}: now {repair(path)}")
            except ValueError as error:
                raise CommandError(str(error)) from error
            problems = verify(path)
        return not problems
