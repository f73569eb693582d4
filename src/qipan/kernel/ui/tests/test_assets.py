"""What the browser gets: locked libraries, own files and drawings that exist."""

import json
import re
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from qipan.kernel.ui import assets

PACKAGE = Path(assets.__file__).parents[2]
ICON = re.compile(r"""(?:icon=|icon_name=|\{%\s*icon\s+)["']([a-z0-9-]+)["']""")
OWN = re.compile(r"""\{%\s*(?:asset|static)\s+['"]((?!vendor/)[^'"]+)['"]""")


def sources(*endings: Any) -> Any:
    """Every source file of the program with one of the endings, without tests."""
    for path in PACKAGE.rglob("*"):
        if path.suffix in endings and "tests" not in path.parts:
            yield path, path.read_text(encoding="utf-8")


def test_lock_file_pins_what_is_asked_for_and_names_no_host() -> None:
    lock = json.loads(assets.LOCK.read_text())
    asked = json.loads(assets.LOCK.with_name("package.json").read_text())["dependencies"]
    for name, version in asked.items():
        held = lock["packages"][f"node_modules/{name}"]
        assert held["version"] == version
        assert held["integrity"].startswith("sha512-")
    assert "resolved" not in assets.LOCK.read_text()


def test_every_kept_file_comes_from_a_locked_package() -> None:
    names = set(json.loads(assets.LOCK.with_name("package.json").read_text())["dependencies"])
    for source in assets.FILES:
        parts = source.split("/")
        assert ("/".join(parts[:2]) if source.startswith("@") else parts[0]) in names


def test_every_used_icon_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([^"]+)"', (assets.OWN / "icons.svg").read_text()))
    used = {(name, str(path)) for path, text in sources(".py", ".html") for name in ICON.findall(text)}
    assert [(name, path) for name, path in sorted(used) if name not in drawn] == []


def test_every_own_file_named_in_a_template_exists() -> None:
    named = {name for _path, text in sources(".html") for name in OWN.findall(text)}
    assert "ui/qipan.css" in named
    assert [name for name in sorted(named) if finders.find(name) is None] == []


def test_scripts_fetch_nothing_from_elsewhere() -> None:
    for path, text in sources(".js", ".css"):
        if "static" in path.parts:
            assert not re.search(r"""["'(]https?://""", text), path


def test_source_map_lines_are_dropped(tmp_path: Any) -> None:
    script, style = tmp_path / "a.js", tmp_path / "b.css"
    script.write_text("run();\n//# sourceMappingURL=a.js.map\n")
    style.write_text("a { color: red }\n/*# sourceMappingURL=b.css.map */\n")
    assets._drop_source_maps(tmp_path)
    assert script.read_text() == "run();\n"
    assert style.read_text() == "a { color: red }\n"


def test_nothing_is_built_while_the_stamp_differs(settings: Any, tmp_path: Any) -> None:
    settings.QIPAN_HOME = tmp_path
    vendor = tmp_path / "assets" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "lock.sha256").write_text("another lock file")
    assert not assets.built()
    (vendor / "lock.sha256").write_text(assets.lock_digest())
    assert assets.built()
    assert assets.build(lambda what, done, of: None) is False
