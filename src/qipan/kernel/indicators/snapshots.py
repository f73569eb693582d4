"""Frozen figures: what a period's value was, from which rows, provable for ever."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.audit import merkle_root
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.indicators import catalogue
from qipan.kernel.indicators.arithmetic import Difference, aggregate, difference, ratio, ratio_difference
from qipan.kernel.indicators.declarations import Formula, Indicator, Ratio, Rows
from qipan.kernel.indicators.formulas import numbers_of, recipe_of
from qipan.kernel.indicators.models import Snapshot, SnapshotRow
from qipan.kernel.indicators.values import result_of

BATCH = 2_000


@dataclass(frozen=True)
class Line:
    """One frozen row before it is stored."""

    part: str
    key: str
    digest: str
    number: float


@transaction.atomic
def freeze(key: str, period: str, by: Account | None, *, reason: str = "") -> Snapshot:
    """Freeze the present value for a period ("2023Q4"); once more needs a reason and makes a new version.

    All rows are read in this transaction; the value is computed from the very rows that are kept.
    """
    indicator = catalogue.get(key)
    if by is not None:
        require(by, "indicators.snapshot.add")
    last = Snapshot.objects.filter(key=key, period=period).order_by("-version").first()
    if last is not None and not reason.strip():
        raise InvalidInput("reason", _("这个期间已冻结,更正须说明理由"))
    lines, recipe = _lines(indicator)
    at = now()
    counted = value_of(recipe, lines)
    snapshot = Snapshot.objects.create(
        key=key, period=period, version=last.version + 1 if last else 1, value=counted[0],
        numerator=counted[1], denominator=counted[2], recipe=recipe, formula_digest=formula_digest(indicator),
        rows_digest=rows_digest(lines), row_count=len(lines), as_of=at, frozen_at=at, frozen_by=by,
        reason=reason,
    )  # fmt: skip
    SnapshotRow.objects.bulk_create(
        (
            SnapshotRow(
                snapshot=snapshot, part=each.part, row_key=each.key, digest=each.digest, number=each.number
            )
            for each in lines
        ),
        batch_size=BATCH,
    )
    frozen = {"value": snapshot.value, "rows": len(lines), "digest": snapshot.rows_digest}
    audit.record(by, "indicators.snapshot.add", snapshot, changes=frozen, reason=reason)
    return snapshot


def _lines(indicator: Indicator) -> tuple[list[Line], dict[str, Any]]:
    """The rows behind a figure and how the value follows from them."""
    formula = indicator.formula
    if isinstance(formula, Ratio):
        lines = [*_part("of", formula.of), *_part("over", formula.over)]
        kinds = [recipe_of(part)[0] for part in (formula.of, formula.over)]
        return lines, {"kind": "ratio", "of": kinds[0], "over": kinds[1], "scale": formula.scale}
    if any(True for _rows in catalogue.row_sets(formula)):
        kind, q = recipe_of(formula)
        return list(_part("rows", formula)), {"kind": kind, "q": q}
    # Figures over other figures or over readings: what they rest on is kept as lines of its own.
    result = result_of(indicator)
    lines = [
        Line("rows", key, "", child.value)
        for key in catalogue.children(formula)
        if (child := result_of(catalogue.get(key))).value is not None
    ]
    given = {"kind": "given", "value": result.value, "of": result.numerator, "over": result.denominator}
    return lines, given


def _part(part: str, formula: Formula) -> Iterator[Line]:
    rows = next(catalogue.row_sets(formula)).rows() if not isinstance(formula, Rows) else formula.rows()
    label = rows.model._meta.label_lower
    numbers = dict(numbers_of(formula, None))
    for chunk in _chunks(sorted(numbers, key=str)):
        for row in rows.model._default_manager.filter(pk__in=chunk).iterator():
            yield Line(part, f"{label}:{row.pk}", row_digest(row), numbers[row.pk])


def _chunks(keys: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def row_digest(row: models.Model) -> str:
    """SHA-256 over the row's own columns as canonical JSON: two versions of a row differ in it."""
    content = {field.attname: field.value_to_string(row) for field in row._meta.concrete_fields}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def formula_digest(indicator: Indicator) -> str:
    """SHA-256 over the declaration's formula: with its queries as SQL."""
    queries = [str(rows.rows().order_by().query) for rows in catalogue.row_sets(indicator.formula)]
    text = json.dumps([type(indicator.formula).__name__, indicator.unit, queries, _shape(indicator.formula)])
    return hashlib.sha256(text.encode()).hexdigest()


