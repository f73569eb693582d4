"""Puts uv into a private folder with nothing but Python's standard library (pip and venv may be absent).

Usage: fetch_uv.py FOLDER. The wheel's hash is pinned here; PIP_INDEX_URL names another index.
"""

import hashlib
import io
import json
import os
import platform
import stat
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

VERSION = "0.13.9"
WHEELS = {
    ("Linux", "x86_64"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("Linux", "aarch64"): (
        "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
        "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
    ),
    ("Darwin", "x86_64"): (
        "macosx_10_12_x86_64",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
    ("Darwin", "arm64"): (
        "macosx_11_0_arm64",
        "66c512266d633bef48384a1f53003f41f2a8e7b36fe6e7fbfd3e0fd52d96fa63",
    ),
}


def wheel_address(name: str) -> str:
    """Where the index keeps the wheel (PEP 691)."""
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/uv/"
    request = urllib.request.Request(index, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
    found = [file["url"] for file in files if file["filename"] == name]
    if not found:
        sys.exit(f"the package index has no {name}; install uv by hand")
    return urllib.parse.urljoin(index, found[0])


def main(folder: Path) -> None:
    """Fetch, check the hash, unpack the program."""
    machine = (platform.system(), platform.machine())
    if machine not in WHEELS:
        sys.exit(f"no uv is pinned for {machine[0]} {machine[1]}; install uv by hand")
    tag, digest = WHEELS[machine]
    with urllib.request.urlopen(wheel_address(f"uv-{VERSION}-py3-none-{tag}.whl"), timeout=300) as answer:
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != digest:
        sys.exit("uv: the downloaded wheel has another hash than the pinned one")
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "uv.new"
    program.write_bytes(zipfile.ZipFile(io.BytesIO(wheel)).read(f"uv-{VERSION}.data/scripts/uv"))
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    program.rename(folder / "uv")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
