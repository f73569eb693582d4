"""Declarations, values, dimensions, drill, failures."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import QuerySet

from qipan.kernel.access.models import ANONYMOUS, Account
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.indicators import catalogue, drill, kernel_indicators, values
from qipan.kernel.indicators.declarations import Composite, Duration, Expression, Indicator, Rows, Sum, Typed
from qipan.kernel.indicators.formulas import numbers_of
from qipan.kernel.indicators.models import TypedValue
from qipan.kernel.indicators.tests.build import ALL, INDICATORS, House, Offer, installed, make_house
from qipan.kernel.indicators.typing_in import confirm, type_in
from qipan.kernel.indicators.values import members, value
from qipan.kernel.orgs.models import Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> Iterator[House]:
    made = make_house()
    with installed():
        yield made


def test_values_of_every_formula(house: House) -> None:
    keys = sorted(Organisation.objects.values_list("pk", flat=True))
    assert value("orgs.count").value == 4
    active = value("orgs.active")
    assert (active.value, active.numerator, active.denominator) == (75, 3, 4)
    assert active.text == "75.0"
    assert value("orgs.sum").value == sum(keys)
    assert value("orgs.mean").value == sum(keys) / 4
    assert value("orgs.ninety").value == pytest.approx(keys[0] + 2.7)
    assert value("orgs.points").value == 2 + 0.5 + 0.5
    assert value("orgs.mixed").value == 75 * 0.5 + 3 * 0.5
    assert value("orgs.each").value == 3 / 4
    typed = value("orgs.typed")
    assert (typed.value, typed.text) == (None, "—")
    assert typed.note


def test_no_cases_is_neither_0_nor_100() -> None:
    with installed():
        found = value("orgs.active")
        assert found.value is None
        assert found.note
        assert value("orgs.each").value is None


def test_a_saved_row_is_seen_at_once(house: House, django_capture_on_commit_callbacks: object) -> None:
    assert value("orgs.count").value == 4
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        Organisation.objects.create(code="5".zfill(18), name="新厂", kind="firm", path="5/")
    assert value("orgs.count").value == 5
    assert value("orgs.each").value == 3.5 / 5  # what is computed from it as well


def test_members_are_computed_never_summed(house: House) -> None:
    listed = {member.name: member.value.value for member in members("orgs.active", "division")}
    assert listed == {"桑阿镇": 50, "柳林镇": 100, "未填写": 100}
    kinds = {member.name: member.value.value for member in members("orgs.count", "kind")}
    assert kinds == {"政府部门": 1, "乡镇街道": 1, "企业": 2}
    township = house.county.__class__.objects.get(name="桑阿厂").division
    assert value("orgs.active", division=township).value == 50
    with pytest.raises(LookupError):
        value("orgs.active", colour="red")
    with pytest.raises(InvalidInput):
        value("orgs.active", division=1, kind="firm")
    with pytest.raises(LookupError):
        value("orgs.nothing")


def test_a_value_is_the_count_of_its_rows(house: House) -> None:
    for indicator in catalogue.every():
        for rows in catalogue.row_sets(indicator.formula):
            assert rows.rows().count() == len(list(numbers_of(rows, None)))
    for dimension in ("division", "kind"):
        for member in members("orgs.count", dimension):
            found = drill.rows("orgs.count", house.chief, **{dimension: member.code})
            assert found.parts[0].count == member.value.value


def test_the_parts_of_a_ratio(house: House) -> None:
    found = drill.rows("orgs.active", house.chief)
    assert [(part.code, part.count, part.hidden) for part in found.parts] == [
        ("of", 3, 0), ("over", 4, 0), ("rest", 1, 0)
    ]  # fmt: skip
    assert [row.name for row in found.part("rest").visible] == ["桑阿厂"]
    assert [each.key for each in drill.rows("orgs.mixed", house.chief).children] == [
        "orgs.active",
        "orgs.points",
    ]


def test_rows_that_one_may_not_see_are_counted_and_not_shown(house: House) -> None:
    for actor in (house.reader, ANONYMOUS):
        (part,) = drill.rows("orgs.count", actor).parts
        assert (part.count, part.visible.count(), part.hidden) == (4, 0, 4)


def test_a_failing_formula_gives_the_last_good_value(house: House) -> None:
    broken = [False]

    def source() -> QuerySet[Organisation]:
        rows = Organisation.objects.all()
        return rows.extra(where=["1/0 = 1"]) if broken[0] else rows

    with installed(Indicator("orgs.shaky", "不稳", "n", Rows(source)), *INDICATORS):
        assert value("orgs.shaky").value == 4
        broken[0] = True
        values.forget(set())
        kept = values._kept[("orgs.shaky", "", "")]
        kept.until = 0
        found = value("orgs.shaky")
        assert (found.value, found.stale) == (4, True)
        assert "division by zero" in found.error
        assert value("orgs.count").value == 4  # the others go on
        with connection.cursor() as cursor:
            cursor.execute("show statement_timeout")
            assert cursor.fetchone()[0] == "0"


def test_durations_in_hours(house: House) -> None:
    start = now() - timedelta(hours=5)
    Account.objects.update(last_login=start)
    formula = Duration(Rows(Account.objects.all()), "last_login", "last_login")
    with installed(Indicator("orgs.time", "用时", "h", formula)):
        assert value("orgs.time").value == 0
        assert value("orgs.time").denominator == 3


def test_typed_values_need_evidence_and_two_people(
    house: House, django_capture_on_commit_callbacks: object
) -> None:
    today = county_day(now())
    with pytest.raises(InvalidInput):
        type_in("orgs.typed", house.chief, day=today, value=61.5, evidence=" ")
    with pytest.raises(InvalidInput):
        type_in("orgs.count", house.chief, day=today, value=1, evidence="文件")
    with pytest.raises(InvalidInput):
        type_in("orgs.typed", house.chief, day=today + timedelta(days=1), value=1, evidence="文件")
    with pytest.raises(Refused):
        type_in("orgs.typed", house.reader, day=today, value=1, evidence="文件")
    row = type_in("orgs.typed", house.chief, day=today, value=61.5, evidence="调查报告第3页")
    assert value("orgs.typed").value is None
    with pytest.raises(Refused):
        confirm(row, house.chief)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        confirm(row, house.second)
    assert value("orgs.typed").value == 61.5
    assert TypedValue.objects.get().confirmed_by == house.second


@pytest.mark.parametrize(
    ("indicators", "words"),
    [
        ((Indicator("orgs.a", "甲", "n", ALL), Indicator("orgs.a", "乙", "n", ALL)), "declared twice"),
        ((Indicator("other.a", "甲", "n", ALL),), "label of a module"),
        ((Indicator("orgs.a", "甲", "parsec", ALL),), "unit"),
        ((Indicator("orgs.a", " ", "n", ALL),), "no name"),
        ((Indicator("orgs.a", "甲", "n", Sum(ALL, "size")),), "no field size"),
        ((Indicator("orgs.a", "甲", "n", ALL, by=("colour",)),), "no field colour"),
        ((Indicator("orgs.a", "甲", "n", Typed(), by=("kind",)),), "only figures over rows"),
        ((Indicator("orgs.a", "甲", "n", Composite((("orgs.b", 1.0),))),), "unknown indicators"),
        ((Indicator("orgs.a", "甲", "n", Composite((("orgs.a", 0.4),))),), "weights sum"),
        ((Indicator("orgs.a", "甲", "n", Expression("x", {"x": "orgs.a"})),), "depends on itself"),
        ((Indicator("orgs.a", "甲", "n", Expression("x + y", {"x": "orgs.a"})),), "names"),
    ],
)
def test_wrong_declarations_stop_the_start(indicators: tuple[Indicator, ...], words: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=words):
        catalogue.install([Offer("orgs", indicators)])


def test_the_kernels_own_indicators_can_be_computed() -> None:
    for indicator in kernel_indicators.INDICATORS:
        found = value(indicator.key)
        assert not found.stale, found.error
        for dimension in indicator.dimensions:
            members(indicator.key, dimension.code)
