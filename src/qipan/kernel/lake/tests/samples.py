"""Tables and rows the tests share."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from qipan.kernel.lake.tables import Table

STAGE = Table(
    "stage",
    owner="water",
    schema=pa.schema(
        [
            pa.field("day", pa.date32(), nullable=False),
            pa.field("station", pa.string(), nullable=False),
            pa.field("at", pa.timestamp("us"), nullable=False),
            pa.field("level_m", pa.float64()),
        ]
    ),
    sort=("station", "at"),
)


def stage_rows(day: date, count: int = 24, *, station: str = "s1", level: float = 1.0) -> pa.Table:
    """``count`` hourly rows of a station from the first hour of a day on."""
    start = datetime(day.year, day.month, day.day)
    return pa.table(
        {
            "day": pa.array([day] * count, pa.date32()),
            "station": [station] * count,
            "at": pa.array([start + timedelta(hours=h) for h in range(count)], pa.timestamp("us")),
            "level_m": [level + h for h in range(count)],
        }
    )


def utc(*parts: int) -> datetime:
    """An aware UTC time."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
