"""Types declared by modules, kept as versioned rows: an unchanged declaration changes nothing."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import translation

from qipan.kernel.access import audit
from qipan.kernel.access.models import Actor
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases.declarations import CaseType
from qipan.kernel.cases.models import CaseTypeRow, CaseTypeSet, TimeLimitRow
from qipan.kernel.cases.models.types import TypeRows
from qipan.kernel.orgs.models import Organisation


@transaction.atomic
def publish_types(
    code: str, name: str, types: Iterable[CaseType], *, by: Actor | None = None, standard: str = ""
) -> CaseTypeSet:
    """The published set that holds these types: the present one when equal, else a new version.

    Earlier versions stay for the cases filed under them. InvalidInput when two types share a code.
    """
    with translation.override("zh-hans"):
        content = [_as_data(case_type) for case_type in types]
    codes = [row["code"] for row in content]
    if doubled := {each for each in codes if codes.count(each) > 1}:
        raise InvalidInput("types", f"{sorted(doubled)} twice")
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    present = CaseTypeSet.objects.filter(code=code, status=CaseTypeSet.Status.PUBLISHED).first()
    if present is not None and present.digest == digest:
        return present
    return _publish(code, name, content, digest, by=by, standard=standard)


def _publish(
    code: str, name: str, content: list[dict[str, Any]], digest: str, *, by: Actor | None, standard: str
) -> CaseTypeSet:
    today = county_day(now())
    CaseTypeSet.objects.filter(code=code, status=CaseTypeSet.Status.PUBLISHED).update(
        status=CaseTypeSet.Status.RETIRED, valid_to=today
    )
    last = CaseTypeSet.objects.filter(code=code).aggregate(last=Max("version"))["last"] or 0
    made = CaseTypeSet.objects.create(
        code=code,
        version=last + 1,
        name=name,
        standard=standard,
        digest=digest,
        status=CaseTypeSet.Status.PUBLISHED,
        valid_from=today,
    )
    for row in content:
        _write(made, row)
    audit.record(by, "cases.casetypeset.publish", made, changes={"version": made.version})
    return made


def _write(made: CaseTypeSet, row: dict[str, Any]) -> None:
    limits = row.pop("limits")
    owner = row.pop("owner")
    # an owner that the county has not entered yet leaves the case to the county's desk
    organisation = Organisation.objects.filter(code=owner).first() if owner else None
    case_type = CaseTypeRow.objects.create(type_set=made, owner=organisation, **row)
    TimeLimitRow.objects.bulk_create(TimeLimitRow(case_type=case_type, **limit) for limit in limits)


def _as_data(case_type: CaseType) -> dict[str, Any]:
    return {
        "code": case_type.code,
        "parent": case_type.parent,
        "name": str(case_type.name),
        "description": str(case_type.description),
        "keywords": list(case_type.keywords),
        "kind": case_type.kind,
        "flow": case_type.flow,
        "filing": [str(text) for text in case_type.filing],
        "closing": [str(text) for text in case_type.closing],
        "evidence": list(case_type.evidence),
        "attributes": dict(case_type.attributes),
        "dispatch": case_type.dispatch,
        "public": case_type.public,
        "privacy": case_type.privacy,
        "severity": case_type.severity,
        "verify_first": case_type.verify_first,
        "needs_place": case_type.needs_place,
        "max_extensions": case_type.max_extensions,
        "rework_share": case_type.rework_share,
        "owner": case_type.owner,
        "limits": [
            {
                "clock": limit.clock,
                "amount": limit.amount,
                "unit": limit.unit,
                "day_rule": limit.day_rule,
                "calendar": limit.calendar,
                "area_grade": limit.area_grade,
                "source": limit.source,
            }
            for limit in case_type.limits
        ],
    }


def current_type(code: str) -> CaseTypeRow:
    """The published type with a code; InvalidInput when there is none."""
    rows: TypeRows = CaseTypeRow.objects.current()
    found = rows.filter(code=code).prefetch_related("limits").select_related("owner").first()
    if found is None:
        raise InvalidInput("type_code", f"{code}: no published case type")
    return found
