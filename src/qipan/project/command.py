"""The `qipan` command."""

import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[3]


@click.group()
def main() -> None:
    """Run the digital platform of a county."""


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run the tests; ARGUMENTS go to pytest."""
    sys.exit(subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=ROOT))


@main.command()
def check() -> None:
    """Check style and types."""
    steps = (["ruff", "check", "."], ["mypy"])
    sys.exit(max(subprocess.call([sys.executable, "-m", *step], cwd=ROOT) for step in steps))
