"""All checks of `qipan check`, one after another; every fault is printed."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from qipan.project import catalogues
from qipan.project.checks import budgets, words

PROGRAMS = (
    ("style", ("ruff", "check", ".")),
    ("format", ("ruff", "format", "--check", ".")),
    ("types", ("mypy",)),
    ("layers", ("qipan.project.checks.layers",)),
)


def run(root: Path, package: Path) -> int:
    """0 when nothing was found, else 1."""
    failed = False
    for name, command in PROGRAMS:
        print(f"-- {name}", flush=True)
        failed |= subprocess.call([sys.executable, "-m", *command], cwd=root) != 0
    for name, found in (
        ("budgets", budgets.faults(package)),
        ("words", words.faults(root)),
        ("catalogues", catalogue_faults(package)),
    ):
        print(f"-- {name}", flush=True)
        failed |= _print(found, root)
    return int(failed)


def _print(found: Iterable[str], root: Path) -> bool:
    lines = [line.replace(f"{root}/", "") for line in found]
    print("\n".join(lines), end="\n" if lines else "")
    return bool(lines)


def catalogue_faults(package: Path) -> Iterable[str]:
    """Messages without English, in every folder that is an app."""
    for init in sorted(package.rglob("__init__.py")):
        folder = init.parent
        is_app = (
            (folder / "locale").exists() or (folder / "models.py").exists() or (folder / "templates").exists()
        )
        if is_app and "tests" not in folder.parts:
            for message in catalogues.untranslated(folder):
                yield f"{catalogues.catalogue_path(folder)}: no English for {message!r}"
