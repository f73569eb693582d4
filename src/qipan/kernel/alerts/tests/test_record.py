"""Warnings against what happened, and the demo county's warnings."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from qipan.kernel.access.models import DutyShift
from qipan.kernel.alerts import demo, keys, occurrences
from qipan.kernel.alerts.actions import lift
from qipan.kernel.alerts.models import Alert, Occurrence
from qipan.kernel.alerts.recipients import ladder
from qipan.kernel.alerts.tests.build import LIULIN, PASSWORD, SANGA, make_county, published
from qipan.kernel.base.clock import now
from qipan.kernel.orgs.models import Division, Level, Organisation, Post
from qipan.protocols import cap

pytestmark = pytest.mark.django_db


def test_a_warning_is_judged_by_what_happened() -> None:
    county = make_county()
    alert = published(county, "yellow", areas=(SANGA, LIULIN))
    start = now()
    later, end = start + timedelta(hours=2), start + timedelta(hours=12)
    elsewhere = "371525109000"
    occurrences.record("heavy_pollution", elsewhere, "red", starts=start, ends=end, source="AQI 320")
    for _ in range(2):  # told twice, kept once
        occurrences.record("heavy_pollution", SANGA, "red", starts=later, ends=end, source="AQI 330")
    (record,) = occurrences.records(start - timedelta(days=1), start + timedelta(days=1))
    assert (record.table.hits, record.table.misses, record.table.false) == (1, 1, 1)
    assert record.lead_minutes == pytest.approx(120, abs=2)
    assert [code for code, _colour, _start in record.missed_rows] == ["371525109000"]
    client = Client()
    client.force_login(county.drafter, backend="qipan.kernel.access.backends.AccountBackend")
    page = client.get("/alerts/verification/").content.decode()
    assert "371525109000" in page  # what lies ahead is not judged yet, what was missed is
    assert 'data-title="POD">0.00' in page
    lift(alert, county.signer, password=PASSWORD, reason="转好")
    (record,) = occurrences.records(start - timedelta(days=1), start + timedelta(days=1))
    assert record.table.hits == 0  # lifted before it came


def make_office(number: str, name: str, kind: str, **more: Any) -> Organisation:
    """A demo office."""
    return Organisation.objects.create(
        code=number.zfill(18), name=name, kind=kind, path=f"{number}/", demo=True, **more
    )


def test_the_demo_is_signed_and_built_once() -> None:
    make_county()
    division = Division.objects.get(code=SANGA)
    root = make_office("9", "县政府", "government")
    township = make_office("8", "桑阿镇政府", "township", parent=root, division=division)
    for _ in range(2):
        demo.build(1, 0.3, lambda what, done, of: None)
    alerts = list(Alert.objects.filter(demo=True))
    assert len(alerts) == 5
    for alert in alerts:
        verified = cap.verify(bytes(alert.document or b""), [keys.identity().parsed])
        assert cap.digest(verified.data) == alert.digest
        assert alert.onset < alert.expires
    assert Occurrence.objects.filter(demo=True).count() > 0
    assert DutyShift.objects.filter(post__organisation=township).count() == 2
    assert [shift.rank for shift in Post.objects.filter(organisation=township).order_by("-rank")] == [2, 1]
    assert [account.username for account in ladder(SANGA, "heavy_pollution")][:2] == [
        "alerts.371525104.2", "alerts.371525104.1",
    ]  # fmt: skip
    assert Division.objects.filter(level=Level.TOWNSHIP, valid_from=date(2000, 1, 1)).count() == 2
