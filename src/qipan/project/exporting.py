"""`qipan export`: every register as CSV, so that the county can leave with its data."""

import csv
from collections.abc import Callable
from pathlib import Path

from qipan.kernel.ui.site import site

CHUNK = 2_000


def export_all(folder: Path, report: Callable[[str, int], None]) -> int:
    """Write one CSV per register with all stored fields; gives the number of rows."""
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for register in site.registers:
        rows = register.model._default_manager.order_by("pk")
        names = [field.attname for field in register.model._meta.concrete_fields if field.name != "password"]
        path = folder / f"{register.model._meta.label_lower}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            count = 0
            for row in rows.values_list(*names).iterator(CHUNK):
                writer.writerow(row)
                count += 1
        report(path.name, count)
        total += count
    return total
