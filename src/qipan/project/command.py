"""The `qipan` command."""

import os
import subprocess
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "qipan"


def home() -> Path:
    """The folder of all data: QIPAN_HOME, or a private folder of the checkout."""
    return Path(os.environ.setdefault("QIPAN_HOME", str(ROOT / ".qipan" / "home")))


def prepare(*, pool: bool = False) -> None:
    """Start what every command with Django needs: database, message catalogues, settings."""
    from qipan.project import catalogues, database

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.project.settings")
    if pool:
        os.environ["QIPAN_POOL"] = "1"
    database.start(home())
    catalogues.compile_all(PACKAGE)
    import django

    django.setup()


@click.group()
def main() -> None:
    """Run the digital platform of a county."""


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run the tests; ARGUMENTS go to pytest."""
    from qipan.project import catalogues

    catalogues.compile_all(PACKAGE)
    sys.exit(subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=ROOT))


@main.command()
def check() -> None:
    """Check style, types, layers, budgets and catalogues."""
    steps = (["ruff", "check", "."], ["mypy"])
    sys.exit(max(subprocess.call([sys.executable, "-m", *step], cwd=ROOT) for step in steps))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Run one of Django's own commands."""
    prepare()
    from qipan.project import manage as management

    management.run(arguments)


@main.command()
@click.argument("labels", nargs=-1)
def messages(labels: tuple[str, ...]) -> None:
    """Bring the English catalogues of the apps LABELS up to date and list what lacks English."""
    from qipan.project import catalogues
    from qipan.project.manage import app_folder

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.project.settings")
    for label in labels:
        for message in catalogues.update(app_folder(PACKAGE, label)):
            click.echo(f"{label}: {message}")


@main.command()
def web() -> None:
    """Serve the pages, the API and the live values."""
    import uvicorn

    prepare(pool=True)
    uvicorn.run(
        "qipan.project.asgi:application",
        host=os.environ.get("QIPAN_HOST", "127.0.0.1"),
        port=int(os.environ.get("QIPAN_PORT", "8000")),
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


@main.command()
def worker() -> None:
    """Run background jobs."""
    prepare()
    from qipan.kernel.jobs import process

    process.run()


@main.command()
def gateway() -> None:
    """Take readings from devices."""
    prepare()
    from qipan.kernel.sensing.gateway import process

    process.run()
