"""Clock, identifiers and errors of the ground floor."""

from datetime import UTC, date, datetime
from uuid import RFC_4122

import pytest

from qipan.kernel.base import clock, errors, ids


def test_the_county_day_begins_at_sixteen_hours_utc() -> None:
    assert clock.county_day(datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 23)
    assert clock.county_day(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == date(2026, 11, 24)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        clock.local(datetime(2026, 11, 24))


def test_uuid7_carries_its_time_version_and_variant() -> None:
    # the time stamp of the example in RFC 9562, annex A.6
    made = ids.uuid7(0x017F22E279B0)
    assert made.int >> 80 == 0x017F22E279B0
    assert made.version == 7
    assert made.variant == RFC_4122


def test_uuid7_sorts_by_time_and_does_not_repeat() -> None:
    made = [ids.uuid7(stamp) for stamp in range(1000)]
    assert made == sorted(made)
    assert len({ids.uuid7(5) for _ in range(1000)}) == 1000


@pytest.mark.parametrize("stamp", [-1, 1 << 48])
def test_uuid7_refuses_a_time_that_does_not_fit(stamp: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        ids.uuid7(stamp)


def test_invalid_input_names_its_field() -> None:
    error = errors.InvalidInput("lon", "outside the county")
    assert (error.field, error.message, str(error)) == (
        "lon",
        "outside the county",
        "lon: outside the county",
    )
