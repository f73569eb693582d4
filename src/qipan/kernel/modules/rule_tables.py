"""Loading rule tables from the modules' files and finding the version of a day."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.db.models import Q

from qipan.kernel.access import audit
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.modules.models import RuleTable

NEEDED = ("version", "valid_from", "status", "source", "rows")


@transaction.atomic
def load(path: Path) -> list[RuleTable]:
    """Load every version in a YAML file (``code``, ``versions``); equal ones are left alone.

    InvalidInput names the file and the field. A loaded version whose content changed is replaced with
    an audit entry that keeps the old digest.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name in ("code", "versions"):
        if name not in document:
            raise InvalidInput(name, f"{path.name}: missing")
    return [_load_one(document["code"], version, path.name) for version in document["versions"]]


def _load_one(code: str, version: dict[str, Any], file: str) -> RuleTable:
    for name in NEEDED:
        if name not in version:
            raise InvalidInput(name, f"{file}: missing")
    rows = json.loads(json.dumps(version["rows"], default=str))
    digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
    found = RuleTable.objects.filter(code=code, version=str(version["version"])).first()
    if found is not None and found.digest == digest:
        return found
    old = found.digest if found else None
    table = found or RuleTable(code=code, version=str(version["version"]))
    table.status, table.source = version["status"], version["source"]
    table.valid_from, table.valid_to = version["valid_from"], version.get("valid_to")
    table.rows, table.digest = rows, digest
    table.save()
    audit.record(None, "modules.rule_table.load", table, changes={"digest": [old, digest], "file": file})
    return table


def rule_table(code: str, at: date) -> RuleTable:
    """The version of a table in force on a day; LookupError when there is none (never an older one)."""
    rows = RuleTable.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=at), code=code, valid_from__lte=at
    )
    found = rows.exclude(status=RuleTable.Status.RETIRED).order_by("-valid_from", "-version").first()
    if found is None:
        raise LookupError(f"{code}: no version in force on {at.isoformat()}")
    return found
