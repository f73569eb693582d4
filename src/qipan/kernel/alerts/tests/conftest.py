"""Puts the modules' own event types back after each test."""

from collections.abc import Iterator

import pytest

from qipan.kernel.alerts import catalogue
from qipan.kernel.modules.registry import modules


@pytest.fixture(autouse=True)
def _own_event_types() -> Iterator[None]:
    yield
    catalogue.install(modules())
