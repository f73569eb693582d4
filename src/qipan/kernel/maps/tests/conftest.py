"""What the map tests share."""

from collections.abc import Iterator

import pytest

from qipan.kernel.maps import layers


@pytest.fixture(autouse=True)
def known_layers() -> Iterator[None]:
    """The layers of the modules stand again after a test that put others in their place."""
    before = layers.everything()
    yield
    layers.fill(before)
