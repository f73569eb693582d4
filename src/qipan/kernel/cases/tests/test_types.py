"""Types as versioned data, assignment rules, reading and queries."""

from datetime import timedelta

import pytest

from qipan.kernel.access.models import Grant, RoleRow
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases.actions import Spot, act, open_case
from qipan.kernel.cases.assigning import assignee
from qipan.kernel.cases.declarations import CaseType, TimeLimit
from qipan.kernel.cases.models import Case, CaseTypeRow, CaseTypeSet
from qipan.kernel.cases.reading import tasks_of, trays, visible_cases
from qipan.kernel.cases.tests.conftest import MONDAY, PLACE, TYPES, Clock, County
from qipan.kernel.cases.tests.test_flow import smoke, spot
from qipan.kernel.cases.type_sets import current_type, publish_types


def test_an_unchanged_declaration_makes_no_new_version(county: County) -> None:
    assert publish_types("test", "测试类型", TYPES).version == 1
    assert CaseTypeSet.objects.count() == 1


def test_a_changed_one_does_and_old_cases_keep_theirs(county: County) -> None:
    case = smoke(county)
    changed = (CaseType("test.smoke", "高值报警", "event", "grid", (TimeLimit("handle", 4, "work_hour"),)),)
    made = publish_types("test", "测试类型", changed)
    assert (made.version, made.status) == (2, "published")
    assert CaseTypeSet.objects.get(version=1).status == "retired"
    assert current_type("test.smoke").limit_for("handle").amount == 4  # type: ignore[union-attr]
    assert act(case, "sign", county.worker).clocks.get(kind="handle").amount == 8
    assert smoke(county).clocks.get(kind="handle").amount == 4
    with pytest.raises(InvalidInput):
        current_type("test.waste")
    with pytest.raises(InvalidInput, match="twice"):
        publish_types("test", "x", (*changed, *changed))


def test_limits_by_area_grade_win_over_the_general_one(county: County) -> None:
    limits = (
        TimeLimit("handle", 8, "work_hour"),
        TimeLimit("handle", 2, "urgent_hour", area_grade="A", source="主干道"),
    )
    publish_types("graded", "分级", (CaseType("graded.a", "甲", "event", "grid", limits),))
    row = current_type("graded.a")
    assert row.limit_for("handle", "A").amount == 2  # type: ignore[union-attr]
    assert row.limit_for("handle", "B").amount == 8  # type: ignore[union-attr]
    assert row.limit_for("total") is None
    case = open_case(
        "graded.a", "x", "", by=county.program, place=spot(county), area_grade="A", organisation=county.office
    )
    clock = case.clocks.get(kind="handle")
    assert (clock.calendar, clock.due_at) == ("always", MONDAY + timedelta(hours=2))


def test_a_grid_without_worker_goes_to_the_township_and_a_village_worker_counts(county: County) -> None:
    Grant.objects.filter(account=county.worker).delete()
    case = smoke(county)
    task = case.assignments.get()
    assert (task.organisation, task.person) == (county.township, None)
    assert task.rule["why"] == "清泉街道属地办理"
    Grant.objects.create(
        account=county.worker,
        role=RoleRow.objects.get(code="grid.worker"),
        organisation=county.township,
        division_prefix=county.village.code,
        valid_from=MONDAY - timedelta(days=1),
        valid_to=MONDAY + timedelta(days=1),
        source="test",
    )
    chosen = assignee(case)
    assert chosen is not None
    assert (chosen.person, chosen.why) == (county.worker, "戴屯社区的网格员")


def test_without_any_assignee_the_case_waits_for_the_dispatcher(county: County) -> None:
    case = open_case("test.smoke", "x", "", by=county.program, place=PLACE, organisation=county.office)
    assert case.state == "to_dispatch"
    assert [pile.code for pile in trays(county.clerk) if case in pile.rows] == ["to_dispatch"]
    with pytest.raises(InvalidInput, match="请指定"):
        act(case, "dispatch", county.clerk)
    act(case, "dispatch", county.clerk, organisation=county.works, joint=[county.government])
    assert {(task.organisation, task.role) for task in case.assignments.all()} == {
        (county.works, "lead"),
        (county.government, "joint"),
    }


def test_a_fixed_organisation_and_the_owner(county: County) -> None:
    fixed = CaseType("fixed.a", "甲", "event", "grid", (), dispatch=f"org:{county.works.code}")
    owned = CaseType("fixed.b", "乙", "event", "grid", (), dispatch="owner", owner=county.office.code)
    publish_types("fixed", "固定", (fixed, owned))
    case = open_case("fixed.a", "x", "", by=county.program, place=spot(county))
    assert case.handler == county.works
    other = open_case("fixed.b", "x", "", by=county.program, place=spot(county))
    assert (other.desk, other.handler) == (county.office, county.office)


def test_everybody_sees_their_own(county: County) -> None:
    case = smoke(county)
    assert list(visible_cases(county.clerk)) == [case]
    assert list(visible_cases(county.worker)) == [case]
    assert list(visible_cases(county.workman)) == []
    assert [task.case for task in tasks_of(county.worker)] == [case]
    act(case, "return", county.worker, reason="cannot")
    act(case, "redirect", county.clerk, organisation=county.works)
    assert list(visible_cases(county.workman)) == [case]
    assert [task.organisation for task in tasks_of(county.workman)] == [county.works]
    assert list(tasks_of(county.worker)) == []


def test_queries_for_figures(county: County, clock: Clock) -> None:
    first, second = smoke(county), smoke(county)
    assert set(Case.objects.of("test").open()) == {first, second}
    assert not Case.objects.of("tes").exists()
    assert not Case.objects.overdue().exists()
    clock.advance(hours=30)
    assert set(Case.objects.overdue()) == {first, second}
    start, end = MONDAY, MONDAY + timedelta(days=10)
    assert set(Case.objects.due_between(start, end)) == {first, second}
    act(second, "sign", county.worker)
    act(second, "start", county.worker)
    Case.objects.filter(pk=second.pk).update(suspended=True)
    assert set(Case.objects.due_between(start, end)) == {first}
    assert first.clocks.due_between(start, end).count() == 5


def test_places_that_cannot_be_are_named(county: County) -> None:
    with pytest.raises(InvalidInput, match="写反"):
        Spot(36.4, 115.4)
    with pytest.raises(InvalidInput, match="无效"):
        Spot(0.0, 0.0)
    with pytest.raises(InvalidInput, match="同时"):
        Spot(115.4)
    assert not CaseTypeRow.objects.public().filter(code="test.smoke").exists()
