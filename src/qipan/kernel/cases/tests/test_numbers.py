"""Case numbers, receipts and figures."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.cases.formulas import (
    Clocked,
    Rate,
    ScoreRow,
    dispatch_accuracy,
    ended_rate,
    in_time_rate,
    percentile,
    satisfaction,
)
from qipan.kernel.cases.numbers import (
    RECEIPT_ALPHABET,
    case_number,
    check_digit,
    clean_receipt,
    is_case_number,
    receipt_code,
)


def test_check_digit_of_the_standard() -> None:
    # ISO 7064 MOD 11,10: the example 0794 of the standard has the check digit 5
    assert check_digit("0794") == 5


@given(st.integers(1, 999_999), st.integers(0, 19), st.integers(0, 9))
def test_one_wrong_digit_is_found(serial: int, position: int, digit: int) -> None:
    number = case_number("371525", date(2026, 11, 24), serial)
    assert is_case_number(number)
    places = [index for index, character in enumerate(number) if character != "-"]
    wrong = list(number)
    wrong[places[position]] = str(digit)
    assert is_case_number("".join(wrong)) == (number[places[position]] == str(digit))


def test_numbers_have_the_agreed_form() -> None:
    number = case_number("371525", date(2026, 11, 24), 7)
    assert number.startswith("371525-20261124-000007-")
    with pytest.raises(ValueError, match="six digits"):
        case_number("371525", date(2026, 11, 24), 1_000_000)
    assert not is_case_number("371525-20261124-000007")
    assert not is_case_number("37152x-20261124-000007-1")


def test_receipts_can_be_read_out_and_do_not_repeat() -> None:
    codes = {receipt_code() for _ in range(2000)}
    assert len(codes) == 2000
    assert all(len(code) == 8 and set(code) <= set(RECEIPT_ALPHABET) for code in codes)
    assert not set("0O1I") & set(RECEIPT_ALPHABET)
    assert clean_receipt(" abcd-2345 ") == "ABCD2345"


def day(number: int) -> datetime:
    """A day of March 2026."""
    return datetime(2026, 3, number, tzinfo=UTC)


CLOCKS = [
    Clocked(day(2), day(1), "in_time"),
    Clocked(day(3), day(5), "late"),
    Clocked(day(4), None, ""),
    Clocked(day(5), None, "", suspended=True),
    Clocked(day(20), day(6), "in_time"),  # done early, due later
    Clocked(day(11), day(12), "late"),
]


def test_in_time_rate_in_both_readings() -> None:
    assert in_time_rate(CLOCKS, day(1), day(10)) == Rate(1, 3)
    assert in_time_rate(CLOCKS, day(1), day(10), count_early=True) == Rate(2, 4)
    assert ended_rate(CLOCKS, day(1), day(10)) == Rate(2, 3)


def test_small_denominators_are_not_ranked() -> None:
    assert not Rate(3, 4).ranked
    assert Rate(3, 5).ranked
    assert Rate(0, 0).value is None
    assert Rate(3, 4).value == 0.75


def test_satisfaction_accuracy_percentiles_and_scores() -> None:
    assert satisfaction([5, 4, 3, 2, 1]) == Rate(3, 5)
    assert dispatch_accuracy(20, 3) == Rate(17, 20)
    with pytest.raises(ValueError, match="redirected"):
        dispatch_accuracy(2, 3)
    assert percentile([1, 2, 3, 4], 0.5) == 2.5
    assert percentile([4, 1, 3, 2], 0.9) == pytest.approx(3.7)
    assert percentile([], 0.5) is None
    row = ScoreRow("in_time", 50, 70, 1)
    assert (row.points(80), row.points(65), row.points(0), row.points(None)) == (50, 45, 0, 50)
