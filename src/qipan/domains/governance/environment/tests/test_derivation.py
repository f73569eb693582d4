"""Hours and days from readings, and the two ways of deriving them held equal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from qipan.domains.governance.environment import bulk_air, derivation
from qipan.domains.governance.environment.demo import sync_quantities
from qipan.domains.governance.environment.models import AirDay, AirHour, Site
from qipan.domains.governance.environment.quantities import AIR
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.models import Datastream, DeviceKey, ObservedProperty, Thing
from qipan.kernel.sensing.readings import Reading

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 1, 16, tzinfo=UTC)  # midnight of 2 November in the county


def make_site(code: Any, streams: Any) -> Any:
    sync_quantities()
    thing = Thing.objects.create(code=code, name=code, kind="township_air")
    DeviceKey.objects.create(
        thing=thing, protocol="hj212", key=code, valid_from=datetime(2020, 1, 1, tzinfo=UTC)
    )
    for stream, step in streams:
        prop = ObservedProperty.objects.get(code=stream.split("/")[0])
        Datastream.objects.create(thing=thing, property=prop, code=stream, unit=prop.unit, step_s=step)
    return Site.objects.create(thing=thing, code=code, name=code, kind="township_air", assessed=True)


def reading(key: Any, code: Any, ts: Any, value: Any) -> Any:
    return Reading("hj212", key, code, ts, value, None, 0, ts + timedelta(seconds=2), None, None)


def test_hourly_means_of_the_station_become_hours_and_a_day() -> None:
    site = make_site("S1", [(f"{one.code}/hour/avg", 3600) for one in AIR[:6]])
    values = {"a34004": 80.0, "a34002": 130.0, "a21026": 12.0, "a21004": 40.0, "a21005": 1.2, "a05024": 30.0}
    batch = [
        reading("S1", f"{code}/hour/avg", START + timedelta(hours=hour), value)
        for hour in range(1, 25)
        for code, value in values.items()
    ]
    store_batch(batch)
    assert derivation.follow() == 24
    last = AirHour.objects.get(site=site, hour=START + timedelta(hours=24))
    # HJ 633-2026: PM2.5 60-115 is 100-150, 80 gives 118.2 → 119; PM10 120-250 gives 103.8 → 104
    assert (last.aqi, last.grade, last.primary, last.rule_version) == (119, 3, ["PM25"], "HJ 633-2026")
    day = AirDay.objects.get(site=site)
    assert (day.aqi, day.hours, day.pm25) == (119, 24, 80.0)
    assert derivation.follow() == 0


def test_a_corrected_hour_is_marked_as_changed_after_publication() -> None:
    site = make_site("S2", [("a34004/hour/avg", 3600)])
    hour = START + timedelta(hours=5)
    store_batch([reading("S2", "a34004/hour/avg", hour, 50.0)])
    derivation.follow()
    store_batch([reading("S2", "a34004/hour/avg", hour, 150.0)])
    derivation.follow()
    row = AirHour.objects.get(site=site, hour=hour)
    assert (row.pm25, row.revised) == (150.0, True)


def test_minutes_need_three_quarters_of_the_hour() -> None:
    site = make_site("S3", [("a34004", 300)])
    full, thin = START + timedelta(hours=1), START + timedelta(hours=2)
    batch = [reading("S3", "a34004", START + timedelta(minutes=5 * n), 40.0) for n in range(1, 10)]
    batch += [reading("S3", "a34004", full + timedelta(minutes=5 * n), 40.0) for n in range(1, 9)]
    store_batch(batch)
    derivation.follow()
    assert AirHour.objects.get(site=site, hour=full).pm25 == 40.0
    assert not AirHour.objects.filter(site=site, hour=thin).exists()


@pytest.mark.parametrize("start", [START, datetime(2026, 2, 26, 16, tzinfo=UTC)])
def test_long_series_are_derived_like_single_hours(start: Any) -> None:
    """Two days each, the second one over the change of editions on 2026-03-01."""
    one, other = make_site("A", [(f"{q.code}/hour/avg", 3600) for q in AIR[:6]]), make_site("B", [])
    rng = np.random.default_rng(5)
    size = 96
    columns = {
        "pm25": np.round(rng.gamma(2, 60, size), 1),
        "pm10": np.round(rng.gamma(2, 80, size), 1),
        "so2": np.round(rng.gamma(2, 200, size), 1),
        "no2": np.round(rng.gamma(2, 30, size), 1),
        "co": np.round(rng.gamma(2, 0.8, size), 3),
        "o3": np.round(rng.gamma(2, 60, size), 1),
    }
    for values in columns.values():
        values[rng.random(size) < 0.08] = np.nan
    times = np.datetime64(start.replace(tzinfo=None), "h") + np.arange(1, size + 1)
    bulk_air.write_site(other.pk, times, columns)
    codes = dict(zip(columns, [q.code for q in AIR[:6]], strict=True))
    store_batch(
        [
            reading("A", f"{codes[name]}/hour/avg", start + timedelta(hours=n + 1), float(values[n]))
            for name, values in columns.items()
            for n in range(size)
            if np.isfinite(values[n])
        ]
    )
    derivation.follow()
    names = ("aqi", "grade", "primary", "rule_version", "pm25", "co", "o3")
    hours = [
        list(AirHour.objects.filter(site=site).order_by("hour").values_list("hour", *names))
        for site in (one, other)
    ]
    assert hours[0] == hours[1]
    days = [
        list(AirDay.objects.filter(site=site).order_by("day").values_list("day", *names))
        for site in (one, other)
    ]
    assert days[0] == days[1]
