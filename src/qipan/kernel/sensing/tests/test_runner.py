"""Rules behind the store: events written once, state over restarts, previews, shipped rules."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from qipan.kernel.base import events
from qipan.kernel.sensing import declaring
from qipan.kernel.sensing.declarations import (
    Absence,
    Aggregate,
    Expect,
    Level,
    Quantity,
    RuleTest,
    SensingRule,
    Target,
    Threshold,
)
from qipan.kernel.sensing.events import RuleChanged, RuleCleared, RuleFired
from qipan.kernel.sensing.ingest import store_batch
from qipan.kernel.sensing.models import (
    ObservedProperty,
    RuleEvent,
    RuleRow,
    RuleState,
    RuleVersion,
    Thing,
)
from qipan.kernel.sensing.rules.preview import preview
from qipan.kernel.sensing.rules.recording import remember
from qipan.kernel.sensing.rules.runner import Runner
from qipan.kernel.sensing.tests.test_ingest import T0, reading, station

pytestmark = pytest.mark.django_db

RULE = SensingRule(
    "air.high",
    "PM2.5高值",
    Target(kinds=("air_station",)),
    Threshold("a34004", "over", 75.0, hysteresis=5.0),
    severity="minor",
    for_s=120,
    message="{thing} PM2.5 {value} {unit},{severity},{unknown}",
    tests=(RuleTest("rise", {"a34004": "60 80x5"}, (Expect(60, ""), Expect(180, "minor"))),),
    levels=(Level("critical", Threshold("a34004", "over", 150.0)),),
)


def at(minute: float) -> datetime:
    return T0 + timedelta(minutes=minute)


def store(*values: float, first: float = 0) -> None:
    store_batch([reading(first + index, value) for index, value in enumerate(values)])


def test_a_rule_fires_changes_and_clears_with_its_inputs() -> None:
    stream = station()
    declaring.declare("environment", [], [RULE])
    heard: list[object] = []
    for kind in (RuleFired, RuleChanged, RuleCleared):
        events.subscribe(kind, heard.append)
    run = Runner()
    store(60, 80, 80)
    assert run.run_once(at(2)) == []
    store(82, first=3)
    (fired,) = run.run_once(at(3))
    assert (fired.severity, fired.started_at, fired.noticed_at) == ("minor", at(3), at(3))
    assert fired.message == "国控站 PM2.5 82.0 µg/m³,次要,{unknown}"
    assert fired.inputs == {
        "a34004": {"datastream": stream.pk, "ts": at(3).isoformat(), "value": 82.0, "unit": "µg/m³"}
    }
    store(160, first=4)
    (changed,) = run.run_once(at(4))
    assert (changed.pk, changed.severity) == (fired.pk, "critical")
    store(71, 70, first=5)
    (cleared, *rest) = run.run_once(at(6))
    assert (cleared.ended_at, [event.pk for event in rest]) == (None, [fired.pk])
    found = RuleEvent.objects.get()
    assert found.ended_at == at(6)
    assert [severity for _at, severity in found.course] == ["minor", "critical", "minor"]


def test_a_run_without_news_changes_nothing() -> None:
    station()
    declaring.declare("environment", [], [RULE])
    run = Runner()
    store(160, first=0)
    assert len(run.run_once(at(0))) == 1
    assert run.run_once(at(0)) == []
    store(160, first=0)
    assert run.run_once(at(1)) == []
    assert RuleEvent.objects.count() == 1


def test_state_survives_a_restart_in_the_middle() -> None:
    station()
    declaring.declare("environment", [], [RULE])
    first = Runner()
    store(80)
    first.run_once(at(0))
    store(160, first=1)
    first.run_once(at(1))
    store(80, first=2)
    second = Runner()
    (changed,) = second.run_once(at(2))
    assert (changed.severity, RuleEvent.objects.count()) == ("minor", 1)
    third = Runner()
    store(60, first=3)
    (cleared,) = third.run_once(at(3))
    assert cleared.ended_at == at(3)
    assert RuleState.objects.get().severity == ""


def test_a_window_is_filled_again_after_a_restart() -> None:
    station()
    mean = replace(
        RULE,
        condition=Aggregate("a34004", "mean", 600, "over", 75.0),
        for_s=0,
        levels=(),
        tests=(RuleTest("mean", {"a34004": "10 200"}, (Expect(0, ""), Expect(60, "minor"))),),
    )
    declaring.declare("environment", [], [mean])
    store(10, 10, 10, 10)
    first = Runner()
    first.run_once(at(3))
    assert first.engine is not None
    remember(first.engine.watches, at(3))
    store(200, first=4)
    # alone 200 would be over; with the window before the restart it is not
    assert Runner().run_once(at(4)) == []


def test_absence_fires_without_any_reading_and_ends_with_the_next() -> None:
    station()
    silent = replace(
        RULE,
        condition=Absence("a34004", steps=3),
        for_s=0,
        levels=(),
        tests=(RuleTest("gone", {"a34004": "1 _x9"}, (Expect(60, ""), Expect(200, "minor"))),),
    )
    declaring.declare("environment", [], [silent])
    run = Runner()
    store(10)
    assert run.run_once(at(0)) == []
    assert run.run_once(at(2.9)) == []
    (fired,) = run.run_once(at(3.5))
    assert fired.started_at == at(3)
    store(11, first=4)
    (cleared,) = run.run_once(at(4))
    assert cleared.ended_at == at(4)


def test_two_events_of_one_rule_at_one_thing_are_never_open_together() -> None:
    station()
    declaring.declare("environment", [], [RULE])
    store(160)
    Runner().run_once(at(0))
    RuleState.objects.all().delete()
    store(170, first=1)
    assert Runner().run_once(at(1)) == []
    assert RuleEvent.objects.count() == 1


def test_only_things_with_all_streams_and_of_the_target_are_watched() -> None:
    station()
    Thing.objects.create(code="other", name="泵站", kind="pump")
    declaring.declare("environment", [], [RULE])
    run = Runner()
    run.run_once(at(0))
    assert run.engine is not None
    assert [watch.thing_id for watch in run.engine.watches] == [Thing.objects.get(code="s1").pk]


def test_shipped_rules_are_on_only_with_passing_tests() -> None:
    declaring.declare("environment", [], [RULE])
    row = RuleRow.objects.get()
    assert (row.enabled, row.source, row.active_version and row.active_version.number) == (
        True,
        "environment",
        1,
    )
    declaring.declare("environment", [], [RULE])
    assert RuleVersion.objects.count() == 1
    wrong = replace(RULE, condition=Threshold("a34004", "over", 999.0), levels=())
    declaring.declare("environment", [], [wrong])
    assert RuleVersion.objects.get(number=2).state == "draft"
    assert RuleRow.objects.get().active_version == RuleVersion.objects.get(number=1)
    declaring.declare("environment", [], [])
    assert RuleRow.objects.get().enabled is False


def test_a_rule_that_a_person_switched_off_stays_off_when_its_wording_changes() -> None:
    declaring.declare("environment", [], [RULE])
    RuleRow.objects.update(enabled=False)
    declaring.declare("environment", [], [replace(RULE, message="anders")])
    assert RuleRow.objects.get().enabled is False
    assert RuleVersion.objects.get(state="active").number == 2


def test_quantities_become_the_vocabulary() -> None:
    quantity = Quantity("a34004", "PM2.5", "µg/m³", "air", ("PM25",), (0.0, 1000.0), 0)
    declaring.declare("environment", [quantity], [])
    declaring.declare("environment", [replace(quantity, decimals=1)], [])
    row = ObservedProperty.objects.get()
    assert (row.aliases, row.low, row.high, row.decimals) == (["PM25"], 0.0, 1000.0, 1)


def test_preview_plays_a_wording_over_history_without_writing() -> None:
    station()
    store(60, 80, 80, 82, 160, 60, 90, 60)
    found = preview(RULE, at(-10), at(60))
    assert found.things == 1
    assert [(event.severity, event.started_at, event.ended_at) for event in found.events] == [
        ("critical", at(3), at(5))
    ]
    assert found.events[0].minutes == 2.0
    assert found.per_day == {"2026-03-01": 1}
    assert RuleEvent.objects.count() == 0
    with pytest.raises(ValueError, match="days"):
        preview(RULE, at(0), at(0) + timedelta(days=400))


def test_an_error_rebuilds_the_engine_from_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    station()
    declaring.declare("environment", [], [RULE])
    run = Runner()
    store(160)

    def fail(*_arguments: Any) -> list[RuleEvent]:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("qipan.kernel.sensing.rules.runner.record", fail)
        with pytest.raises(ConnectionError):
            run.run_once(at(0))
    assert len(run.run_once(at(0.1))) == 1
