"""Candidates for merging: near, same object, same family, open; scores that rise and fall as they should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qipan.kernel.cases.actions import Spot, act, report
from qipan.kernel.cases.duplicate_scores import Nearby, judge, reach_m, similarity
from qipan.kernel.cases.duplicates import find_duplicates
from qipan.kernel.cases.models import Case
from qipan.kernel.cases.tests.conftest import PLACE, Clock, County
from qipan.kernel.cases.tests.test_flow import smoke
from qipan.kernel.cases.tests.test_pages import signed_in

METRE = 1 / 111_000  # of latitude, in degrees


def waste(county: County, north_m: float = 0.0, **fields: object) -> Case:
    """A report so many metres north of the usual place."""
    place = Spot(
        PLACE[0], PLACE[1] + north_m * METRE, accuracy_m=5.0, division=county.village, grid=county.grid
    )
    given = {"by": county.resident, "place": place, "organisation": county.office, **fields}
    return report("test.waste", "路口垃圾成堆", "三天没人清", **given)  # type: ignore[arg-type]


def test_a_second_report_at_the_place_finds_the_first(county: County, clock: Clock) -> None:
    first = waste(county)
    clock.advance(hours=5)
    second = waste(county, north_m=8, by=county.stranger)
    (found,) = find_duplicates(second)
    assert found.case == first
    assert found.distance_m == pytest.approx(8, abs=0.1)
    assert found.reasons == ("place", "recent", "type", "words")
    assert found.score > 0.7
    assert find_duplicates(first) == []


def test_far_closed_later_and_other_matters_are_no_candidates(county: County, clock: Clock) -> None:
    waste(county, north_m=60)
    ended = waste(county)
    act(ended, "withdraw", county.resident)
    smoke(county)
    case = waste(county, by=county.stranger)
    clock.advance(hours=1)
    waste(county)
    assert find_duplicates(case) == []


def test_the_same_object_needs_no_place(county: County) -> None:
    first = waste(county, north_m=400, object_id="3715250101000001")
    second = waste(county, object_id="3715250101000001")
    (found,) = find_duplicates(second)
    assert found.case == first and found.reasons[0] == "object"


def test_merging_from_the_page_and_back(county: County) -> None:
    first, second = waste(county), waste(county, north_m=3)
    browser = signed_in(county.clerk)
    page = browser.get(f"/cases/{second.pk}/").content.decode()
    assert "可能重复" in page and first.number in page
    browser.post(f"/cases/{second.pk}/steps/merge/", {"master": first.number})
    second.refresh_from_db()
    assert (second.state, second.master) == ("merged", first)
    browser.post(f"/cases/{second.pk}/steps/unmerge/", {"reason": "不是同一处"})
    second.refresh_from_db()
    assert (second.state, second.master) == ("reported", None)


def near(distance: float | None = 5.0, age: float = 10.0, **fields: object) -> Nearby:
    """A neighbour of the same type without other marks."""
    given = {"same_object": False, "same_type": True, "similarity": 0.0, "same_reporter": False, **fields}
    return Nearby(distance, age, **given)  # type: ignore[arg-type]


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 1000), st.floats(0, 1))
def test_scores_stay_in_bounds_and_fall_with_distance(a: float, b: float, age: float, words: float) -> None:
    low, high = sorted((a, b))
    closer, farther = (
        judge(near(low, age, similarity=words), 50),
        judge(near(high, age, similarity=words), 50),
    )
    assert 0 <= farther.score <= closer.score <= 1


def test_each_mark_raises_the_score() -> None:
    plain = judge(near(), 25).score
    assert judge(near(same_reporter=True), 25).score > plain
    assert judge(near(similarity=0.9), 25).score > plain
    assert judge(near(age=100.0), 25).score < plain
    assert judge(near(same_type=False), 25).score < plain
    assert judge(near(None), 25).score == 0
    assert judge(near(26.0), 25).score == 0


def test_texts_and_reach() -> None:
    assert similarity("路口垃圾成堆", "路口 垃圾成堆") == 1
    assert similarity("", "") == 0
    assert similarity("甲", "乙") == 0
    assert (reach_m("event", None, None), reach_m("event", 10, 20), reach_m("call", 0, 0)) == (25, 55, 500)
    assert reach_m("event", 5000, 0) == 100
