"""The pages show what commits and upkeep wrote down; the command keeps its hands off without --do."""

import json
import subprocess
import sys
from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from qipan.kernel import lake
from qipan.kernel.base.clock import now
from qipan.kernel.jobs.tests.people import account, chief
from qipan.kernel.lake import pages
from qipan.kernel.lake.models import LakeHold, LakeRun
from qipan.kernel.lake.tests.samples import STAGE, stage_rows

DAY = date(2026, 1, 1)


def test_a_line_tells_size_upkeep_and_hold(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    lake.append(STAGE, stage_rows(DAY, station="s2"), "b")
    lines: list[Any] = list(pages._lines())
    [line] = lines
    assert (line.path, line.last.total_rows, line.last.total_files) == ("water.stage", 48, 2)
    assert line.mean_file == line.last.total_bytes // 2 > 0
    assert (line.run, line.hold) == (None, None)
    lake.maintain(STAGE)
    LakeHold.objects.create(table=STAGE.path, reason="x", since=now())
    [line] = list(pages._lines())
    assert line.last is not None and line.run is not None and line.hold is not None
    assert (line.last.kind, line.last.total_files, line.run.compacted) == ("maintain", 1, 1)
    assert line.hold.reason == "x"


def test_recipes_name_the_present_metadata_file(fresh_lake: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "a")
    programs = {recipe.program: recipe.code for recipe in pages._recipes(STAGE.path)}
    assert list(programs) == ["Spark", "Trino", "DuckDB", "Python"]
    # The Python recipe runs as printed, without the catalogue.
    code = programs["Python"].replace(".to_pandas()", ".to_arrow().num_rows")
    statements, last = code.rsplit("\n", 1)
    found = subprocess.run(
        [sys.executable, "-c", f"{statements}\nprint({last})"], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "24"
    assert pages._recipes("water.nothing") == ()


def test_the_command_does_nothing_unless_told(fresh_lake: Any) -> None:
    for number in range(3):
        lake.append(STAGE, stage_rows(DAY, 1, level=number), f"b{number}")
    out = StringIO()
    call_command("lake", "maintain", stdout=out)
    assert "merged 1" in out.getvalue() and "dry run" in out.getvalue()
    assert len(lake.files(STAGE)) == 3
    call_command("lake", "maintain", "water.stage", "--do", stdout=out)
    assert len(lake.files(STAGE)) == 1
    assert LakeRun.objects.filter(dry_run=False).count() == 1
    call_command("lake", "verify", stdout=out)
    with pytest.raises(CommandError, match="no such table"):
        call_command("lake", "verify", "water.nothing", stdout=out)


def test_starting_costs_no_engine() -> None:
    code = (
        "import django, sys, json; django.setup();"
        "import qipan.kernel.lake.forecast, qipan.kernel.lake.pages, qipan.kernel.lake.offers;"
        "print(json.dumps([m for m in ('pyiceberg', 'duckdb', 'ibis') if m in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == []


def test_the_pages_show_tables_and_are_refused_without_the_permission(fresh_lake: Any, client: Any) -> None:
    lake.append(STAGE, stage_rows(DAY), "hot:1-24")
    client.force_login(chief("lake.*"))
    text = client.get("/lake/").content.decode()
    assert 'href="water.stage/"' in text and "可写" in text
    text = client.get("/lake/water.stage/").content.decode()
    assert "hot:1-24" in text and "iceberg_scan" in text
    assert client.get("/lake/water.nothing/").status_code == 404
    client.force_login(account("li"))
    assert client.get("/lake/").status_code == 403
