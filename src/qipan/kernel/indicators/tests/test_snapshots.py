"""Frozen figures, targets, daily values, pages and doors."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from io import StringIO
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from qipan.kernel.access.models import ANONYMOUS, Account, AuditEntry
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.indicators import home, values
from qipan.kernel.indicators.home import figures
from qipan.kernel.indicators.models import DailyValue, Snapshot, SnapshotRow
from qipan.kernel.indicators.periodic import freeze_periods, keep_daily, period_of
from qipan.kernel.indicators.snapshots import explain, freeze, verify
from qipan.kernel.indicators.targets import goal_of, set_target, standing
from qipan.kernel.indicators.tests.build import INDICATORS, House, installed, make_house
from qipan.kernel.indicators.values import value
from qipan.kernel.orgs.models import Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Iterator[House]:
    made = make_house()
    with installed():
        yield made


def as_user(account: Account) -> Client:
    client = Client()
    client.force_login(account, backend="qipan.kernel.access.backends.AccountBackend")
    return client


KEYS = ("orgs.count", "orgs.active", "orgs.sum", "orgs.mean", "orgs.ninety", "orgs.points", "orgs.mixed")


def test_a_frozen_quarter_stands_whatever_happens_to_its_rows(house: House) -> None:
    frozen = {key: freeze(key, "2023Q4", house.chief) for key in KEYS}
    expected = {key: value(key).value for key in KEYS}
    Organisation.objects.filter(name="桑阿厂").delete()
    Organisation.objects.filter(name="柳林厂").update(active=False, kind="other")
    with installed():
        for key, snapshot in frozen.items():
            found = verify(Snapshot.objects.get(pk=snapshot.pk))
            assert (found.value, found.fault) == (expected[key], ""), key
    assert frozen["orgs.active"].row_count == 7
    assert AuditEntry.objects.filter(action="indicators.snapshot.add").count() == len(KEYS)


def test_frozen_rows_cannot_be_changed(house: House) -> None:
    snapshot = freeze("orgs.count", "2023Q4", house.chief)
    for change in (
        lambda: Snapshot.objects.filter(pk=snapshot.pk).update(value=5),
        lambda: SnapshotRow.objects.filter(snapshot=snapshot).update(number=2),
        lambda: SnapshotRow.objects.filter(snapshot=snapshot).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_an_altered_row_is_found(house: House) -> None:
    snapshot = freeze("orgs.sum", "2023Q4", house.chief)
    rows = list(snapshot.rows.all())
    SnapshotRow.objects.create(snapshot=snapshot, part="rows", row_key="x", digest="", number=0)
    assert verify(snapshot).fault
    copy = freeze("orgs.sum", "2024Q1", house.chief)
    assert verify(copy).fault == ""
    copy.rows_digest = "0" * 64
    assert verify(copy).fault
    assert len(rows) == 4


def test_a_correction_is_a_new_version_with_a_reason(house: House) -> None:
    freeze("orgs.count", "2023Q4", house.chief)
    with pytest.raises(InvalidInput):
        freeze("orgs.count", "2023Q4", house.chief)
    second = freeze("orgs.count", "2023Q4", house.chief, reason="漏报一家")
    assert (second.version, second.reason) == (2, "漏报一家")
    with pytest.raises(Refused):
        freeze("orgs.count", "2024Q1", house.reader)


def test_a_difference_is_explained_to_the_row(house: House) -> None:
    before = freeze("orgs.count", "2023Q3", house.chief)
    ratio_before = freeze("orgs.active", "2023Q3", house.chief)
    Organisation.objects.filter(name="桑阿厂").delete()
    for code in ("7", "8"):
        Organisation.objects.create(code=code.zfill(18), name=code, kind="firm", path=f"{code}/")
    after = freeze("orgs.count", "2023Q4", house.chief)
    found = explain(before, after)
    assert found.parts is not None
    assert dict(found.parts.parts) == {"in": Fraction(2), "out": Fraction(-1), "changed": Fraction(0)}
    assert found.parts.total == 1
    assert not found.definition_changed
    shares = explain(ratio_before, freeze("orgs.active", "2023Q4", house.chief))
    assert shares.parts is not None
    assert float(shares.parts.total) == pytest.approx(100 - 75)


def test_the_command_freezes_proves_and_explains(house: House) -> None:
    def said(*words: str) -> str:
        out = StringIO()
        call_command("indicators", *words, stdout=out)
        return out.getvalue()

    assert said("freeze", "2023Q3", "orgs.count").startswith("orgs.count 2023Q3 v1 4.0 (4 rows")
    Organisation.objects.filter(name="桑阿厂").delete()
    said("freeze", "2023Q4", "orgs.count")
    assert said("verify", "2023Q3") == "orgs.count 2023Q3 v1 equal\n"
    assert said("explain", "orgs.count", "2023Q3", "2023Q4").splitlines() == [
        "4.0 -> 3.0", "  in: +0", "  out: -1", "  changed: +0"
    ]  # fmt: skip
    for words in (("verify", "1999"), ("freeze", "2023Q4", "orgs.count"), ("explain", "orgs.sum", "a", "b")):
        with pytest.raises(CommandError):
            said(*words)
    row = Snapshot.objects.get(period="2023Q4")
    SnapshotRow.objects.create(snapshot=row, part="rows", row_key="x", digest="", number=1)
    with pytest.raises(CommandError, match="1 of 1 differ"):
        said("verify", "2023Q4")


def test_the_last_evening_of_a_quarter_freezes_it(house: House) -> None:
    with time_machine.travel(datetime(2023, 12, 30, 15, 45, tzinfo=UTC), tick=False):
        assert freeze_periods() == 0
    with time_machine.travel(datetime(2023, 12, 31, 15, 45, tzinfo=UTC), tick=False):
        assert freeze_periods() == len(INDICATORS)
        assert freeze_periods() == 0
    assert set(Snapshot.objects.values_list("period", flat=True)) == {"2023Q4"}


def test_targets_by_decision(house: House) -> None:
    declared = standing(value("orgs.active"))
    assert declared.goal is not None
    assert (declared.goal.value, declared.light, declared.expected) == (90, "amber", 90)  # 3 of 4: noise
    with pytest.raises(InvalidInput):
        set_target("orgs.active", house.chief, value=70, day=date(2030, 1, 1), document="")
    set_target("orgs.active", house.chief, value=70, day=date(2030, 1, 1), document="冠政办〔2024〕1号")
    goal = goal_of(value("orgs.active").indicator)
    assert goal is not None and (goal.value, goal.source) == (70, "冠政办〔2024〕1号")
    assert standing(value("orgs.active")).light == "green"
    with pytest.raises(Refused):
        set_target("orgs.active", house.reader, value=1, day=date(2030, 1, 1), document="x")


def test_daily_values_are_kept_once(house: House) -> None:
    first = keep_daily()
    assert keep_daily() == first == DailyValue.objects.count()
    today = DailyValue.objects.get(key="orgs.active", dimension="")
    assert (today.value, today.numerator, today.day) == (75, 3, county_day(now()))
    township = Organisation.objects.get(name="桑阿厂").division_id
    assert DailyValue.objects.get(key="orgs.active", dimension="division", member=str(township)).value == 50


def test_names_of_periods() -> None:
    day = date(2023, 11, 5)
    names = [period_of(day, kind) for kind in ("day", "month", "quarter", "year")]
    assert names == ["2023-11-05", "2023-11", "2023Q4", "2023"]


def test_pages_lead_from_a_number_to_its_rows(house: House) -> None:
    client = as_user(house.chief)
    board = client.get("/indicators/").content.decode()
    assert "在用率" in board and "/indicators/orgs.active/rows/" in board
    assert "在用率" not in client.get("/indicators/", {"light": "red"}).content.decode()
    today = county_day(now())
    for ago in range(3):
        DailyValue.objects.create(
            key="orgs.active", day=today - timedelta(days=ago), value=70 + ago, computed_at=now()
        )
    detail = client.get("/indicators/orgs.active/").content.decode()
    assert "75.0" in detail and "桑阿镇" in detail and "符合条件的单位条数" in detail
    rows = client.get("/indicators/orgs.active/rows/", {"part": "rest"}).content.decode()
    assert "桑阿厂" in rows and "柳林厂" not in rows
    organisation = Organisation.objects.get(name="桑阿厂")
    assert f"/orgs/organisations/{organisation.pk}/" in rows
    narrowed = client.get("/indicators/orgs.count/rows/", {"kind": "firm"}).content.decode()
    assert "桑阿厂" in narrowed and "县政府" not in narrowed
    csv = client.get("/indicators/orgs.count/rows/", {"format": "csv"})
    content = b"".join(csv.streaming_content) if csv.streaming else csv.content  # type: ignore[attr-defined]
    assert "柳林厂" in content.decode("utf-8-sig")


def test_the_board_asks_the_database_little(
    house: House, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "SHORTEST_S", 300)  # a slow machine must not let kept values grow old
    client = as_user(house.chief)
    client.get("/indicators/")  # values are kept from here on
    for key in KEYS:
        DailyValue.objects.create(key=key, day=county_day(now()), value=1, computed_at=now())
    with django_assert_max_num_queries(12):
        assert client.get("/indicators/").status_code == 200


def test_hidden_rows_are_told(house: House) -> None:
    page = as_user(house.reader).get("/indicators/orgs.count/rows/").content.decode()
    assert "另有 4 条记录您无权查看" in page
    assert "桑阿厂" not in page


def test_an_impossible_member_is_not_found(house: House) -> None:
    client = as_user(house.chief)
    for query in ("division=abc", "part=nothing"):
        assert client.get(f"/indicators/orgs.count/rows/?{query}").status_code == 404, query
    for query in ("division=99999999999999999999", "kind=nothing"):
        page = client.get(f"/indicators/orgs.count/rows/?{query}").content.decode()
        assert "没有可以查看的记录" in page, query


def test_what_visitors_see(house: House) -> None:
    assert Client().get("/indicators/orgs.active/").status_code == 200
    assert Client().get("/indicators/orgs.count/").status_code == 302
    assert as_user(house.reader).get("/indicators/nothing.here/").status_code == 404


def test_freezing_by_the_page_and_looking_at_it(house: House) -> None:
    client = as_user(house.chief)
    client.post("/indicators/orgs.active/freeze/", {"period": "2023Q4"})
    snapshot = Snapshot.objects.get()
    client.post("/indicators/orgs.active/freeze/", {"period": "2024Q1"})
    later = Snapshot.objects.get(period="2024Q1")
    assert snapshot.rows_digest in client.get(f"/indicators/snapshots/{snapshot.pk}/").content.decode()
    assert client.get(f"/indicators/snapshots/{later.pk}/").status_code == 200
    assert as_user(house.reader).post("/indicators/orgs.active/freeze/", {"period": "x"}).status_code == 403


def test_the_api(house: House) -> None:
    client = as_user(house.chief)
    listed = {each["key"]: each for each in client.get("/api/indicators").json()}
    assert (listed["orgs.active"]["value"], listed["orgs.active"]["target"]) == (75, 90)
    by = client.get("/api/indicators/orgs.active/values", {"by": "division"}).json()
    assert {each["name"]: each["value"] for each in by}["桑阿镇"] == 50
    rows = client.get("/api/indicators/orgs.active/rows", {"part": "rest"}).json()
    assert (rows["count"], rows["hidden"], len(rows["keys"])) == (1, 0, 1)
    freeze("orgs.count", "2023Q4", house.chief)
    assert client.get("/api/indicators/orgs.count/snapshots").json()[0]["value"] == 4
    assert client.get("/api/indicators/orgs.nothing").status_code == 404


def test_openmetrics_is_read_by_its_own_parser(house: House) -> None:
    answer = as_user(house.chief).get("/indicators/openmetrics")
    parsed = text_string_to_metric_families(answer.content.decode())  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    assert families["qipan_orgs_active"].samples[0].value == 75
    assert families["qipan_orgs_active"].documentation == "在用率"
    public = Client().get("/indicators/openmetrics").content.decode()
    assert "qipan_orgs_active" in public and "qipan_orgs_count" not in public


def test_the_first_page_shows_what_one_may_see(house: House) -> None:
    with mock.patch.object(home, "KEYS", ("orgs.count", "orgs.active", "orgs.gone")):
        assert figures(_asked(house.chief)) == (
            "indicators/home.html",
            {"keys": ["orgs.count", "orgs.active"]},
        )
        assert figures(_asked(ANONYMOUS)) == ("indicators/home.html", {"keys": ["orgs.active"]})


def _asked(actor: Any) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = actor
    return request


def test_the_tag(house: House) -> None:
    request = RequestFactory().get("/")
    template = Template(
        '{% load qipan_indicators %}{% indicator "orgs.active" %}{% indicator "orgs.count" kind="firm" %}'
    )
    request.user = house.chief
    page = template.render(Context({"request": request}))
    assert "/indicators/orgs.active/" in page and "75.0" in page
    request.user = Account.objects.create(username="r", name="r", kind=Account.Kind.RESIDENT)
    assert "无权查看" in template.render(Context({"request": request}))
