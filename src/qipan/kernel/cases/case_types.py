"""The county's own types of everyday matters, after the events of GB/T 30428.2, read from the data folder."""

import csv
from pathlib import Path

from qipan.kernel.cases.declarations import CaseType, TimeLimit

EVENTS = Path(__file__).resolve().parents[4] / "data/cases/event_types.csv"
# Limits of the desks, the same for every type; the county's own, to be changed by it.
DESK_LIMITS = (
    TimeLimit("accept", 1, "work_hour", calendar="urban", source="本县试行"),
    TimeLimit("verify", 2, "work_hour", calendar="urban", source="本县试行"),
    TimeLimit("dispatch", 1, "work_hour", calendar="urban", source="本县试行"),
    TimeLimit("sign", 2, "work_hour", calendar="urban", source="本县试行"),
    TimeLimit("check", 4, "work_hour", calendar="urban", source="本县试行"),
    TimeLimit("close", 4, "work_hour", calendar="urban", source="本县试行"),
)

DESK_DAYS = 2  # what accepting, checking and closing may add to the handling


def read_types(path: Path = EVENTS) -> tuple[CaseType, ...]:
    """Types from a table; ValueError names a row whose values no type may have."""
    with path.open(encoding="utf-8") as lines:
        return tuple(_type(row) for row in csv.DictReader(lines))


def _type(row: dict[str, str]) -> CaseType:
    question = row["kind"] == "question"
    amount, unit = float(row["handle_amount"]), row["handle_unit"]
    limit = TimeLimit("handle", amount, unit, calendar="urban", source=row["source"])
    days = (amount if unit == "work_day" else 1) + DESK_DAYS
    total = TimeLimit("total", days, "work_day", "next_day", source="本县试行")
    return CaseType(
        code=f"cases.{row['code']}",
        name=row["name"],
        kind=row["kind"],
        flow="consult" if question else "grid",
        limits=(*DESK_LIMITS, limit, total),
        filing=tuple(filter(None, [row["filing"]])),
        closing=tuple(filter(None, [row["closing"]])),
        evidence=() if question else ("photo_after",),
        public=True,
        severity=int(row["severity"]),
        verify_first=row["verify_first"] == "1",
        dispatch="owner" if question else "grid_worker",
        description=row["description"],
        keywords=tuple(row["keywords"].split("|")),
        needs_place=not question,
    )


CASE_TYPES = read_types()
