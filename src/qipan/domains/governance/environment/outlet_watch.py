"""Outlets hour by hour: what they sent against their permits; above the limit a case is opened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.domains.governance.environment.models import Outlet, OutletValue, Site
from qipan.domains.governance.environment.outlets import MINUTES, OutletHour, convert, judge_hour
from qipan.domains.governance.environment.program import program
from qipan.domains.governance.environment.quantities import QUANTITIES
from qipan.domains.governance.environment.rules import table_on
from qipan.domains.governance.environment.standards import RuleTable
from qipan.domains.governance.environment.wording import sentence
from qipan.kernel.access import audit
from qipan.kernel.base.clock import county_day, local, now
from qipan.kernel.cases.actions import open_case
from qipan.kernel.sensing import read
from qipan.kernel.sensing.models import Datastream

HOUR = timedelta(hours=1)
# Hour values may arrive late; the hours of this time are read again, equal ones are left alone.
BACK = 6
SUFFIX = "/hour/avg"
OXYGEN = "a19001"
# Permits are written in mg/m³ and mg/L; the unit is a property of the stream.
MILLIGRAMS = {"mg/m³": 1.0, "mg/L": 1.0, "µg/m³": 1e-3, "µg/L": 1e-3}
NAMES = {one.code: one.name for one in QUANTITIES}
KINDS = (Site.Kind.OUTLET_AIR, Site.Kind.OUTLET_WATER)


@dataclass(frozen=True)
class Key:
    """Whose value it is: the device and the factor."""

    thing: int
    factor: str


def watch(end: datetime | None = None) -> int:
    """Judge the hours up to ``end`` (the last full hour); gives the number of new or changed rows."""
    last = end or now().replace(minute=0, second=0, microsecond=0)
    outlets = list(
        Outlet.objects.filter(site__in=Site.objects.active(), site__kind__in=KINDS).select_related(
            "site__thing", "site__organisation"
        )
    )
    values = _values(outlets, last - BACK * HOUR, last)
    known = {
        (row.outlet_id, row.factor, row.hour): row
        for row in OutletValue.objects.filter(outlet__in=outlets, hour__gt=last - BACK * HOUR)
    }
    changed = 0
    for outlet in outlets:
        for hour in (last - back * HOUR for back in range(BACK - 1, -1, -1)):
            rows = list(_judge(outlet, hour, values))
            changed += _keep(outlet, rows, known)
    return changed


def _values(outlets: list[Outlet], start: datetime, end: datetime) -> dict[datetime, dict[Key, float]]:
    """Good hour means in (start, end] by hour, concentrations in mg, oxygen in %."""
    streams: dict[int, tuple[Key, float]] = {}
    rows = Datastream.objects.filter(
        thing__in=[outlet.site.thing_id for outlet in outlets], code__endswith=SUFFIX
    )
    for stream in rows:
        factor = stream.code.removesuffix(SUFFIX)
        scale = 1.0 if factor == OXYGEN else MILLIGRAMS.get(stream.unit)
        if scale is not None:
            streams[stream.pk] = (Key(stream.thing_id, factor), scale)
    instant = timedelta(microseconds=1)
    table = read.history(list(streams), start + instant, end + instant, good_only=True)
    found: dict[datetime, dict[Key, float]] = {}
    columns = (table[name].to_pylist() for name in ("datastream", "ts", "value"))
    for number, at, value in zip(*columns, strict=True):
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        key, scale = streams[number]
        if value is not None:
            found.setdefault(at, {})[key] = value * scale
    return found


def _judge(outlet: Outlet, hour: datetime, values: dict[datetime, dict[Key, float]]) -> Iterable[OutletValue]:
    """The permit's factors of one hour for which the outlet sent a value."""
    here = values.get(hour, {})
    table = table_on("outlet_monitoring", county_day(hour - timedelta(seconds=1)))
    thing = outlet.site.thing_id
    oxygen = here.get(Key(thing, OXYGEN))
    for factor, limits in outlet.limits.items():
        mean = here.get(Key(thing, factor))
        if mean is None:
            continue
        told = _hour(mean, oxygen, outlet.reference_oxygen, table)
        found = judge_hour(told, limits.get("hour"), needs_conversion=outlet.reference_oxygen is not None)
        yield OutletValue(
            outlet=outlet,
            factor=factor,
            hour=hour,
            mean=mean,
            converted=told.converted,
            limit=found.limit,
            over=found.over,
            multiple=found.multiple,
            reason=str(found.reason or ""),
            rule_version=table.version,
        )


def _hour(mean: float, oxygen: float | None, reference: float | None, table: RuleTable) -> OutletHour:
    """The outlet's own hour mean, converted to the reference oxygen where the permit names one."""
    converted = None
    if reference is not None and oxygen is not None:
        converted = convert(mean, oxygen, reference, table)
    missing = reference is not None and converted is None
    reason = sentence("含氧量缺失或过高,不能折算") if missing else None
    return OutletHour("valid", mean, converted, None, MINUTES, MINUTES, reason)


@transaction.atomic
def _keep(
    outlet: Outlet, rows: list[OutletValue], known: dict[tuple[int, str, datetime], OutletValue]
) -> int:
    changed = 0
    for row in rows:
        old = known.get((outlet.pk, row.factor, row.hour))
        if old is not None:
            row.pk, row.case_id = old.pk, old.case_id
            if _facts(old) == _facts(row):
                continue
        row.save()
        changed += 1
        if row.over and row.case_id is None:
            _open(outlet, row)
    return changed


def _facts(row: OutletValue) -> tuple[object, ...]:
    return (row.mean, row.converted, row.limit, row.over, row.reason, row.rule_version)


def _open(outlet: Outlet, row: OutletValue) -> None:
    """One case per outlet, factor and county day; later hours of that day join it."""
    value = row.mean if row.converted is None else row.converted
    name = NAMES.get(row.factor, row.factor)
    day = county_day(row.hour - timedelta(seconds=1))
    row.case = open_case(
        "environment.outlet_over_limit",
        _("%(firm)s %(factor)s 超标") % {"firm": outlet.firm, "factor": name},
        _("%(time)s 小时均值 %(value)s,限值 %(limit)s,超标 %(times)s 倍")
        % {
            "time": f"{local(row.hour):%Y-%m-%d %H:%M}",
            "value": f"{value:.1f}",
            "limit": f"{row.limit:g}",
            "times": f"{row.multiple or 0:.2f}",
        },
        by=program(),
        place=outlet.site.thing,
        cause=row,
        source="device",
        organisation=outlet.site.organisation,
        client_key=f"environment.outlet:{outlet.pk}:{row.factor}:{day}",
        demo=outlet.site.thing.demo,
    )
    row.save(update_fields=["case"])
    audit.record(program(), "environment.outlet.over_limit", row, changes={"case": str(row.case.pk)})
