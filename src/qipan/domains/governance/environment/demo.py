"""The environment's part of the demo county: monitoring sites with their devices, and past air.

The township and village points come from the demo's synthetic areas; device numbers, firms and outlets
are made by the seed. Past hours are the real Beijing series of PRSA (CC BY 4.0), moved by eleven years
and scaled per township, so that seasons and episodes are real weather's and no value is anybody's here.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from qipan.domains.governance.environment import demo_accounts, demo_history
from qipan.domains.governance.environment.models import Outlet, Site
from qipan.domains.governance.environment.quantities import AIR, OUTLET, QUANTITIES, WATER, WEATHER
from qipan.kernel.maps.models import Area
from qipan.kernel.orgs.identifiers import make_uscc
from qipan.kernel.orgs.models import Division, Organisation
from qipan.kernel.sensing.declarations import Quantity
from qipan.kernel.sensing.declaring import declare_quantity
from qipan.kernel.sensing.models import Datastream, DeviceKey, ObservedProperty, Thing

Report = Callable[[str, int, int], None]
OWNER = "市生态环境局冠县分局"
STARTED = datetime(2023, 1, 1, tzinfo=UTC)
MICRO, RIVER, FACTORIES, DUST = 62, 6, 40, 6
EDITIONS = ("2017", "2017", "2017", "2017", "2005", "2025")
RIVERS = ("卫河", "马颊河", "一干渠", "二干渠", "青年渠", "德王河")
TRADES = ("建材", "热电", "轴承", "钢板", "化工", "食品", "木业", "纺织")


@dataclass(frozen=True)
class Plan:
    """A site to be made: what it is, where it lies, how it calls and what it observes."""

    code: str
    name: str
    kind: str
    place: tuple[float, float]
    township: Division
    quantities: tuple[Quantity, ...]
    step_s: int
    hourly: bool = False


def build(seed: int, scale: float, report: Report) -> None:
    """Sites, devices, keys, streams, outlets, accounts and past hours; a second run changes nothing."""
    rng = random.Random(seed + 10)
    with transaction.atomic():
        sync_quantities()
        plans = list(_plans(rng, scale))
        known = set(
            Thing.objects.filter(code__in=[plan.code for plan in plans]).values_list("code", flat=True)
        )
        owner = Organisation.objects.get(name=OWNER, demo=True)
        for done, plan in enumerate(plans, start=1):
            if plan.code not in known:
                _make(plan, owner, random.Random(f"{seed}{plan.code}"))
            report("sites", done, len(plans))
        _join_references()
        demo_accounts.build(seed, owner)
    demo_history.build(scale, report)


def sync_quantities() -> None:
    """The declared quantities as observed properties."""
    for quantity in QUANTITIES:
        declare_quantity(quantity)


def _plans(rng: random.Random, scale: float) -> Iterable[Plan]:
    towns = {area.code: area for area in Area.objects.of("townships")}
    villages = [area for area in Area.objects.of("villages")]
    divisions = {row.code: row for row in Division.objects.all()}
    for code, area in sorted(towns.items()):
        name = f"{divisions[code].name}空气站"
        yield Plan(
            f"AIR-{code[6:9]}",
            name,
            Site.Kind.TOWNSHIP_AIR,
            _near(rng, area),
            divisions[code],
            AIR[:6] + WEATHER,
            60,
            True,
        )
    for number in range(max(6, int(MICRO * scale))):
        area = villages[(number * 37) % len(villages)]
        town = divisions[area.code[:9] + "000"]
        yield Plan(
            f"MIC-{number + 1:03d}",
            f"{area.name}微站",
            Site.Kind.MICRO,
            _near(rng, area),
            town,
            AIR[:2] + WEATHER[:2],
            300,
        )
    for number in range(max(2, int(RIVER * scale))):
        area = villages[(number * 53 + 11) % len(villages)]
        town = divisions[area.code[:9] + "000"]
        yield Plan(
            f"WAT-{number + 1:02d}",
            f"{RIVERS[number]}{town.name}断面",
            Site.Kind.SURFACE_WATER,
            _near(rng, area),
            town,
            WATER,
            14_400,
        )
    for number in range(max(3, int(FACTORIES * scale))):
        area = villages[(number * 29 + 5) % len(villages)]
        town = divisions[area.code[:9] + "000"]
        trade = TRADES[number % len(TRADES)]
        yield Plan(
            f"OUT-{number + 1:03d}",
            f"演示{trade}{number + 1}厂1号排口",
            Site.Kind.OUTLET_AIR,
            _near(rng, area),
            town,
            (AIR[2], *OUTLET),
            60,
            True,
        )


def _near(rng: random.Random, area: Area) -> tuple[float, float]:
    """A point close to an area's label point (within some 300 m)."""
    return area.label_lon + rng.uniform(-0.003, 0.003), area.label_lat + rng.uniform(-0.0025, 0.0025)


