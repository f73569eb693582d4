"""Vehicle runs: medians by stretch, places that are high again and again."""

from datetime import date, datetime, timedelta

import pytest

from qipan.domains.governance.environment.mobile_runs import Fix, Stretch, hot_places, stretches
from qipan.domains.governance.environment.places import Point
from qipan.domains.governance.environment.standards import table_on

TABLE = table_on("mobile_monitoring", date(2026, 1, 1))
ORIGIN = Point("county", 115.44, 36.48)
NOON = datetime(2026, 1, 10, 12)


def drive(start: datetime, hot_metres: range, high: float = 90.0) -> list[Fix]:
    """A car eastward at 10 m/s, one reading a second, 2 km."""
    return [
        Fix(
            start + timedelta(seconds=n),
            ORIGIN.lon + 10 * n / 89614,
            ORIGIN.lat + 0.0001,
            high if 10 * n in hot_metres else 40.0,
        )
        for n in range(200)
    ]


def test_medians_by_stretch() -> None:
    found = stretches(drive(NOON, range(610, 790)), "PM25", ORIGIN, TABLE)
    assert len(found) == 10
    assert [stretch.cell for stretch in found if stretch.high] == [(3, 0)]
    assert (found[3].median, found[3].values) == (90.0, 20)
    assert found[0].median == 40.0
    assert stretches([], "PM25", ORIGIN, TABLE) == []


def test_short_visits_and_small_excess_are_not_high() -> None:
    assert stretches(drive(NOON, range(0))[:4], "PM25", ORIGIN, TABLE) == []
    low = stretches(drive(NOON, range(610, 790), high=59.0), "PM25", ORIGIN, TABLE)
    assert not any(stretch.high for stretch in low)
    assert any(s.high for s in stretches(drive(NOON, range(610, 790), high=60.0), "PM25", ORIGIN, TABLE))


def runs(days: list[int], hot: list[bool]) -> list[list[Stretch]]:
    return [
        stretches(
            drive(NOON - timedelta(days=day), range(610, 790) if high else range(0)), "PM25", ORIGIN, TABLE
        )
        for day, high in zip(days, hot, strict=True)
    ]


def test_hot_place_needs_three_runs_within_thirty_days() -> None:
    now = NOON + timedelta(hours=1)
    assert hot_places(runs([1, 2, 31], [True, True, True]), now, TABLE) == []
    found = hot_places(runs([1, 2, 3, 29], [True, False, True, True]), now, TABLE)
    assert [(place.cell, place.passed, place.median) for place in found] == [((3, 0), 4, 90.0)]
    assert [(now - time).days for time in found[0].times] == [29, 3, 1]
    assert found[0].lon == pytest.approx(ORIGIN.lon + 700 / 89614, abs=2e-4)
