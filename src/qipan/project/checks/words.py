"""Words that must not stand in the tree: leftovers, private paths, decisions outside the access block."""

import re
from collections.abc import Iterator
from pathlib import Path

TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".html",
    ".js",
    ".css",
    ".toml",
    ".yaml",
    ".yml",
    ".txt",
    ".po",
    ".json",
    ".sh",
}
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
PRIVATE_PATH = re.compile(r"""(?<![\w.])/(?:work|farm|root|home/\w+)/""")
REGISTRY = re.compile(r'"resolved"\s*:|(?:registry|index-url)\s*=\s*"?https?://')
DECISION = re.compile(r"\bis_superuser\b|\.has_perm\(|\.is_staff\b")
INLINE = re.compile(r"<script(?![^>]*\b(?:src|type=\"application/json\"))[^>]*>|\sstyle=\"|\son\w+=\"")
SKIP = {".git", ".qipan", "node_modules", "__pycache__", "data", "requirements.txt", "requirements-dev.txt"}
THIS = Path(__file__).resolve()


def faults(root: Path) -> Iterator[str]:
    """Every breach, as "path:line: what"."""
    for path in sorted(_texts(root)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for what in _line_faults(path, line):
                yield f"{path}:{number}: {what}"


def _texts(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.suffix in TEXT_SUFFIXES and path.is_file() and not SKIP & set(path.parts) and path != THIS:
            yield path


def _line_faults(path: Path, line: str) -> Iterator[str]:
    if LEFTOVER.search(line):
        yield "left for later"
    if PRIVATE_PATH.search(line):
        yield "path of one machine"
    if REGISTRY.search(line):
        yield "address of a package registry"
    if path.suffix == ".py" and DECISION.search(line) and "access" not in path.parts:
        yield "a permission decision outside the access block"
    if path.suffix == ".html" and INLINE.search(line):
        yield "inline script or style, which the content security policy forbids"
