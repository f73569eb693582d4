"""The forecast store: issues beside each other, as issued, latest, by lead, with what came true."""

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from qipan.kernel import lake
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.lake import forecast, skill
from qipan.kernel.lake.tests.samples import utc

STORE = forecast.store("environment")
T0 = utc(2026, 1, 1, 0)


def issue(
    issued: datetime, values: dict[int, list[float]], *, place: Any = "a", model: Any = "air", **extra: Any
) -> pa.Table:
    """Rows of an issue: ``values[member]`` for the leads 1, 2, …"""
    start = forecast.naive(issued)
    valid, member, value = [], [], []
    for number, series in values.items():
        for lead, one in enumerate(series, start=1):
            valid.append(start + timedelta(hours=lead))
            member.append(number)
            value.append(one)
    columns = {
        "valid": pa.array(valid, pa.timestamp("us")),
        "place": pa.array([place] * len(valid)),
        "quantity": pa.array(["pm25"] * len(valid)),
        "member": pa.array(member, pa.int32()),
        "value": pa.array(value, pa.float64()),
    }
    return forecast.rows(model, issued, columns, **extra)


def test_names_and_leads() -> None:
    assert forecast.issue_name("air", T0) == "air:2026-01-01T00Z"
    assert forecast.issue_name("air", utc(2026, 1, 1, 6, 30)) == "air:2026-01-01T0630Z"
    assert issue(T0, {1050: [1.0, 2.0, 3.0]}).column("lead_h").to_pylist() == [1, 2, 3]
    with pytest.raises(ValueError, match="model"):
        forecast.issue_name("a:b", T0)
    with pytest.raises(ValueError, match="zone"):
        forecast.issue_name("air", datetime(2026, 1, 1))
    with pytest.raises(InvalidInput, match="missing"):
        forecast.rows("air", T0, {"valid": pa.array([], pa.timestamp("us"))})


def test_a_rerun_replaces_its_issue_and_no_other(fresh_lake: Any) -> None:
    forecast.write(STORE, issue(T0, {1050: [1.0, 2.0]}))
    forecast.write(STORE, issue(T0 + timedelta(hours=12), {1050: [3.0, 4.0]}))
    before = lake.history(STORE)[-1].at
    forecast.write(STORE, issue(T0 + timedelta(hours=12), {1050: [5.0]}))
    name = "air:2026-01-01T12Z"
    assert forecast.as_issued(STORE, "air:2026-01-01T00Z").column("value").to_pylist() == [1.0, 2.0]
    assert forecast.as_issued(STORE, name).column("value").to_pylist() == [5.0]
    assert forecast.as_issued(STORE, name, as_of=before).column("value").to_pylist() == [3.0, 4.0]
    with pytest.raises(InvalidInput, match="2 issues"):
        forecast.write(STORE, pa.concat_tables([issue(T0, {0: [1.0]}), issue(T0, {0: [1.0]}, model="b")]))


def test_latest_takes_each_hour_from_the_newest_issue_known(fresh_lake: Any) -> None:
    forecast.write(STORE, issue(T0, {1050: [1.0, 2.0, 3.0, 4.0]}))
    forecast.write(STORE, issue(T0 + timedelta(hours=2), {1050: [30.0, 40.0]}))
    forecast.write(STORE, issue(T0 + timedelta(hours=3), {1050: [400.0]}))
    seen = forecast.latest(STORE, "pm25", at=T0 + timedelta(hours=2), place="a")
    assert seen.column("value").to_pylist() == [30.0, 40.0]
    seen = forecast.latest(STORE, "pm25", at=T0 + timedelta(hours=1))
    assert seen.column("value").to_pylist() == [2.0, 3.0, 4.0]
    assert forecast.latest(STORE, "pm25", at=T0, model="other").num_rows == 0
    assert forecast.known_at(STORE, "pm25", T0 + timedelta(hours=2)).num_rows == 6


def test_an_edit_is_an_issue_of_its_own_and_comes_first(fresh_lake: Any) -> None:
    forecast.write(STORE, issue(T0, {1050: [1.0, 2.0]}))
    edited = issue(
        T0, {1050: [9.0, 8.0]}, model="air.edit", edited_by="environment.clerk", parent="air:2026-01-01T00Z"
    )
    forecast.write(STORE, edited)
    seen = forecast.latest(STORE, "pm25", at=T0)
    assert seen.column("value").to_pylist() == [9.0, 8.0]
    assert set(seen.column("edited_by").to_pylist()) == {"environment.clerk"}
    assert forecast.as_issued(STORE, "air:2026-01-01T00Z").column("value").to_pylist() == [1.0, 2.0]
    assert forecast.at_lead(STORE, "pm25", 1, model="air").column("value").to_pylist() == [1.0]


def test_a_fan_of_members_and_a_fan_of_quantiles(fresh_lake: Any) -> None:
    forecast.write(STORE, issue(T0, {member: [float(member)] for member in range(11)}, model="ensemble"))
    [row] = forecast.fan(STORE, "pm25", "a", "ensemble:2026-01-01T00Z").to_pylist()
    assert (row["low"], row["p10"], row["p50"], row["p90"], row["high"]) == (0.0, 1.0, 5.0, 9.0, 10.0)
    forecast.write(STORE, issue(T0, {1010: [10.0], 1050: [20.0], 1090: [45.0]}))
    [row] = forecast.fan(STORE, "pm25", "a", "air:2026-01-01T00Z").to_pylist()
    assert (row["p10"], row["p25"], row["p50"], row["p90"], row["lead_h"]) == (10.0, None, 20.0, 45.0, 1)


def test_pairs_keep_what_was_not_observed_as_missing(fresh_lake: Any) -> None:
    for start in range(30):
        forecast.write(STORE, issue(T0 + timedelta(hours=start), {1050: [float(start)]}))
    seen = pa.table(
        {
            "valid": pa.array([datetime(2026, 1, 1, h + 1) for h in range(23)], pa.timestamp("us")),
            "place": ["a"] * 23,
            "observed": [h + 2.0 for h in range(23)],
        }
    )
    found = forecast.pairs(STORE, seen, "pm25", since=T0 + timedelta(hours=1))
    assert (found.num_rows, found.column("observed").null_count) == (29, 7)
    observed = found.column("observed").to_numpy()
    score = skill.mae(found.column("value").to_numpy(), observed)
    assert (score.value, score.n, score.missing) == (2.0, 22, 7)
