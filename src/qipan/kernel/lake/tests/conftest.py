"""A lake of its own for every test: its own catalogue name, its own folder."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest


@pytest.fixture
def fresh_lake(settings: Any, tmp_path: Path, db: Any) -> Path:
    """Point the lake at an empty catalogue and folder; gives the folder."""
    settings.LAKE_CATALOGUE = f"test-{uuid4().hex}"
    settings.LAKE_WAREHOUSE = f"file://{tmp_path}"
    return tmp_path
