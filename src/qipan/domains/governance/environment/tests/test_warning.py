"""Warning conditions: the document's cases, an independent slow reading, three winters replayed."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qipan.domains.governance.environment.series import Integers
from qipan.domains.governance.environment.standards import table_on, table_version
from qipan.domains.governance.environment.tests.prsa import history
from qipan.domains.governance.environment.tests.slow_warning import read
from qipan.domains.governance.environment.warning import (
    Condition,
    Mode,
    best_chain,
    find_episodes,
    plan_of,
    trigger_index,
)
from qipan.domains.governance.environment.warning_proposal import (
    ActiveWarning,
    Outlook,
    propose,
    replay,
    score,
)

TABLE = table_on("heavy_pollution_warning", date(2025, 12, 1))
PLAN = plan_of(TABLE)
START = datetime(2025, 12, 1)
HOUR = timedelta(hours=1)


def days(*levels: int) -> Integers:
    """Index of the windows that end in each hour, constant over each day, as if every window were its day."""
    return np.repeat(np.array(levels, dtype=np.int64), 24)


def ranks(index: Integers, mode: Mode = "sliding") -> list[int]:
    return [episode.rank for episode in find_episodes(index, START, PLAN, mode)]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((100, 201, 100), [1]),
        ((100, 200, 100), []),
        ((100, 151, 151, 100), [1]),
        ((100, 151, 150, 100), []),
        ((100, 201, 201, 100), [2]),
        ((100, 151, 151, 151, 100), [2]),
        ((100, 201, 201, 201, 100), [2]),
        ((100, 201, 301, 201, 100), [3]),
        ((100, 201, 301, 200, 100), [2]),
        ((100, 301, 301, 100), [2]),
        ((201, 201, 201, 301), [3]),
        ((201, 100, 100, 100, 201), [1, 1]),
    ],
)
def test_colours_of_the_document_by_calendar_days(levels: tuple[int, ...], expected: list[int]) -> None:
    # by calendar only the window that ends at midnight counts, so the levels are the days
    assert ranks(days(*levels), "calendar") == expected


def test_a_window_may_cross_midnight_when_sliding_only() -> None:
    index = np.full(96, 120, dtype=np.int64)
    index[40] = 210  # the window 17:00 … 17:00
    assert ranks(index, "sliding") == [1]
    assert ranks(index, "calendar") == []
    episode = find_episodes(index, START, PLAN)[0]
    assert (episode.start, episode.end) == (START + 17 * HOUR, START + 41 * HOUR)
    assert episode.evidence[0].windows == (210,)


def test_episodes_closer_than_36_hours_are_one() -> None:
    index = np.full(240, 90, dtype=np.int64)
    index[30], index[30 + 24 + 35] = 205, 205
    assert ranks(index) == [1]
    assert len(find_episodes(index, START, PLAN)[0].stages) == 2
    index[30 + 24 + 35], index[30 + 24 + 36] = 90, 205
    assert ranks(index) == [1, 1]


def test_evidence_names_the_days_and_numbers() -> None:
    episode = find_episodes(days(100, 230, 310, 220, 100), START, PLAN, "calendar")[0]
    met = {(e.condition.above, e.condition.hours): e.windows for e in episode.evidence}
    assert met == {
        (200, 24): (310,),
        (150, 48): (230, 310),
        (200, 48): (230, 310),
        (150, 72): (230, 310, 220),
        (200, 72): (230, 310, 220),
        (300, 24): (310,),
    }
    assert all(evidence.met for evidence in episode.evidence)


def test_missed_colour_shows_how_far_it_is() -> None:
    chain = best_chain(days(100, 210, 190, 100), START, Condition(200, 48), "calendar")
    assert chain is not None
    assert (chain.windows, chain.met, chain.start) == ((210, 190), False, datetime(2025, 12, 2))
    assert best_chain(days(100), START, Condition(200, 48)) is None


def test_trigger_index_leaves_dust_hours_out() -> None:
    values = np.full(48, 160.0)
    table = table_version("iaqi", "HJ 633-2026")
    assert trigger_index(values, table)[-1] == 210
    dust = np.zeros(48, dtype=np.bool_)
    dust[24:29] = True
    index = trigger_index(values, table, excluded=dust)
    assert (index[23], index[28], index[-1]) == (210, -1, -1)


def test_wrong_condition_is_refused() -> None:
    rows = {**TABLE.rows, "colours": {"yellow": {**TABLE.rows["colours"]["yellow"]}}}
    rows["colours"]["yellow"]["groups"] = [[{"above": 200, "hours": 30}]]
    with pytest.raises(ValueError, match="yellow: hours: 30"):
        plan_of(replace(TABLE, rows=rows))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(90, 340), st.integers(1, 60)), min_size=1, max_size=14),
    st.integers(0, 23),
    st.sampled_from(["sliding", "calendar"]),
)
def test_engine_equals_the_slow_reading(pieces: list[tuple[int, int]], clock: int, mode: Mode) -> None:
    index = np.concatenate([np.full(hours, level, dtype=np.int64) for level, hours in pieces])
    start = START + clock * HOUR
    found = find_episodes(index, start, PLAN, mode)
    expected = read(index.tolist(), mode == "calendar", clock)
    as_hours = [((e.start - start) // HOUR, (e.end - start) // HOUR, e.rank) for e in found]
    assert as_hours == [(e.first, e.last, e.colour) for e in expected]


@cache
def beijing() -> tuple[datetime, Integers]:
    """Index of the 12-station mean of PM2.5 in the whole PRSA period, and the beginning of its first hour."""
    values = history().values["pm25"]
    present = ~np.isnan(values)
    mean = np.full(values.shape[0], np.nan)
    some = present.any(axis=1)
    mean[some] = np.nanmean(values[some], axis=1)
    return datetime(2013, 3, 1), trigger_index(mean, table_version("iaqi", "HJ 633-2012"))


@pytest.mark.parametrize("winter", [2013, 2014, 2015])
def test_winter_replayed_with_perfect_forecasts_equals_an_independent_reading(winter: int) -> None:
    begin, index = beijing()
    first = int((datetime(winter, 11, 1) - begin) / HOUR)
    compared = 0
    for day in range(120):
        now = first + 24 * day + 12
        part = index[now - 240 : now + 168]
        start = begin + (now - 240) * HOUR
        for mode in ("sliding", "calendar"):
            proposal = propose(Outlook(start, part, part, part), begin + now * HOUR, PLAN, mode=mode)
            ahead = [e for e in read(part.tolist(), mode == "calendar", start.hour) if e.last > 240]
            assert proposal.rank == (ahead[0].colour if ahead else 0)
            if ahead:
                assert proposal.start == start + ahead[0].first * HOUR
                assert proposal.end == start + ahead[0].last * HOUR
                compared += 1
    assert compared > 20


def test_perfect_replay_hits_every_episode_in_time() -> None:
    begin, index = beijing()
    first, last = (int((datetime(*day) - begin) / HOUR) for day in ((2015, 11, 1), (2016, 3, 1)))

    def outlook(now: datetime) -> Outlook:
        row = int((now - begin) / HOUR)
        part = index[row - 720 : row + 168]
        return Outlook(begin + (row - 720) * HOUR, part, part, part)

    moments = [begin + hour * HOUR for hour in range(first, last, 24)]
    steps = replay(outlook, moments, PLAN)
    truth = find_episodes(index[first : last + 168], begin + first * HOUR, PLAN)
    scores = score(steps, truth)
    assert (scores.misses, scores.false_alarms) == (0, 0)
    assert (scores.hits, len(truth)) == (8, 8)
    assert min(scores.lead_hours[1:]) >= 48  # every one but the first, which begins 39 h into the replay
    assert max(one.rank for one in truth) == 3  # December 2015 had red warnings
    first_issues = [step.now for step in steps if step.proposal.action == "issue"]
    assert len(first_issues) == 8  # no warning published ahead is taken back while its episode is expected


def outlook_of(index: Integers, *, high: Integers | None = None, feed: bool = True) -> Outlook:
    return Outlook(START, index, index, index if high is None else high, feed)


def test_proposal_to_issue_with_lead_and_deadline() -> None:
    index = days(90, 90, 90, 210, 220, 90, 90, 90)
    proposal = propose(outlook_of(index), START, PLAN, mode="calendar")
    assert (proposal.action, proposal.rank, proposal.confidence) == ("issue", 2, "firm")
    assert (proposal.start, proposal.lead_hours) == (datetime(2025, 12, 4), 72.0)
    assert (proposal.publish_by, proposal.in_time) == (datetime(2025, 12, 2), True)
    late = propose(outlook_of(index), datetime(2025, 12, 3), PLAN, mode="calendar")
    assert late.in_time is False
    assert str(late.reasons[1]) == "距过程开始 24 小时,不足提前发布要求的 48 小时"


def test_possible_colour_comes_from_the_high_quantile() -> None:
    middle, high = days(90, 90, 90, 190, 90, 90), days(90, 90, 90, 260, 90, 90)
    proposal = propose(outlook_of(middle, high=high), START, PLAN, mode="calendar")
    assert (proposal.action, proposal.rank, proposal.possible_rank) == ("watch", 0, 1)
    assert proposal.confidence == "possible"
    assert str(proposal.reasons[0]) == "中位预报未达预警条件,90% 分位达到"


def test_without_weather_feed_beyond_two_days_is_low_confidence() -> None:
    index = days(90, 90, 90, 210, 90, 90)
    assert propose(outlook_of(index, feed=False), START, PLAN, mode="calendar").confidence == "low"
    near = propose(outlook_of(index, feed=False), datetime(2025, 12, 3), PLAN, mode="calendar")
    assert near.confidence == "firm"


@pytest.mark.parametrize(
    ("levels", "active_rank", "day", "expected"),
    [
        ((210, 210, 210, 310, 90, 90, 90), 1, 1, ("upgrade", 3)),
        ((210, 210, 210, 310, 90, 90, 90), 3, 1, ("keep", 3)),
        ((90, 90, 210, 90, 90, 90, 90), 1, 3, ("lift", 0)),
        ((90, 90, 210, 90), 1, 3, ("keep", 1)),
        ((90, 210, 210, 90, 210, 90, 90, 90), 2, 3, ("lower", 1)),
        ((90, 210, 90, 210, 90, 90, 90, 90), 1, 2, ("extend", 1)),
    ],
)
def test_changes_of_a_warning_in_force(
    levels: tuple[int, ...], active_rank: int, day: int, expected: tuple[str, int]
) -> None:
    active = ActiveWarning(active_rank, START, START + (96 if expected[0] == "keep" else 72) * HOUR)
    now = START + 24 * day * HOUR
    proposal = propose(outlook_of(days(*levels)), now, PLAN, active=active, mode="calendar")
    assert (proposal.action, proposal.rank) == expected


def test_warning_published_ahead_stays_until_its_episode_leaves_the_forecast() -> None:
    active = ActiveWarning(1, datetime(2025, 12, 5), datetime(2025, 12, 6))
    still = days(90, 90, 90, 90, 210, 90, 90, 90)
    gone = days(90, 90, 90, 90, 180, 90, 90, 90)
    proposals = [
        propose(outlook_of(index), START, PLAN, active=active, mode="calendar") for index in (still, gone)
    ]
    assert [proposal.action for proposal in proposals] == ["keep", "lift"]