def _make(plan: Plan, owner: Organisation, rng: random.Random) -> None:
    lon, lat = plan.place
    thing = Thing(
        code=plan.code,
        name=plan.name,
        kind=plan.kind,
        organisation=owner,
        lon=lon,
        lat=lat,
        demo=True,
        valid_from=STARTED,
    )
    thing.division = plan.township
    thing.save()
    edition = rng.choice(EDITIONS)
    DeviceKey.objects.create(
        thing=thing,
        protocol="hj212",
        key=_device_number(edition, rng),
        settings={"edition": edition, "stamp": "end", "answer_2005": edition == "2005"},
        valid_from=STARTED,
    )
    properties = {
        row.code: row for row in ObservedProperty.objects.filter(code__in=[q.code for q in plan.quantities])
    }
    Datastream.objects.bulk_create(_streams(plan, thing, properties))
    site = Site.objects.create(
        thing=thing,
        code=plan.code,
        name=plan.name,
        kind=plan.kind,
        township=plan.township,
        organisation=owner,
        maintainer=f"演示运维{rng.randint(1, 4)}公司",
        assessed=plan.kind == Site.Kind.TOWNSHIP_AIR,
        target_class=4 if plan.kind == Site.Kind.SURFACE_WATER else None,
    )
    if plan.kind == Site.Kind.OUTLET_AIR:
        _make_outlet(site, rng)


def _device_number(edition: str, rng: random.Random) -> str:
    """MN: 14 characters in 2005, 24 hexadecimal ones since."""
    if edition == "2005":
        return f"371525{rng.randint(0, 99_999_999):08d}"
    return f"371525{rng.getrandbits(72):018X}"


def _streams(plan: Plan, thing: Thing, properties: dict[str, ObservedProperty]) -> Iterable[Datastream]:
    stack = plan.kind == Site.Kind.OUTLET_AIR
    for one in plan.quantities:
        low, high = one.normal or (None, None)
        values: dict[str, Any] = {
            "thing": thing,
            "property": properties[one.code],
            # Stacks report in mg/m³ what ambient stations report in µg/m³.
            "unit": "mg/m³" if stack and one.unit == "µg/m³" else one.unit,
            "low": low,
            "high": high,
            "decimals": one.decimals,
            "public": plan.kind in (Site.Kind.TOWNSHIP_AIR, Site.Kind.SURFACE_WATER),
        }
        yield Datastream(code=one.code, step_s=plan.step_s, **values)
        if plan.hourly:
            yield Datastream(code=f"{one.code}/hour/avg", step_s=3600, **values)


def _make_outlet(site: Site, rng: random.Random) -> None:
    code = make_uscc(rng, kind="91")
    Outlet.objects.create(
        site=site,
        firm=site.name.removesuffix("1号排口"),
        firm_code=code,
        permit=f"{code}001P",
        limits={"a34013": {"hour": 10}, "a21026": {"hour": 35}, "a21002": {"hour": 50}},
        reference_oxygen=rng.choice((3.5, 6.0, 9.0)),
        quotas={"a21026": rng.randint(5, 40), "a21002": rng.randint(10, 80), "a34013": rng.randint(2, 12)},
    )


def _join_references() -> None:
    """Each micro-station is compared with the station of its township."""
    stations = {site.township_id: site for site in Site.objects.filter(kind=Site.Kind.TOWNSHIP_AIR)}
    for site in Site.objects.filter(kind=Site.Kind.MICRO, reference_site=None):
        site.reference_site = stations.get(site.township_id)
        site.save(update_fields=["reference_site"])
