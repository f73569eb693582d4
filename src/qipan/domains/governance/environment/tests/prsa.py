"""The PRSA history, read once for all tests of this folder."""

from functools import cache
from pathlib import Path

from qipan.domains.governance.environment.forecast.dataset import History, read_prsa

FOLDER = Path(__file__).resolve().parents[6] / "data" / "environment" / "prsa"


@cache
def history() -> History:
    """Twelve stations, 2013-03 to 2016-10, hourly."""
    return read_prsa(FOLDER)
