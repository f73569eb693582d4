"""The demo cases are made by the real steps, and only once."""

from qipan.kernel.access.models import RoleRow
from qipan.kernel.cases import demo, offers
from qipan.kernel.cases.case_types import CASE_TYPES
from qipan.kernel.cases.models import Case, CaseTypeSet
from qipan.kernel.cases.replay import replay
from qipan.kernel.cases.tests.conftest import PLACE, County
from qipan.kernel.cases.type_sets import publish_types
from qipan.kernel.maps.models import Place


def test_the_demo_builds_once_and_its_cases_hold_together(county: County) -> None:
    for role in offers.ROLES:
        defaults = {"label": str(role.label), "permissions": list(role.permissions)}
        RoleRow.objects.update_or_create(code=role.code, defaults=defaults)
    Place.objects.create(
        name="戴屯社区", kind="村居", lon=PLACE[0], lat=PLACE[1], division=county.village, demo=True
    )
    demo.build(7, 0.1, lambda *_: None)
    made = Case.objects.filter(demo=True)
    assert made.count() == 12
    assert made.exclude(state="reported").count() >= 10
    for case in made:
        assert replay(case.events.all()).state == case.state
    demo.build(7, 0.1, lambda *_: None)
    assert Case.objects.filter(demo=True).count() == 12


def test_the_shipped_types_have_limits_with_their_sources(county: County) -> None:
    publish_types("cases", "案件", CASE_TYPES)
    made = CaseTypeSet.objects.get(code="cases")
    assert made.types.count() == len(CASE_TYPES) == 22
    cover = made.types.get(code="cases.P001")
    assert (cover.severity, cover.public, cover.evidence) == (1, True, ["photo_after"])
    limit = cover.limit_for("handle")
    assert limit is not None and (limit.amount, limit.unit) == (24, "urgent_hour")
    assert "条例" in limit.source
