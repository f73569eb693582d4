"""Message catalogues: what is said in Chinese source strings, and its English translation.

Babel reads Python files; templates are read with Django's own lexer, since Babel does not know its tags
and GNU gettext may be absent.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages import pofile
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.template.base import Lexer, TokenType
from django.utils.translation import trim_whitespace

FUNCTIONS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "_now"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
TRANSLATE = re.compile(r"""^(?:translate|trans)\s+(?:"([^"]*)"|'([^']*)')""")
FILTERED = re.compile(r"""_\(\s*(?:"([^"]*)"|'([^']*)')\s*\)""")
JAVASCRIPT_FREE = ("node_modules", "assets")


def messages_of(folder: Path) -> set[str]:
    """Every message that the Python files and templates below a folder mark for translation."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts and "tests" not in path.parts:
            found.update(_python_messages(path))
    for path in sorted([*folder.rglob("templates/**/*.html"), *folder.rglob("templates/**/*.txt")]):
        found.update(_template_messages(path))
    return {message for message in found if message}


def _python_messages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            count = 2 if node.func.id.startswith("ngettext") else 1
            constants = (one.value for one in node.args[:count] if isinstance(one, ast.Constant))
            yield from (value for value in constants if isinstance(value, str))


def _template_messages(path: Path) -> Iterator[str]:
    block: list[str] | None = None
    trimmed = False
    for token in Lexer(path.read_text(encoding="utf-8")).tokenize():
        words = token.contents.split() if token.token_type == TokenType.BLOCK else []
        tag = words[0] if words else ""
        if tag in ("blocktranslate", "blocktrans"):
            block, trimmed = [], "trimmed" in words
        elif tag in ("endblocktranslate", "endblocktrans", "plural") and block is not None:
            text = "".join(block)
            yield trim_whitespace(text) if trimmed else text
            block = [] if tag == "plural" else None
        elif block is not None:
            block.append(f"%({token.contents})s" if token.token_type == TokenType.VAR else token.contents)
        elif match := TRANSLATE.match(token.contents) if words else None:
            yield match.group(1) or match.group(2) or ""
        elif token.token_type in (TokenType.BLOCK, TokenType.VAR):
            for match in FILTERED.finditer(token.contents):
                yield match.group(1) or match.group(2) or ""


def catalogue_path(folder: Path, language: str = "en") -> Path:
    """Where an app keeps its translations."""
    return folder / "locale" / language / "LC_MESSAGES" / "django.po"


def read(folder: Path) -> Catalog:
    """The app's English catalogue, empty when there is none."""
    path = catalogue_path(folder)
    if not path.exists():
        return Catalog(locale="en", fuzzy=False)
    with path.open("rb") as file:
        return pofile.read_po(file, locale="en")


def update(folder: Path) -> list[str]:
    """Bring the catalogue to the code's messages; gives those still without English."""
    catalogue, wanted = read(folder), messages_of(folder)
    fresh = Catalog(locale="en", fuzzy=False, header_comment="")
    for message in sorted(wanted):
        known = catalogue.get(message)
        flags = ("python-format",) if re.search(r"%\(\w+\)[sdf]", message) else ()
        fresh.add(message, str(known.string) if known and known.string else "", flags=flags)
    path = catalogue_path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        pofile.write_po(file, fresh, omit_header=False, no_location=True, width=110, sort_output=True)
    return untranslated(folder)


def untranslated(folder: Path) -> list[str]:
    """Messages of the code that have no English in the app's catalogue, or lack a placeholder."""
    catalogue = read(folder)
    missing = []
    for message in sorted(messages_of(folder)):
        known = catalogue.get(message)
        english = str(known.string) if known and known.string else ""
        holes = set(re.findall(r"%\(\w+\)[sdf]", message))
        if (not english and CHINESE.search(message)) or (
            english and not holes <= set(re.findall(r"%\(\w+\)[sdf]", english))
        ):
            missing.append(message)
    return missing


def compile_all(package: Path) -> int:
    """Write the .mo beside every .po that is newer; gives how many were written."""
    written = 0
    for path in package.rglob("locale/*/LC_MESSAGES/django.po"):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
            continue
        with path.open("rb") as source:
            catalogue = pofile.read_po(source)
        with target.open("wb") as file:
            write_mo(file, catalogue)
        written += 1
    return written
