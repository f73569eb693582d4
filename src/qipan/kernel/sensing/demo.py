"""Making things with their keys and streams in bulk: for imports, and for the demo of systems."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from qipan.kernel.base.clock import now
from qipan.kernel.orgs.models import Division, Grid, Organisation
from qipan.kernel.sensing.models import Datastream, DeviceKey, ObservedProperty, Thing


@dataclass(frozen=True)
class StreamPlan:
    """A stream to be made; unit, range and decimals come from its property unless given.

    ``values`` are further fields of ``Datastream`` (``low``, ``checks``, ``kind`` …).
    """

    code: str
    property: str = ""
    step_s: int = 300
    public: bool = False
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ThingPlan:
    """A thing to be made: what it is, where it lies, how it calls (protocol, key), what it observes."""

    code: str
    name: str
    kind: str
    keys: tuple[tuple[str, str], ...] = ()
    streams: tuple[StreamPlan, ...] = ()
    organisation: Organisation | None = None
    division: Division | None = None
    grid: Grid | None = None
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    maker: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    key_settings: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def provision(
    plans: Sequence[ThingPlan], *, since: datetime | None = None, demo: bool = True
) -> dict[str, Thing]:
    """Make the things that are missing, with keys and streams; those that exist stay as they are.

    Gives every thing of the plans by its code. KeyError names a property that nobody declared.
    """
    since = since or now()
    codes = [plan.code for plan in plans]
    known = set(Thing.objects.filter(code__in=codes).values_list("code", flat=True))
    missing = [plan for plan in plans if plan.code not in known]
    Thing.objects.bulk_create([_thing(plan, since, demo) for plan in missing], batch_size=500)
    things = {thing.code: thing for thing in Thing.objects.filter(code__in=codes)}
    properties = {row.code: row for row in ObservedProperty.objects.all()}
    DeviceKey.objects.bulk_create(
        [
            DeviceKey(
                thing=things[plan.code],
                protocol=protocol,
                key=key,
                settings=plan.key_settings,
                valid_from=since,
            )
            for plan in missing
            for protocol, key in plan.keys
        ],
        batch_size=1000,
    )
    Datastream.objects.bulk_create(
        [_stream(things[plan.code], stream, properties) for plan in missing for stream in plan.streams],
        batch_size=1000,
    )
    return things


def _thing(plan: ThingPlan, since: datetime, demo: bool) -> Thing:
    return Thing(
        code=plan.code,
        name=plan.name,
        kind=plan.kind,
        maker=plan.maker,
        organisation=plan.organisation,
        division=plan.division,
        grid=plan.grid,
        lon=plan.lon,
        lat=plan.lat,
        address=plan.address,
        properties=plan.properties,
        valid_from=since,
        demo=demo,
    )


def _stream(thing: Thing, plan: StreamPlan, properties: dict[str, ObservedProperty]) -> Datastream:
    known = properties[plan.property] if plan.property else properties.get(plan.code.split("/")[0])
    values: dict[str, Any] = {}
    if known is not None:
        values = {"unit": known.unit, "low": known.low, "high": known.high, "decimals": known.decimals}
    return Datastream(
        thing=thing,
        property=known,
        code=plan.code,
        step_s=plan.step_s,
        public=plan.public,
        **(values | plan.values),
    )
