"""Import of divisions, organisations and posts from CSV: every bad row is named, none is half-written."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.orgs.identifiers import is_division_code, is_uscc
from qipan.kernel.orgs.models import Division, Level, Organisation, Post

LEVEL_OF_LENGTH = {2: Level.PROVINCE, 4: Level.CITY, 6: Level.COUNTY, 9: Level.TOWNSHIP, 12: Level.VILLAGE}
FOUNDED = date(2000, 1, 1)


@dataclass
class ImportResult:
    """What an import did: rows made or changed, rows equal already, and faults by line number."""

    written: int = 0
    unchanged: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


def level_of(code: str) -> Level:
    """Level of a 12-digit code: the shortest significant length whose rest is zeros."""
    for length, level in LEVEL_OF_LENGTH.items():
        if code[length:].strip("0") == "":
            return level
    return Level.VILLAGE


def import_divisions(text: str) -> ImportResult:
    """CSV with columns ``code`` (12 digits) and ``name``; parents must stand before their children."""
    return _import(text, ("code", "name"), _division)


def import_organisations(text: str) -> ImportResult:
    """CSV with ``code`` (USCC), ``name``, ``short_name``, ``kind``, ``parent`` (USCC), ``division``."""
    return _import(text, ("code", "name", "kind"), _organisation)


def import_posts(text: str) -> ImportResult:
    """CSV with ``organisation`` (USCC), ``name`` and ``rank``."""
    return _import(text, ("organisation", "name"), _post)


@transaction.atomic
def _import(text: str, needed: tuple[str, ...], write: Callable[[dict[str, str]], bool]) -> ImportResult:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    missing = [name for name in needed if name not in (reader.fieldnames or [])]
    if missing:
        raise InvalidInput("file", _("缺少列:%(columns)s") % {"columns": "、".join(missing)})
    result = ImportResult()
    for line, row in enumerate(reader, start=2):
        cleaned = {key: (value or "").strip() for key, value in row.items() if key}
        try:
            if write(cleaned):
                result.written += 1
            else:
                result.unchanged += 1
        except InvalidInput as fault:
            result.faults.append((line, str(fault)))
    return result


def _division(row: dict[str, str]) -> bool:
    code = row["code"]
    if not is_division_code(code):
        raise InvalidInput("code", _("不是12位区划代码:%(code)s") % {"code": code})
    level = level_of(code)
    parent = _parent_of(code, level)
    found = Division.objects.filter(code=code).first()
    if found is None:
        Division.objects.create(code=code, name=row["name"], level=level, parent=parent, valid_from=FOUNDED)
        return True
    if found.name == row["name"]:
        return False
    found.name = row["name"]
    found.save()
    return True


def _parent_of(code: str, level: Level) -> Division | None:
    lengths = [length for length, above in LEVEL_OF_LENGTH.items() if above < level]
    for length in reversed(lengths):
        parent = Division.objects.filter(code=code[:length].ljust(12, "0")).first()
        if parent is not None:
            return parent
    if level > Level.COUNTY:
        raise InvalidInput("code", _("找不到上级区划:%(code)s") % {"code": code})
    return None


def _organisation(row: dict[str, str]) -> bool:
    if not is_uscc(row["code"]):
        raise InvalidInput("code", _("统一社会信用代码校验不通过:%(code)s") % {"code": row["code"]})
    if row["kind"] not in Organisation.Kind.values:
        raise InvalidInput("kind", _("未知类别:%(kind)s") % {"kind": row["kind"]})
    values = {
        "name": row["name"],
        "short_name": row.get("short_name", ""),
        "kind": row["kind"],
        "parent": _by_code(row.get("parent", "")),
        "division": _division_by_code(row.get("division", "")),
    }
    found = Organisation.objects.filter(code=row["code"]).first()
    if found is None:
        Organisation.objects.create(code=row["code"], **values)
        return True
    if all(getattr(found, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(found, name, value)
    found.save()
    return True


def _post(row: dict[str, str]) -> bool:
    organisation = _by_code(row["organisation"])
    if organisation is None:
        raise InvalidInput("organisation", _("缺少单位"))
    _row, made = Post.objects.get_or_create(
        organisation=organisation, name=row["name"], defaults={"rank": int(row.get("rank") or 0)}
    )
    return made


def _by_code(code: str) -> Organisation | None:
    if not code:
        return None
    found = Organisation.objects.filter(code=code).first()
    if found is None:
        raise InvalidInput("parent", _("找不到单位:%(code)s") % {"code": code})
    return found


def _division_by_code(code: str) -> Division | None:
    if not code:
        return None
    found = Division.objects.filter(code=code).first()
    if found is None:
        raise InvalidInput("division", _("找不到区划:%(code)s") % {"code": code})
    return found
