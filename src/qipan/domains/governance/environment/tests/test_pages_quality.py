"""The quality desk: checks write flags once, people decide, faults become cases."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from qipan.domains.governance.environment import actions, quality_watch
from qipan.domains.governance.environment.case_types import CASE_TYPES
from qipan.domains.governance.environment.models import QualityFlag
from qipan.domains.governance.environment.tests.sites import (
    add_hour,
    last_full_hour,
    make_county,
    make_site,
    sign_in,
)
from qipan.kernel.access.models import AuditEntry
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict
from qipan.kernel.cases.models import Case
from qipan.kernel.cases.type_sets import publish_types
from qipan.kernel.orgs.calendars import load_calendars
from qipan.kernel.sensing.models import Datastream

pytestmark = pytest.mark.django_db
RIGHTS = (
    "environment.site.view",
    "environment.qualityflag.view",
    "environment.qualityflag.handle",
    "cases.case.add",
    "cases.case.view",
)


@pytest.fixture
def station() -> Any:
    root, bureau, towns = make_county()
    load_calendars()
    publish_types("environment", "生态环境", CASE_TYPES)
    site = make_site("S1", "township_air", towns[0], bureau)
    return root, site


def add_stuck(site: Any, hours: Any, value: Any = 77.0, *, before: Any = 12) -> None:
    """Changing hours, then ``hours`` equal ones up to now."""
    for back in range(hours, hours + before):
        add_hour(site, back=back, pm25=40.0 + back % 7)
    for back in range(hours):
        add_hour(site, back=back, pm25=value)


def test_checks_write_each_finding_once_and_let_it_grow(station: Any) -> None:
    _root, site = station
    add_stuck(site, 5)
    assert quality_watch.check() == 1
    flag = QualityFlag.objects.get()
    last = last_full_hour()
    assert (flag.check_code, flag.quantity, flag.effect) == ("stuck", "PM25", "invalid")
    assert (flag.first, flag.last) == (last - timedelta(hours=4), last)
    assert flag.evidence == {"hours": 5, "value": 77.0}
    assert quality_watch.check() == 0
    with time_machine.travel(now() + timedelta(hours=1), tick=False):
        add_hour(site, pm25=77.0)
        assert quality_watch.check() == 0
    flag.refresh_from_db()
    assert (flag.first, flag.last) == (last - timedelta(hours=4), last + timedelta(hours=1))
    assert flag.evidence["hours"] == 6


def test_a_decided_flag_is_not_raised_again_but_its_later_hours_are(station: Any, client: Any) -> None:
    root, site = station
    account = sign_in(client, root, *RIGHTS)
    add_stuck(site, 5)
    quality_watch.check()
    actions.decide_flag(QualityFlag.objects.get(), account, "rejected", "现场核实")
    assert quality_watch.check() == 0
    last = last_full_hour()
    with time_machine.travel(now() + timedelta(hours=1), tick=False):
        add_hour(site, pm25=77.0)
        assert quality_watch.check() == 1
        assert quality_watch.check() == 0
    rows = list(QualityFlag.objects.order_by("first").values_list("state", "first", "last"))
    later = last + timedelta(hours=1)
    assert rows == [("rejected", last - timedelta(hours=4), last), ("auto", later, later)]


def test_a_finding_that_no_longer_holds_goes_with_its_corrected_values(station: Any) -> None:
    _root, site = station
    add_stuck(site, 5)
    quality_watch.check()
    site.hours.filter(hour=last_full_hour() - timedelta(hours=2)).update(pm25=60.0)
    quality_watch.check()
    assert not QualityFlag.objects.exists()


def test_the_desk_lists_a_flag_and_its_actions_confirm_and_report_it(station: Any, client: Any) -> None:
    root, site = station
    account = sign_in(client, root, *RIGHTS)
    add_stuck(site, 5)
    quality_watch.check()
    flag = QualityFlag.objects.get()
    page = client.get("/environment/quality/")
    assert page.status_code == 200
    assert [row.pk for row in page.context["waiting"]] == [flag.pk]
    assert "恒值" in page.content.decode()
    with pytest.raises(Conflict):
        actions.report_flag(flag, account)
    base = f"/environment/quality-flags/{flag.pk}/actions"
    assert client.post(f"{base}/confirm/", {"note": "恒值属实"}).status_code == 302
    flag.refresh_from_db()
    assert (flag.state, flag.decided_by, flag.note) == ("confirmed", account, "恒值属实")
    assert AuditEntry.objects.filter(action="environment.qualityflag.confirmed").count() == 1
    with pytest.raises(Conflict):
        actions.decide_flag(flag, account, "rejected")
    assert client.post(f"{base}/report/").status_code == 302
    flag.refresh_from_db()
    assert flag.case is not None and flag.case.type.code == "environment.instrument_fault"
    assert actions.report_flag(flag, account) == flag.case
    assert Case.objects.count() == 1


def test_a_silent_station_is_listed_and_reported_once(station: Any, client: Any) -> None:
    root, site = station
    account = sign_in(client, root, *RIGHTS)
    assert quality_watch.silent([site]) == []
    Datastream.objects.create(thing=site.thing, code="a34004/hour/avg", unit="µg/m³", step_s=3600)
    page = client.get("/environment/quality/")
    assert [one.site for one in page.context["silent"]] == [site]
    case = actions.report_silence(site, account)
    assert case.title == "S1 仪器故障"
    assert actions.report_silence(site, account) == case
