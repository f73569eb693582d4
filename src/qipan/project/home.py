"""The one folder that holds all data of a county (QIPAN_HOME)."""

import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "qipan"


def folder() -> Path:
    """QIPAN_HOME, or a private folder of the checkout; made when it is not there."""
    path = Path(os.environ.setdefault("QIPAN_HOME", str(ROOT / ".qipan" / "home"))).resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def mode(home: Path) -> str:
    """What the county was set up as: "demo", "empty", or "" while the folder is new."""
    path = home / "county.json"
    return str(json.loads(path.read_text(encoding="utf-8"))["mode"]) if path.exists() else ""


def mark_mode(home: Path, mode: str) -> None:
    """Keep the mode beside the data, so that a restart finds it."""
    (home / "county.json").write_text(json.dumps({"mode": mode}), encoding="utf-8")
