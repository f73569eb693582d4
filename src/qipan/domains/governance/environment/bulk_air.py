"""Hours and days of long series at once: the same rows as `derivation` makes, in arrays.

Used where years are derived (imports, a new edition of the rules); a test holds both ways to be equal.
"""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qipan.domains.governance.environment.aqi import PRIMARY_ABOVE
from qipan.domains.governance.environment.models import AirDay, AirHour, Grade
from qipan.domains.governance.environment.models.air import Version
from qipan.domains.governance.environment.quantities import FIELD_OF, ITEM_OF
from qipan.domains.governance.environment.rules import (
    RuleTable,
    day_evaluation,
    iaqi_series,
    sliding_mean,
    table_on,
)
from qipan.domains.governance.environment.standards import RULES_FOLDER

DATA = RULES_FOLDER.parent
FIELDS = tuple(FIELD_OF.values())
Floats = NDArray[np.float64]
BATCH = 2_000
COLUMN_OF = {item: name for name, item in ITEM_OF.items()}


def write_site(site: int, times: "NDArray[np.datetime64]", columns: Mapping[str, Floats]) -> None:
    """Write hour and day rows of one site; ``times`` are hour ends (UTC) that follow each other.

    Rows that stand already are left alone. The whole must begin with the first hour of a county day.
    """
    hours = _hours(site, times, columns)
    AirHour.objects.bulk_create(hours, batch_size=BATCH, ignore_conflicts=True)
    AirDay.objects.bulk_create(_days(site, times, columns), batch_size=BATCH, ignore_conflicts=True)


def _hours(site: int, times: "NDArray[np.datetime64]", columns: Mapping[str, Floats]) -> list[AirHour]:
    ends = [one.replace(tzinfo=UTC) for one in times.astype("datetime64[s]").tolist()]
    days = [(end + timedelta(hours=8, seconds=-1)).date() for end in ends]
    index, primary, version = _hour_index(days, columns)
    rows = []
    for number, end in enumerate(ends):
        values = {name: _value(columns[name][number]) for name in FIELDS}
        if all(value is None for value in values.values()):
            continue
        row = AirHour(site_id=site, hour=end, rule_version=version[number], version=Version.QA1, **values)
        _grade(row, int(index[number]), primary[number])
        rows.append(row)
    return rows


def _days(site: int, times: "NDArray[np.datetime64]", columns: Mapping[str, Floats]) -> list[AirDay]:
    rows = []
    valid = np.isfinite(columns["pm25"])
    for first in range(0, times.size, 24):
        part = slice(first, first + 24)
        day = (times[first].astype("datetime64[s]").tolist() + timedelta(hours=8, seconds=-1)).date()
        series = {ITEM_OF[name]: _whole_day(columns[name][part]) for name in FIELDS}
        result = day_evaluation(series, day)
        row = AirDay(site_id=site, day=day, hours=int(valid[part].sum()), version=Version.QA1)
        row.rule_version = result.aqi.version
        for name in FIELDS:
            reported = result.reported.get(f"{ITEM_OF[name]}_{'8H' if name == 'o3' else '24H'}")
            setattr(row, name, float(reported) if reported is not None else None)
        row.aqi = result.aqi.value
        row.grade = result.aqi.grade.level if result.aqi.grade else Grade.NONE
        row.primary = [item.split("_")[0] for item in result.aqi.primary]
        rows.append(row)
    return rows


def _whole_day(values: Floats) -> list[float | None]:
    """24 values; the hours of a day that has not ended are missing."""
    return [_value(one) for one in values] + [None] * (24 - values.size)


def _hour_index(
    days: list[date], columns: Mapping[str, Floats]
) -> tuple[NDArray[np.int64], list[list[str]], list[str]]:
    """Index, primary pollutants and rule version of every hour, edition by edition."""
    index = np.full(len(days), -1, dtype=np.int64)
    primary: list[list[str]] = [[] for _ in days]
    version = [""] * len(days)
    editions = {day: table_on("iaqi", day) for day in set(days)}
    for table in {table.version: table for table in editions.values()}.values():
        rows = np.array([editions[day].version == table.version for day in days])
        parts = _parts(columns, table, days[-1])
        stacked = np.stack(list(parts.values()))
        best = stacked.max(axis=0)
        index[rows] = best[rows]
        for number in np.flatnonzero(rows):
            version[number] = table.version
            if best[number] > PRIMARY_ABOVE:
                top = stacked[:, number] == best[number]
                primary[number] = [
                    item.split("_")[0] for item, is_top in zip(parts, top, strict=True) if is_top
                ]
    return index, primary, version


def _parts(columns: Mapping[str, Floats], table: RuleTable, day: date) -> dict[str, NDArray[np.int64]]:
    """IAQI of each item that the real-time report of an edition uses."""
    rules = table_on("air_statistics", day)
    parts = {}
    for item in table.cell("reports", "hourly"):
        values = _statistic(columns, item, rules)
        parts[item] = iaqi_series(item, values, table)
        rule = table.cell("items", item)
        if "instead" in rule.get("above", {}):
            # Above the last node the edition takes another averaging time (SO2: the 24-hour mean).
            other = rule["above"]["instead"]
            instead = iaqi_series(other, _statistic(columns, other, rules), table)
            parts[item] = np.where(values > rule["breakpoints"][-1], instead, parts[item])
    return parts


def _statistic(columns: Mapping[str, Floats], item: str, rules: RuleTable) -> Floats:
    """Hour values or sliding 24-hour means of an item, rounded as they are reported."""
    name = item.split("_")[0]
    values = columns[COLUMN_OF[name]]
    if item.endswith("_24H"):
        # The first hours have no predecessors: they count as missing, not as "too early to tell".
        padded = np.concatenate([np.full(23, np.nan), values])
        values = sliding_mean(padded, 24, int(rules.limit("validity", "day_hours")))[23:]
    return np.round(values, int(rules.limit("decimals", "report", name)))


def _grade(row: AirHour, index: int, primary: list[str]) -> None:
    row.aqi = index if index >= 0 else None
    row.primary = primary
    bounds = [int(one["upper"]) for one in table_on("aqi_grades", row.hour.date()).rows]
    row.grade = Grade.NONE if row.aqi is None else 1 + sum(row.aqi > upper for upper in bounds[:-1])


def _value(number: Any) -> float | None:
    return float(number) if np.isfinite(number) else None
