"""Django's own commands under `./qipan manage`, and the message catalogues."""

import sys
from pathlib import Path

from django.core.management import execute_from_command_line


def run(arguments: tuple[str, ...]) -> None:
    """Run one of Django's management commands."""
    execute_from_command_line(["qipan manage", *arguments])
    sys.stdout.flush()


def app_folder(package: Path, label: str) -> Path:
    """The folder of the app with this label; LookupError when there is none."""
    for path in (package / "kernel" / label, *package.glob(f"domains/*/{label}"), package / label):
        if (path / "__init__.py").exists():
            return path
    raise LookupError(f"no app {label}")
