"""The residents' page and the county's figure on the first page."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pytest

from qipan.domains.governance.environment import forecasting, outlook
from qipan.domains.governance.environment.tests.sites import add_hour, make_county, make_site, sign_in
from qipan.kernel import lake
from qipan.kernel.base.clock import COUNTY_ZONE, county_day, now
from qipan.kernel.lake.tests.conftest import fresh_lake  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_lake")]


def write_forecast(site: Any, value: Any) -> None:
    """An issue of this hour that says the same PM2.5 for every hour of tomorrow."""
    day = county_day(now()) + timedelta(days=1)
    midnight = datetime.combine(day, time(), COUNTY_ZONE).astimezone(UTC).replace(tzinfo=None)
    columns = {
        "valid": pa.array([midnight + timedelta(hours=n) for n in range(1, 25)], pa.timestamp("us")),
        "place": pa.array([site.code] * 24),
        "quantity": pa.array(["pm25"] * 24),
        "member": pa.array([lake.forecast.MEDIAN] * 24, pa.int32()),
        "value": pa.array([value] * 24),
    }
    issued = now().replace(minute=0, second=0, microsecond=0)
    lake.forecast.write(forecasting.forecasts(), lake.forecast.rows("air", issued, columns))


def test_anybody_reads_the_air_now_and_tomorrow_in_plain_words(client: Any) -> None:
    _root, _bureau, towns = make_county()
    bad, good = (make_site(f"S{n}", "township_air", town) for n, town in enumerate(towns))
    add_hour(bad, aqi=230, grade=5, primary=["PM25"], pm25=180.0)
    add_hour(good, aqi=42, grade=1, primary=[])
    write_forecast(bad, 80.0)  # HJ 633-2026: 60-115 is 100-150, 80 gives 118.2 → 119
    assert outlook.tomorrow() == {"S0": 119}
    answer = client.get("/public/environment/", {"town": towns[0].code})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer.context["chosen"].name == "镇1"
    assert "主要污染物:PM2.5" in page
    assert "留在室内,停止户外运动" in page
    assert "明天预计:轻度污染(AQI 约 119)" in page
    assert [row.name for row in answer.context["rows"]] == ["镇1", "镇2"]
    assert answer.context["county"].aqi == 136
    assert 'href="/public/report/"' in page
    assert " style=" not in page.split("<main")[1].split("</main>")[0]


def test_without_fresh_hours_or_forecast_the_page_says_so(client: Any) -> None:
    _root, _bureau, towns = make_county()
    site = make_site("S1", "township_air", towns[0])
    add_hour(site, back=5, aqi=42, grade=1)
    answer = client.get("/public/environment/")
    assert answer.context["county"] is None
    assert answer.context["rows"][0].now.aqi is None
    assert "明天的预报还没有发布" in answer.content.decode()


def test_english_page_has_no_chinese_advice(client: Any) -> None:
    _root, _bureau, towns = make_county()
    add_hour(make_site("S1", "township_air", towns[0]), aqi=42, grade=1)
    page = client.get("/public/environment/", headers={"accept-language": "en"}).content.decode()
    assert "The air is very good" in page
    assert "空气很好" not in page


def test_first_page_shows_the_county_figure_with_the_way_on(client: Any) -> None:
    root, _bureau, towns = make_county()
    add_hour(make_site("S1", "township_air", towns[0]), aqi=88, grade=2)
    sign_in(client, root, "environment.site.view")
    page = client.get("/").content.decode()
    assert "全县 AQI" in page
    assert ">88" in page
    assert 'href="/environment/"' in page
