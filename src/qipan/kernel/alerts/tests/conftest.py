"""Puts the modules' own event types back after each test."""

from collections.abc import Iterator

import pytest

from qipan.kernel.alerts import catalogue


@pytest.fixture(autouse=True)
def _own_event_types() -> Iterator[None]:
    types, rules = dict(catalogue._types), dict(catalogue._rules)
    yield
    catalogue._types.clear()
    catalogue._types.update(types)
    catalogue._rules.clear()
    catalogue._rules.update(rules)
