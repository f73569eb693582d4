"""A lake of its own for every test that may read or write it."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest


@pytest.fixture(autouse=True)
def own_lake(settings: Any, tmp_path: Path) -> None:
    """Point the lake at an empty catalogue and folder."""
    settings.LAKE_CATALOGUE = f"test-{uuid4().hex}"
    settings.LAKE_WAREHOUSE = f"file://{tmp_path}"
