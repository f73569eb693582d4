"""Reference pages made from what the modules declare, so that they cannot go stale unnoticed."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.utils import translation

from qipan.kernel.modules.declarations import Module
from qipan.kernel.modules.registry import modules
from qipan.project.home import ROOT

FOLDER = ROOT / "docs" / "reference"


def path_of(module: Module) -> Path:
    """Where the page of a module lies."""
    return FOLDER / f"{module.label}.md"


def write_all() -> int:
    """Write every page; gives their number."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for module in modules():
        path_of(module).write_text(text_of(module), encoding="utf-8")
    return len(modules())


def text_of(module: Module) -> str:
    """The page of a module in Markdown, with English names."""
    with translation.override("en"):
        return "\n".join(_lines(module)) + "\n"


def _lines(module: Module) -> Iterator[str]:
    yield f"# {module.name} (`{module.label}`)"
    yield ""
    yield "Made by `./qipan reference` from the module's declarations; do not edit."
    yield from _table(
        "Registers", ("address", "name", "columns"), (_register(one) for one in module.registers)
    )
    yield from _table(
        "Pages", ("address", "name", "permission"), (_page(module, one) for one in module.pages)
    )
    yield from _table(
        "Roles",
        ("code", "permissions"),
        ((one.code, ", ".join(one.permissions)) for one in module.role_offers()),
    )
    yield from _table(
        "Quantities", ("code", "name", "unit"), ((one.code, one.name, one.unit) for one in module.quantities)
    )
    yield from _table(
        "Sensing rules", ("code", "name"), ((one.code, one.name) for one in module.sensing_rules)
    )
    yield from _table(
        "Case types", ("code", "name", "flow"), ((one.code, one.name, one.flow) for one in module.case_types)
    )
    yield from _table(
        "Warnings",
        ("code", "name", "colours"),
        ((one.code, one.name, ", ".join(one.colours)) for one in module.event_types),
    )
    yield from _table(
        "Indicators", ("key", "name", "unit"), ((one.key, one.name, one.unit) for one in module.indicators)
    )
    yield from _table("Map layers", ("key", "name"), ((one.key, one.title) for one in module.layers))
    yield from _table("Rule tables", ("file",), ((one.path.name,) for one in module.rule_tables))


def _register(register: Any) -> tuple[str, ...]:
    columns = ", ".join(column.name for column in register.as_columns())
    return f"/{register.label}/{register.path}/", str(register.name), columns


def _page(module: Module, page: Any) -> tuple[str, ...]:
    address = page.path if page.path.startswith("/") else f"/{module.label}/{page.path}"
    return f"`{address}`", str(page.title), page.permission


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    found = [tuple(str(cell).replace("|", "\\|") for cell in row) for row in rows]
    if found:
        yield ""
        yield f"## {title}"
        yield ""
        yield f"| {' | '.join(head)} |"
        yield f"|{'---|' * len(head)}"
        for row in found:
            yield f"| {' | '.join(row)} |"
