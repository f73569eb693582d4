"""Bringing a county up to date: assets, tables, roles, rule tables and, if asked, the demo county."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.utils import translation
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from qipan.kernel.cases.type_sets import publish_types
from qipan.kernel.modules import registry, rule_tables
from qipan.kernel.modules.declarations import DemoBuilder
from qipan.kernel.orgs import importing
from qipan.kernel.sensing import declaring
from qipan.kernel.ui import assets
from qipan.project.home import mark_mode

SEED = 371_525
IMPORTS = {
    "divisions": importing.import_divisions,
    "organisations": importing.import_organisations,
    "posts": importing.import_posts,
}
Report = Callable[[str, int, int], None]


def set_up(*, demo: bool, scale: float) -> None:
    """Everything between an empty folder and a county that can be opened; safe to repeat."""
    console = Console()
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        _step(progress, "front-end assets", lambda report: assets.build(report))
        _step(progress, "static files", _collect_static)
        _step(progress, "database tables", _migrate)
        _step(progress, "roles and rule tables", load_rules)
        if demo:
            for label, build in registry.demo_builders():
                _step(progress, f"demo county: {label}", partial(_build_demo, build, scale))
        mark_mode(settings.QIPAN_HOME, "demo" if demo else "empty")


def _build_demo(build: DemoBuilder, scale: float, report: Report) -> None:
    build(SEED, scale, report)


def _step(progress: Progress, name: str, work: Callable[[Report], Any]) -> None:
    task = progress.add_task(name, total=None)

    def report(_what: str, done: int, of: int) -> None:
        progress.update(task, completed=done, total=of)

    work(report)
    total = progress.tasks[task].total or 1
    progress.update(task, completed=total, total=total)


def _collect_static(_report: Report) -> None:
    call_command("collectstatic", interactive=False, verbosity=0)


def _migrate(_report: Report) -> None:
    call_command("migrate", interactive=False, verbosity=0)


def load_rules(report: Report) -> None:
    """What the modules declare, as rows: roles, rule tables, quantities, sensing rules and case types."""
    registry.sync_roles()
    modules = registry.modules()
    for done, module in enumerate(modules, start=1):
        for table in module.rule_tables:
            rule_tables.load(table.path)
        declaring.declare(module.label, module.quantities, module.sensing_rules)
        if module.case_types:
            with translation.override(settings.LANGUAGE_CODE):
                publish_types(module.label, str(module.name), module.case_types)
        report("declarations", done, len(modules))
