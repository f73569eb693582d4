"""The lake on two pages: every table with its size and upkeep, and one table with its history.

The pages read what the commits wrote down; the web process never opens the catalogue's engine for them.
"""

from dataclasses import dataclass
from typing import cast

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Actor

from .connect import Recipe, recipes
from .models import LakeBatch, LakeHold, LakeRun
from .place import catalogue_name

SHOWN = 50


@dataclass(frozen=True)
class TableLine:
    """One table as the page shows it."""

    path: str
    last: LakeBatch
    run: LakeRun | None
    hold: LakeHold | None

    @property
    def mean_file(self) -> int:
        """Bytes of a file in the mean."""
        return self.last.total_bytes // self.last.total_files if self.last.total_files else 0


def tables(request: HttpRequest) -> HttpResponse:
    """Every table: rows, size, files, last write, last upkeep, whether it takes writes."""
    require(cast(Actor, request.user), "lake.table.view")
    return render(request, "lake/tables.html", {"lines": _lines()})


def detail(request: HttpRequest, path: str) -> HttpResponse:
    """One table: its latest batches and upkeep runs, and how other programs open it."""
    require(cast(Actor, request.user), "lake.table.view")
    line = next((line for line in _lines() if line.path == path), None)
    if line is None:
        raise Http404(path)
    context = {
        "line": line,
        "batches": LakeBatch.objects.filter(table=path).order_by("-at")[:SHOWN],
        "runs": LakeRun.objects.filter(table=path).order_by("-started_at")[:SHOWN],
        "recipes": _recipes(path),
    }
    return render(request, "lake/table.html", context)


def _lines() -> list[TableLine]:
    last = LakeBatch.objects.order_by("table", "-at", "-pk").distinct("table")
    runs = {run.table: run for run in LakeRun.objects.order_by("table", "-started_at").distinct("table")}
    holds = {hold.table: hold for hold in LakeHold.objects.all()}
    return [TableLine(row.table, row, runs.get(row.table), holds.get(row.table)) for row in last]


def _recipes(path: str) -> tuple[Recipe, ...]:
    """Recipes with the present metadata file of the catalogue; none when the table has gone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT metadata_location FROM lake.iceberg_tables"
            " WHERE catalog_name = %s AND table_namespace = %s AND table_name = %s",
            [catalogue_name(), *path.split(".", 1)],
        )
        row = cursor.fetchone()
    return recipes(catalogue_name(), path, row[0]) if row else ()


# Path below /lake/, view, title, permission, in the menu.
PAGES = (
    ("", tables, gettext_lazy("数据湖"), "lake.table.view", True),
    ("<str:path>/", detail, gettext_lazy("数据表"), "lake.table.view", False),
)
