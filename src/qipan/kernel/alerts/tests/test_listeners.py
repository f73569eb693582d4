"""From a fired rule to a draft, and from a publication to files and cases."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from qipan.kernel.alerts import catalogue, listeners, outcomes, periodic, rule_records
from qipan.kernel.alerts.declarations import AlertRule, EventType
from qipan.kernel.alerts.events import AlertPublished
from qipan.kernel.alerts.models import Alert, CallOut, State
from qipan.kernel.alerts.tests.build import LIULIN, SANGA, County, Offer, make_county, published
from qipan.kernel.base import events
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases.declarations import CaseType, TimeLimit
from qipan.kernel.cases.models import Case
from qipan.kernel.cases.type_sets import publish_types
from qipan.kernel.jobs.testing import run_pending, waiting
from qipan.kernel.messages.events import DeliveryAcknowledged
from qipan.kernel.orgs.calendars import load_calendars
from qipan.kernel.orgs.models import Division
from qipan.kernel.sensing.events import RuleChanged, RuleFired
from qipan.kernel.sensing.models import RuleEvent, RuleRow, RuleVersion, Thing
from qipan.protocols import cap

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> County:
    return make_county()


def fired(severity: str = "major", code: str = SANGA, rule: str = "aqi.high") -> RuleEvent:
    """A rule's open event at a station in a township."""
    row, _made = RuleRow.objects.get_or_create(code=rule, defaults={"name": "AQI 偏高"})
    version, _made = RuleVersion.objects.get_or_create(
        rule=row, number=1, defaults={"body": {}, "drafted_at": now()}
    )
    thing, _made = Thing.objects.get_or_create(
        code=f"st-{code}",
        defaults={"name": f"站点{code}", "kind": "station", "division": Division.objects.get(code=code)},
    )
    return RuleEvent.objects.create(
        rule=row, version=version, thing=thing, severity=severity, started_at=now(), noticed_at=now(),
        message="AQI 231",
    )  # fmt: skip


def test_a_fired_rule_drafts_with_its_evidence(county: County) -> None:
    event = fired()
    listeners.on_rule_fired(RuleFired(event.pk))
    listeners.on_rule_fired(RuleFired(event.pk))  # delivered twice
    alert = Alert.objects.get()
    assert (alert.state, alert.colour, alert.rule) == (State.DRAFT, "orange", "aqi.high v1")
    assert alert.headline == f"站点{SANGA}:AQI 231"
    assert [area.code for area in alert.areas.all()] == [SANGA]
    assert alert.evidence.get().row == event
    assert alert.drafted_by.username == "program.alerts"


def test_the_event_travels_by_a_job_and_survives_a_crash(county: County) -> None:
    catalogue.install([Offer()])
    event = fired()
    events.publish(RuleFired(event.pk))
    assert Alert.objects.count() == 0  # written down with the transaction, run by the worker
    run_pending()
    assert Alert.objects.get().evidence.get().row == event


def test_a_severity_without_colour_or_an_unknown_rule_drafts_nothing(county: County) -> None:
    for event in (fired("warning"), fired(rule="other.rule")):
        listeners.on_rule_fired(RuleFired(event.pk))
    assert Alert.objects.count() == 0


def test_a_graver_severity_raises_the_draft(county: County) -> None:
    event = fired()
    listeners.on_rule_fired(RuleFired(event.pk))
    RuleEvent.objects.filter(pk=event.pk).update(severity="critical")
    listeners.on_rule_changed(RuleChanged(event.pk, "critical"))
    assert Alert.objects.get().colour == "red"


def test_areas_by_rule(county: County) -> None:
    event = fired(code=LIULIN)
    assert listeners.areas_of(AlertRule("e", "r", "red", "county"), event) == ["371525000000"]
    assert listeners.areas_of(AlertRule("e", "r", "red", "township"), event) == [LIULIN]
    assert listeners.areas_of(AlertRule("e", "r", "red", lambda found: [SANGA]), event) == [SANGA]
    event.thing.division = None
    assert listeners.areas_of(AlertRule("e", "r", "red"), event) == []


def test_confirming_the_message_reaches_the_ladder(county: County) -> None:
    alert = published(county)
    call = CallOut.objects.get(alert=alert)
    listeners.on_acknowledged(DeliveryAcknowledged(1, f"alerts.alert:{alert.pk}:sms", call.account_id))
    call.refresh_from_db()
    assert (call.how, call.reached_at is not None) == ("web", True)
    listeners.on_acknowledged(DeliveryAcknowledged(1, "cases.case:5", call.account_id))