def _shape(formula: Formula) -> dict[str, str]:
    return {
        name: str(value)
        for name, value in vars(formula).items()
        if isinstance(value, str | int | float | dict | tuple)
    }


def rows_digest(lines: Iterable[Line]) -> str:
    """Merkle root over the rows in the order of part and key: key, content then, number."""
    ordered = sorted(lines, key=lambda line: (line.part, line.key))
    leaves = [
        hashlib.sha256(f"{each.part}|{each.key}|{each.digest}|{each.number!r}".encode()).hexdigest()
        for each in ordered
    ]
    return merkle_root(leaves)


def value_of(
    recipe: dict[str, Any], lines: Iterable[Line]
) -> tuple[float | None, float | None, float | None]:
    """Value, numerator and denominator that follow from frozen rows."""
    numbers: dict[str, list[float]] = {"of": [], "over": [], "rows": []}
    for line in sorted(lines, key=lambda line: (line.part, line.key)):
        numbers[line.part].append(line.number)
    if recipe["kind"] == "given":
        return recipe["value"], recipe["of"], recipe["over"]
    if recipe["kind"] == "ratio":
        of = aggregate(recipe["of"], numbers["of"]) or 0.0
        over = aggregate(recipe["over"], numbers["over"]) or 0.0
        return ratio(of, over, recipe["scale"]), of, over
    value = aggregate(recipe["kind"], numbers["rows"], recipe["q"])
    return value, value, float(len(numbers["rows"]))


def lines_of(snapshot: Snapshot) -> list[Line]:
    """The frozen rows of a snapshot."""
    rows = snapshot.rows.values_list("part", "row_key", "digest", "number")
    return [Line(*row) for row in rows.iterator()]


@dataclass(frozen=True)
class Verified:
    """What recomputing a snapshot found; ``fault`` is empty when everything is equal to the last digit."""

    value: float | None
    rows: int
    fault: str = ""


def verify(snapshot: Snapshot) -> Verified:
    """Recompute value and digest from the frozen rows alone; today's rows and formula play no part."""
    lines = lines_of(snapshot)
    counted = value_of(snapshot.recipe, lines)
    if len(lines) != snapshot.row_count:
        return Verified(counted[0], len(lines), _("行数不符"))
    if rows_digest(lines) != snapshot.rows_digest:
        return Verified(counted[0], len(lines), _("行内容被改动"))
    if counted != (snapshot.value, snapshot.numerator, snapshot.denominator):
        return Verified(counted[0], len(lines), _("数值不符"))
    return Verified(counted[0], len(lines))


@dataclass(frozen=True)
class Explained:
    """Why a figure moved between two snapshots; the parts add up to the difference."""

    parts: Difference | None
    definition_changed: bool
    rows: Difference | None = None

    @property
    def shown(self) -> list[tuple[str, float]]:
        """Names and shares of the parts, as numbers to read."""
        return [(name, float(share)) for name, share in self.parts.parts] if self.parts else []


def explain(before: Snapshot, after: Snapshot) -> Explained:
    """Rows in, out and changed for sums and counts; through denominator and numerator for ratios."""
    changed = before.formula_digest != after.formula_digest
    if {before.recipe["kind"], after.recipe["kind"]} == {"ratio"}:
        pairs = [(one.numerator or 0.0, one.denominator or 0.0) for one in (before, after)]
        return Explained(
            ratio_difference(pairs[0], pairs[1], after.recipe["scale"]),
            changed,
            _over_rows(before, after, "of"),
        )
    additive = {"count", "sum"}
    if {before.recipe["kind"], after.recipe["kind"]} <= additive:
        found = _over_rows(before, after, "rows")
        return Explained(found, changed, found)
    return Explained(None, changed, _over_rows(before, after, "rows"))


def _over_rows(before: Snapshot, after: Snapshot, part: str) -> Difference:
    old, new = (
        {line.key: (line.digest, line.number) for line in lines_of(one) if line.part == part}
        for one in (before, after)
    )
    return difference(old, new)
