"""The gateway's state for other processes: one small JSON file, renewed every second."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from qipan.kernel.base.clock import now

FILE = "status.json"
STALE = timedelta(seconds=10)


def write(folder: Path, status: dict[str, Any]) -> None:
    """Put the status in place of the former one; readers see either whole."""
    beside = folder / f"{FILE}.new"
    beside.write_text(json.dumps({"at": now().isoformat(), **status}, ensure_ascii=False), encoding="utf-8")
    beside.replace(folder / FILE)


def read(folder: Path) -> dict[str, Any]:
    """The last status; ``ready`` is False with a reason when there is none or it is old."""
    try:
        status = dict(json.loads((folder / FILE).read_text(encoding="utf-8")))
        at = datetime.fromisoformat(status["at"])
    except (OSError, ValueError, KeyError):
        return {"ready": False, "reasons": ["gateway: no status"]}
    if now() - at > STALE:
        return {**status, "ready": False, "reasons": [f"gateway: no sign since {at.isoformat()}"]}
    return status