def test_a_publication_puts_down_its_work(county: County) -> None:
    alert = published(county, case_type="environment.heavy")
    before = len(waiting())
    listeners.on_published(AlertPublished(alert.pk))
    names = [name for name, _arguments in waiting()[before:]]
    assert names == ["alerts.hand_over", "alerts.open_cases"]


def test_a_publication_opens_a_case_in_each_division(county: County) -> None:
    load_calendars()
    limits = (TimeLimit("total", 8, "urgent_hour"),)
    kind = CaseType("environment.heavy", "应急巡查", "event", "urban7", limits, dispatch="hand")
    publish_types("test", "测试", [kind])
    alert = published(county, case_type="environment.heavy", areas=(SANGA, LIULIN))
    for _ in range(2):
        periodic.open_cases(alert=alert.pk)
    cases = list(Case.objects.order_by("division__code"))
    assert [(case.title, case.division.code) for case in cases if case.division] == [
        (alert.headline, LIULIN), (alert.headline, SANGA)
    ]  # fmt: skip
    assert [cause.object_id for case in cases for cause in case.causes.all()] == [str(alert.pk)] * 2
    outcomes_of = alert.outcomes.order_by("pk")
    assert {(each.relation, each.row) for each in outcomes_of} == {("caused", case) for case in cases}
    with pytest.raises(InvalidInput):
        outcomes.link_case(alert, county.drafter, number="x")
    outcomes.report_measures(alert, county.receiver, "已关停工地三处")
    assert [each.text for each in alert.outcomes.order_by("pk")][-1] == "receiver:已关停工地三处"
    with pytest.raises(InvalidInput):
        outcomes.report_measures(alert, county.receiver, " ")


def test_files_for_other_platforms(county: County, tmp_path: Path) -> None:
    alert = published(county)
    home, settings.QIPAN_HOME = settings.QIPAN_HOME, tmp_path
    try:
        written = periodic.hand_over(alert=alert.pk)
    finally:
        settings.QIPAN_HOME = home
    assert written == [
        str(tmp_path / "outbox" / form / f"{alert.identifier}.xml") for form in ("cap", "12379")
    ]
    assert cap.digest(Path(written[0]).read_bytes()) == alert.digest


def test_declarations_are_checked() -> None:
    with pytest.raises(ValueError, match="unknown colours"):
        EventType("x", "x", "Met", colours=("purple",))
    twice = Offer()
    with pytest.raises(Exception, match="declared twice"):
        catalogue.install([twice, twice])
    with pytest.raises(Exception, match="unknown event"):
        catalogue.install([Offer(event_types=())])


def test_a_dry_run_tells_what_would_have_been_drafted(county: County) -> None:
    start = now() - timedelta(days=20)
    times = ((0, "major", SANGA), (5, "critical", SANGA), (40, "major", SANGA), (41, "major", LIULIN))
    for hours, severity, code in times:
        event = fired(severity, code)
        at = start + timedelta(hours=hours)
        RuleEvent.objects.filter(pk=event.pk).update(started_at=at, ended_at=at + timedelta(hours=1))
    ignored = fired("warning", LIULIN)
    RuleEvent.objects.filter(pk=ignored.pk).update(started_at=start, ended_at=start)
    (record,) = rule_records.records(now() - timedelta(days=30), now())
    found = [(each.areas, each.colour, each.events) for each in record.would]
    assert found == [((SANGA,), "red", 2), ((SANGA,), "orange", 1), ((LIULIN,), "orange", 1)]
    assert (record.fired, record.drafted, record.published) == (5, 0, 0)
    assert Alert.objects.count() == 0
    client = Client()
    client.force_login(county.drafter, backend="qipan.kernel.access.backends.AccountBackend")
    assert "aqi.high" in client.get("/alerts/rules/").content.decode()


def test_a_rule_may_be_old(county: County) -> None:
    event = fired()
    RuleEvent.objects.filter(pk=event.pk).update(started_at=now() - timedelta(days=3))
    listeners.on_rule_fired(RuleFired(event.pk))
    assert Alert.objects.get().onset > now() - timedelta(hours=2)
