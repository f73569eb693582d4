"""The `qipan` command."""

import os
import subprocess
import sys
from pathlib import Path

import click

from qipan.project.home import PACKAGE, ROOT, folder, mode


def prepare(*, pool: bool = False) -> None:
    """Start what every command with Django needs: database, message catalogues, settings."""
    from qipan.project import catalogues, database

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.project.settings")
    if pool:
        os.environ["QIPAN_POOL"] = "1"
    database.start(folder())
    catalogues.compile_all(PACKAGE)
    import django

    django.setup()


@click.group()
def main() -> None:
    """Run the digital platform of a county."""


@main.command()
@click.option(
    "--demo/--empty", "demo", default=None, help="Demo county (default), or first set-up in the browser."
)
@click.option("--simulator/--no-simulator", default=True, help="Devices and residents of the demo county.")
@click.option("--speed", default=1.0, help="Speed of the simulated day.")
@click.option("--scale", default=1.0, help="Size of the demo county.")
def up(demo: bool | None, simulator: bool, speed: float, scale: float) -> None:
    """Start the whole county and keep it running."""
    from qipan.project import database
    from qipan.project.supervisor import Child, Supervisor

    home = folder()
    server = database.start(home, stop_at_exit=False)
    demo = mode(home) != "empty" if demo is None else demo
    os.environ["QIPAN_DEMO"] = "1" if demo else "0"
    arguments = ["set-up", "--demo" if demo else "--empty", "--scale", str(scale)]
    if subprocess.call([sys.executable, "-m", "qipan", *arguments]) != 0:
        if server is not None:
            server.stop()
        sys.exit(1)
    children = [Child("web", ("web",)), Child("worker", ("worker",)), Child("gateway", ("gateway",))]
    if demo and simulator:
        children.append(Child("simulator", ("simulate", "--speed", str(speed))))
    address = f"http://127.0.0.1:{os.environ.get('QIPAN_PORT', '8000')}/"

    def say(ready: bool) -> None:
        click.echo(f"Qipan: {address}" if ready else f"not ready yet, see {home / 'log'}")

    Supervisor(home, children, server).run(f"{address}readyz", say)


@main.command("set-up", hidden=True)
@click.option("--demo/--empty", "demo", default=False)
@click.option("--scale", default=1.0)
def set_up(demo: bool, scale: float) -> None:
    """Bring assets, tables and demo rows up to date."""
    prepare()
    from qipan.project import county

    county.set_up(demo=demo, scale=scale)


@main.command()
@click.option("--speed", default=1.0, help="Seconds of the county's day per second.")
def simulate(speed: float) -> None:
    """Play the demo county's devices and residents."""
    prepare()
    from qipan.simulator import process

    process.run(speed=speed)


@main.group()
def audit() -> None:
    """The chain of the audit."""


@audit.command()
def verify() -> None:
    """Walk the chain; exit 1 when an entry was altered, removed or reordered."""
    prepare()
    from qipan.kernel.access import audit as chain

    result = chain.verify()
    click.echo(f"{result.blocks} blocks, {result.entries} entries, {result.unsealed} not yet sealed")
    if not result.intact:
        click.echo(f"broken: {result.fault}")
        sys.exit(1)
    click.echo("intact")


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
    from qipan.project.checks import run

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.project.settings")
    sys.exit(run.run(ROOT, PACKAGE))


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


@main.command("reference")
def reference_pages() -> None:
    """Write the reference pages from the modules' declarations."""
    prepare()
    from qipan.project import reference

    click.echo(f"{reference.write_all()} pages in {reference.FOLDER.relative_to(ROOT)}")


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
    from qipan.project import working

    working.run()


@main.command()
def gateway() -> None:
    """Take readings from devices."""
    os.environ["QIPAN_PROCESS"] = "gateway"
    prepare()
    from qipan.kernel.sensing.gateway import process

    process.run()


@main.command()
@click.argument("names", nargs=-1)
@click.option("--list", "only_list", is_flag=True, help="Name the benchmarks and stop.")
def bench(names: tuple[str, ...], only_list: bool) -> None:
    """Measure NAMES (default: all) against their goals, peers and limits."""
    sys.path.insert(0, str(ROOT))
    from qipan.project import benching

    unknown = set(names) - set(benching.names())
    if only_list or unknown:
        click.echo("\n".join(benching.names()))
        sys.exit(2 if unknown else 0)
    prepare()
    benching.run(names or benching.names())


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def backup(file: Path) -> None:
    """Write database, lake and files into FILE."""
    prepare()
    from qipan.project import archive

    about = archive.backup(folder(), file)
    click.echo(f"{file}: {file.stat().st_size:,} bytes, made {about['made']}")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put FILE into a new QIPAN_HOME."""
    from qipan.project import archive, database

    database.start(folder())
    about = archive.restore(folder(), file)
    click.echo(f"restored what was backed up {about['made']}")


@main.command()
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
def export(target: Path) -> None:
    """Write every register as CSV into the folder TARGET."""
    prepare()
    from qipan.project import exporting

    total = exporting.export_all(target, lambda name, rows: click.echo(f"{name}: {rows}"))
    click.echo(f"{total} rows")


@main.command()
@click.argument("what", type=click.Choice(["rules", "divisions", "organisations", "posts"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
def load(what: str, file: Path | None) -> None:
    """Load the modules' rule tables, or a CSV FILE of divisions, organisations or posts."""
    prepare()
    from qipan.project import county

    if what == "rules":
        county.load_rules(lambda *_: None)
        return
    if file is None:
        raise click.UsageError(f"load {what} needs a CSV file")
    result = county.IMPORTS[what](file.read_text(encoding="utf-8-sig"))
    click.echo(f"{result.written} written, {result.unchanged} unchanged, {len(result.faults)} refused")
    for line, fault in result.faults:
        click.echo(f"line {line}: {fault}")
    sys.exit(1 if result.faults else 0)


@main.command("new-module")
@click.argument("label")
@click.option(
    "--chapter",
    required=True,
    type=click.Choice(["data", "governance", "public", "economy", "infrastructure"]),
)
@click.option("--action", required=True, type=int, help="Number in the plan.")
@click.option("--name", required=True, help="Chinese name.")
@click.option("--owner", required=True, help="Office that answers for it.")
def new_module(label: str, chapter: str, action: int, name: str, owner: str) -> None:
    """Write the skeleton of the system LABEL."""
    from qipan.project import scaffold

    values = {"label": label, "chapter": chapter, "action": str(action), "name": name, "owner": owner}
    path = scaffold.write(PACKAGE, values)
    click.echo(f"{path.relative_to(ROOT)}: now ./qipan manage makemigrations {label}")


@main.command()
def doctor() -> None:
    """Look at what usually goes wrong; exit 1 when something did."""
    prepare()
    from qipan.project import doctor as looking

    found = list(looking.findings())
    for finding in found:
        click.echo(f"{'ok  ' if finding.good else 'LOOK'} {finding.name:<14} {finding.said}")
    sys.exit(0 if all(finding.good for finding in found) else 1)
