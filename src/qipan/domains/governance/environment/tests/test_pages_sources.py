"""Outlets against their permits, and surface water against its target, from readings to the page."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import pytest
from django.test import Client

from qipan.domains.governance.environment import outlet_watch
from qipan.domains.governance.environment.case_types import CASE_TYPES
from qipan.domains.governance.environment.demo import sync_quantities
from qipan.domains.governance.environment.models import Outlet, OutletValue, Site
from qipan.domains.governance.environment.program import ROLE
from qipan.domains.governance.environment.tests.sites import last_full_hour, make_county, make_site, sign_in
from qipan.kernel.access.models import RoleRow
from qipan.kernel.base.clock import now
from qipan.kernel.cases.models import Case
from qipan.kernel.cases.type_sets import publish_types
from qipan.kernel.orgs.calendars import load_calendars
from qipan.kernel.orgs.models import Division, Organisation
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.models import Datastream, DeviceKey, ObservedProperty
from qipan.kernel.sensing.readings import Reading

County = tuple[Organisation, Organisation, Division]
pytestmark = pytest.mark.django_db
RIGHTS = (
    "environment.site.view",
    "environment.outlet.view",
    "environment.outletvalue.view",
    "cases.case.view",
)


@pytest.fixture
def county() -> County:
    root, bureau, towns = make_county()
    load_calendars()
    publish_types("environment", "生态环境", CASE_TYPES)
    sync_quantities()
    RoleRow.objects.create(code=ROLE.code, label=str(ROLE.label), permissions=list(ROLE.permissions))
    return root, bureau, towns[0]


def connect(site: Site, streams: Iterable[tuple[str, str, int]]) -> None:
    """A device key and the streams (code, unit, step) of a site."""
    DeviceKey.objects.create(
        thing=site.thing, protocol="hj212", key=site.code, valid_from=site.thing.valid_from or now()
    )
    for code, unit, step in streams:
        prop = ObservedProperty.objects.get(code=code.split("/")[0])
        Datastream.objects.create(thing=site.thing, property=prop, code=code, unit=unit, step_s=step)


def make_outlet(
    county: County, code: str, limits: Mapping[str, Mapping[str, float]], oxygen: float | None = None
) -> Outlet:
    _root, bureau, town = county
    site = make_site(code, "outlet_air", town, bureau)
    outlet = Outlet.objects.create(
        site=site, firm=f"{code}厂", firm_code="91371525", limits=limits, reference_oxygen=oxygen
    )
    codes = [*limits, "a19001"]
    units = {"a19001": "%", "a21026": "µg/m³"}
    connect(site, [(f"{one}/hour/avg", units.get(one, "mg/m³"), 3600) for one in codes])
    return outlet


def send(site: Site, at: datetime, **values: float) -> None:
    store_batch(
        [
            Reading("hj212", site.code, code, at, value, None, 0, at + timedelta(seconds=2), None, None)
            for code, value in values.items()
        ]
    )


def send_hour(outlet: Outlet, at: datetime, **values: float) -> None:
    send(outlet.site, at, **{f"{code}/hour/avg": value for code, value in values.items()})


def test_hours_are_converted_judged_and_the_worst_stands_first(county: County, client: Client) -> None:
    limits = {"a34013": {"hour": 10}, "a21026": {"hour": 35}}
    over = make_outlet(county, "O1", limits, 9.0)
    within = make_outlet(county, "O2", {"a34013": {"hour": 10}})
    hour = last_full_hour()
    # 8 mg/m³ at 13 % oxygen is 8·(21−9)/(21−13) = 12 at 9 %, 0.2 above 10; 2000 µg/m³ are 2 mg/m³, 3 at 9 %.
    send_hour(over, hour, a34013=8.0, a19001=13.0, a21026=2000.0)
    send_hour(within, hour, a34013=9.5, a19001=13.0)
    assert outlet_watch.watch() == 3
    dust = OutletValue.objects.get(outlet=over, factor="a34013")
    assert (dust.mean, dust.converted, dust.over) == (8.0, 12.0, True)
    assert dust.multiple == pytest.approx(0.2)
    gas = OutletValue.objects.get(outlet=over, factor="a21026")
    assert (gas.mean, gas.converted, gas.over) == (2.0, 3.0, False)
    plain = OutletValue.objects.get(outlet=within)
    assert (plain.converted, plain.over) == (None, False)
    sign_in(client, county[0], *RIGHTS)
    page = client.get("/environment/outlets-now/")
    assert page.status_code == 200
    assert [row.pk for row, _name in page.context["rows"]] == [dust.pk, plain.pk, gas.pk]
    assert page.context["over"] == 1
    assert dust.case is not None
    assert dust.case.number in page.content.decode()


def test_over_limit_opens_one_case_per_outlet_factor_and_day(county: County) -> None:
    outlet = make_outlet(county, "O1", {"a34013": {"hour": 10}})
    hour = last_full_hour()
    send_hour(outlet, hour, a34013=15.0)
    assert outlet_watch.watch(hour) == 1
    assert outlet_watch.watch(hour) == 0
    case = Case.objects.get()
    assert (case.type.code, case.title) == ("environment.outlet_over_limit", "O1厂 烟尘 超标")
    assert "限值 10,超标 0.50 倍" in case.text
    assert OutletValue.objects.get().case == case


def test_without_usable_oxygen_or_limit_nothing_is_judged(county: County, client: Client) -> None:
    idle = make_outlet(county, "O1", {"a34013": {"hour": 10}}, 9.0)
    bare = make_outlet(county, "O2", {"a34013": {}})
    hour = last_full_hour()
    send_hour(idle, hour, a34013=50.0, a19001=20.5)
    send_hour(bare, hour, a34013=50.0)
    outlet_watch.watch()
    told = dict(OutletValue.objects.values_list("outlet__site__code", "reason"))
    assert told == {"O1": "含氧量缺失或过高,不能折算", "O2": "许可证未登记限值"}
    assert set(OutletValue.objects.values_list("over", flat=True)) == {None}
    assert not Case.objects.exists()
    sign_in(client, county[0], *RIGHTS)
    page = client.get("/environment/outlets-now/", headers={"accept-language": "en"}).content.decode()
    assert "The permit holds no limit" in page


def test_sections_are_classed_and_those_off_target_stand_first(county: County, client: Client) -> None:
    root, bureau, town = county
    streams = [(code, "mg/L", 14400) for code in ("w01001", "w01009", "w01019", "w21003", "w21011")]
    names = [code for code, _unit, _step in streams]
    samples = {"W1": (7.5, 8.0, 3.0, 0.3, 0.08), "W2": (7.8, 6.5, 5.0, 1.8, 0.25)}
    for code, values in samples.items():
        site = make_site(code, "surface_water", town, bureau)
        site.target_class = 3
        site.save()
        connect(site, streams)
        send(site, now() - timedelta(minutes=5), **dict(zip(names, values, strict=True)))
    make_site("W3", "surface_water", town, bureau)
    sign_in(client, root, *RIGHTS)
    page = client.get("/environment/water/")
    rows = [row for row, _lines in page.context["rows"]]
    # GB 3838: W2's ammonia 1.8 > 1.5 is Ⅴ and 0.80 above the limit 1 of Ⅲ; W1's worst items are of Ⅱ.
    assert [(row.site.code, row.result.name if row.result else "") for row in rows] == [
        ("W2", "Ⅴ"),
        ("W1", "Ⅱ"),
        ("W3", ""),
    ]
    assert rows[0].worst == "NH₃-N"
    assert rows[0].exceeding == [("NH₃-N", 0.8), ("TP", 0.25)]
    assert (rows[0].meets, rows[1].meets, rows[2].meets) == (False, True, None)
    assert (page.context["judged"], page.context["off"], page.context["silent"]) == (2, 1, 1)
    assert "近12小时没有有效读数" in page.content.decode()


def test_old_readings_are_no_present_water(county: County, client: Client) -> None:
    root, bureau, town = county
    site = make_site("W1", "surface_water", town, bureau)
    connect(site, [("w21003", "mg/L", 14400)])
    send(site, now() - timedelta(hours=13), w21003=0.3)
    sign_in(client, root, *RIGHTS)
    rows = client.get("/environment/water/").context["rows"]
    assert [(row.site, row.result) for row, _lines in rows] == [(site, None)]
