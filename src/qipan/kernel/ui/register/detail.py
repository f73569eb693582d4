"""One row on its page: fields, panels, related rows, actions and the audit trail."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Purpose
from qipan.kernel.ui.admission import actor_of
from qipan.kernel.ui.declarations import Column, Panel, Register, RelatedPanel, Text, as_columns
from qipan.kernel.ui.register import actions
from qipan.kernel.ui.register.cells import BoundColumn, Cell, bind, field_at, shown
from qipan.kernel.ui.register.masking import Masking, masking_for
from qipan.kernel.ui.site import site

TRAIL = 20
UNTOLD = frozenset({"id", "row_version", "password"})
VERBS = {
    "add": _("新建"),
    "change": _("修改"),
    "export": _("导出"),
    "unmask": _("查看完整信息"),
}
LAST = ("lon", "lat", "accuracy_m", "created_at", "updated_at", "demo")


@dataclass(frozen=True)
class Fact:
    """One field of the row: title, cell and unit."""

    title: Text
    cell: Cell
    unit: str


@dataclass(frozen=True)
class DrawnPanel:
    """A panel ready for the template: either its own template with context, or a table."""

    title: Text
    template: str = ""
    context: Any = None
    columns: tuple[BoundColumn, ...] = ()
    rows: tuple[tuple[str, list[Cell]], ...] = ()
    more: bool = False


@dataclass(frozen=True)
class Step:
    """One entry of the audit trail in words."""

    at: Any
    actor: str
    action: Text
    changes: list[tuple[Text, object, object]]
    reason: str


def detail_context(
    request: HttpRequest, register: Register, row: Any, *, unmasked: bool = False
) -> dict[str, object]:
    """What the detail template shows of a row that the actor may see."""
    columns = detail_columns(register)
    masking = masking_for(actor_of(request), register, columns, unmasked=unmasked)
    may_change = bool(register.edit) and decide(actor_of(request), f"{register.prefix}.change", row).allowed
    return {
        "register": register,
        "row": row,
        "heading": str(row) if not masking.masks else _heading(register, row, masking),
        "facts": [
            Fact(column.title, column.cell(row, masking), column.column.unit)
            for column in bind(register.model, columns)
        ],
        "panels": [_draw(panel, request, row) for panel in register.panels],
        "actions": actions.offered(register, row, actor_of(request)),
        "edit_url": reverse(register.url_name("edit"), args=[row.pk]) if may_change else "",
        "list_url": reverse(register.url_name("list")),
        "point": _point(register, row),
        "purposes": Purpose.objects.all() if masking.may_unmask else (),
        "trail": _trail(request, register, row, masking),
    }


def _heading(register: Register, row: Any, masking: Masking) -> str:
    """The row's name; its number when the name itself is personal data."""
    text = str(row)
    hidden = {str(getattr(row, name, "") or "") for name in masking.masks}
    return f"{register.model._meta.verbose_name} {row.pk}" if text in hidden else text


def detail_columns(register: Register) -> tuple[Column, ...]:
    """The declared fields, else those of the list, then every other concrete field but machinery.

    Where a row lies and when it was written comes last.
    """
    if register.detail:
        return as_columns(register.detail)
    fields = [field.name for field in register.model._meta.concrete_fields if field.name not in UNTOLD]
    known = {column.name: column for column in register.as_columns()}
    listed = [name for name in known if name in fields]
    rest = [name for name in fields if name not in known]
    names = [*listed, *sorted(rest, key=lambda name: LAST.index(name) if name in LAST else -1)]
    extra = [column for name, column in known.items() if name not in names and column.value is not None]
    return (*(known.get(name) or Column(name) for name in names), *extra)


def _draw(panel: Panel | RelatedPanel, request: HttpRequest, row: Any) -> DrawnPanel:
    if isinstance(panel, Panel):
        return DrawnPanel(panel.title, panel.template, panel.context(request, row))
    queryset = panel.queryset(row)
    columns = bind(queryset.model, as_columns(panel.columns))
    related = sorted({column.related for column in columns} - {""})
    found = list((queryset.select_related(*related) if related else queryset)[: panel.limit + 1])
    register = site.register_for(queryset.model)
    masking = masking_for(actor_of(request), register, as_columns(panel.columns)) if register else Masking({})
    rows = tuple((site.url_for(r), [c.cell(r, masking) for c in columns]) for r in found[: panel.limit])
    return DrawnPanel(panel.title, columns=columns, rows=rows, more=len(found) > panel.limit)


def _point(register: Register, row: Any) -> tuple[float, float] | None:
    if register.place is None:
        return None
    lon, lat = getattr(row, register.place.lon, None), getattr(row, register.place.lat, None)
    return None if lon is None or lat is None else (lon, lat)


def _trail(request: HttpRequest, register: Register, row: Any, masking: Masking) -> list[Step] | None:
    """What was done to the row, for those who may change it or read the audit; None for others."""
    actor = actor_of(request)
    labels = {action.permission: action.label for action in register.actions}

    def told(action: str) -> Text:
        return VERBS.get(action.rsplit(".", 1)[-1]) or labels.get(action) or action

    if not (decide(actor, f"{register.prefix}.change", row) or decide(actor, "access.audit.view")):
        return None
    return [
        Step(
            entry.at,
            entry.actor_name,
            told(entry.action),
            list(_changes(register, entry, masking)),
            entry.reason,
        )
        for entry in audit.entries_of(row)[:TRAIL]
    ]


def _changes(register: Register, entry: Any, masking: Masking) -> Any:
    for name, value in entry.changes.items():
        field = field_at(register.model, name)
        old, new = value if isinstance(value, list) and len(value) == 2 else (None, value)
        words = [_words(field, masking.apply(name, part)) for part in (old, new)]
        yield (field.verbose_name if field is not None else name, *words)


def _words(field: Any, value: Any) -> object:
    plain_field = field if field is not None and not isinstance(field, models.ForeignKey) else None
    return shown(value, plain_field)
