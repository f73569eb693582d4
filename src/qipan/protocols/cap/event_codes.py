"""The national table of event codes (12379), kept as data."""

import csv
from pathlib import Path


def load_events(path: Path) -> dict[str, tuple[str, str]]:
    """Read ``code,name,categories`` lines: code -> (name, CAP categories separated by a space)."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: (row["name"], row["categories"]) for row in csv.DictReader(file)}
