"""Row filters of the table format, typed: its own classes take more than their signatures say."""

from collections.abc import Iterable
from typing import Any

from pyiceberg.expressions import BooleanExpression, EqualTo, In, IsNull, LessThan


def equal(column: str, value: Any) -> BooleanExpression:
    """Rows whose column has the value, or is null for None."""
    if value is None:
        return IsNull(column)  # type: ignore[call-arg,arg-type]
    return EqualTo(column, value)  # type: ignore[call-arg,arg-type]


def among(column: str, values: Iterable[Any]) -> BooleanExpression:
    """Rows whose column has one of the values."""
    chosen: BooleanExpression = In(column, set(values))  # type: ignore[call-arg,arg-type]
    return chosen


def below(column: str, value: Any) -> BooleanExpression:
    """Rows whose column is smaller than the value."""
    return LessThan(column, value)  # type: ignore[call-arg,arg-type]
