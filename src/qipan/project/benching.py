"""`qipan bench`: runs the benchmarks, prints each figure beside its goal, keeps JSON and a page."""

import importlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qipan.project.home import ROOT

FOLDER = ROOT / "benchmarks"
RESULTS = FOLDER / "results"


def names() -> list[str]:
    """Benchmarks that exist, by file name."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def run(chosen: Iterable[str]) -> list[dict[str, Any]]:
    """Run the chosen benchmarks one after another and keep what each measured."""
    results = []
    for name in chosen:
        module = importlib.import_module(f"benchmarks.{name}")
        figures = module.run(lambda text: print(f"   {text}", flush=True))
        result = {
            "name": name,
            "about": (module.__doc__ or "").strip().splitlines()[0],
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "figures": figures,
        }
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(
            json.dumps(result, indent=1, ensure_ascii=False, default=float) + "\n"
        )
        for line in lines_of(result):
            print(line, flush=True)
        results.append(result)
    write_page()
    return results


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "processor": platform.machine()}


def lines_of(result: Mapping[str, Any]) -> list[str]:
    """One line per figure: name, value, goal, whether it was met."""
    lines = [f"{result['name']}: {result['about']}"]
    for key, value in result["figures"].items():
        if isinstance(value, Mapping) and "value" in value:
            goal = value.get("goal", "")
            mark = ("met" if value["met"] else "NOT met") if "met" in value else ""
            lines.append(
                f"   {key:<46} {value['value']:>12} {f'goal {goal}' if goal != '' else '':<16} {mark}"
            )
        else:
            lines.append(f"   {key:<46} {value!s:>12}")
    return lines


def write_page() -> Path:
    """All kept results as one Markdown page."""
    path = ROOT / "docs" / "reference" / "benchmarks.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = ["# Benchmarks", "", "Written by `./qipan bench` from `benchmarks/results/`.", ""]
    for kept in sorted(RESULTS.glob("*.json")):
        result = json.loads(kept.read_text())
        parts += [
            f"## {result['name']}",
            "",
            f"{result['about']} Measured {result['at']} on {result['machine']['cores']} cores.",
            "",
            "```",
        ]
        parts += [*lines_of(result)[1:], "```", ""]
    path.write_text("\n".join(parts), encoding="utf-8")
    return path
