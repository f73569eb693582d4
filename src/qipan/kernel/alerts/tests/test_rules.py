"""Levels, wording and verification arithmetic."""

import pytest

from qipan.kernel.alerts.rules import (
    Contingency,
    Span,
    channel_texts,
    graver,
    overlap,
    shortened,
    significant,
    sms_parts,
    township_of,
    verify,
)


def test_significant_digits_of_division_codes() -> None:
    assert significant("370000000000") == "37"
    assert significant("371500000000") == "3715"
    assert significant("371525000000") == "371525"
    assert significant("371525100000") == "371525100"
    assert significant("371525100201") == "371525100201"
    assert overlap("371525100000", "371525100201")
    assert overlap("371525100201", "371525000000")
    assert not overlap("371525100000", "371525101000")
    assert township_of("371525100201") == "371525100000"


def test_the_graver_colour() -> None:
    assert graver("yellow", "red") == "red"
    assert graver("orange", "blue") == "orange"


def test_short_messages_are_counted_as_networks_do() -> None:
    assert [sms_parts("字" * n) for n in (1, 70, 71, 134, 135, 201)] == [1, 1, 2, 2, 3, 3]


def test_texts_are_cut_at_a_sentence() -> None:
    assert shortened("短。", 10) == "短。"
    assert shortened("一二三四五。六七八九十", 8) == "一二三四五。"
    assert shortened("一二三四五六七八九十", 8) == "一二三四五六七…"
    texts = channel_texts("标" * 50, "内容" * 200, "指南", "【演练】")
    assert len(texts.led) == 40
    assert len(texts.speaker) <= 250
    assert texts.sms_parts == 3
    assert all(each.startswith("【演练】") for each in (texts.inbox, texts.sms, texts.speaker, texts.led))


def test_scores_by_hand() -> None:
    table = Contingency(hits=6, misses=2, false=4, quiet=88)
    assert table.pod == 0.75
    assert table.far == 0.4
    assert table.ts == 0.5
    assert table.bias == 1.25
    chance = 8 * 10 / 100
    assert table.ets == pytest.approx((6 - chance) / (12 - chance))
    empty = Contingency(0, 0, 0)
    assert (empty.pod, empty.far, empty.ts, empty.bias, empty.ets) == (None,) * 5


def test_warnings_are_matched_to_what_happened() -> None:
    warnings = [
        Span("371525000000", "yellow", 1000, 5000, at=0),
        Span("371525101000", "orange", 100_000, 200_000, at=90_000),
        Span("371525102000", "blue", 1000, 5000, at=500),
    ]
    occurrences = [
        Span("371525100000", "yellow", 2000, 3000),
        Span("371525101000", "yellow", 150_000, 160_000),  # milder than warned
        Span("371525103000", "red", 500_000, 600_000),
    ]
    table, leads, missed = verify(warnings, occurrences)
    assert (table.hits, table.misses, table.false) == (1, 2, 2)
    assert leads == [2000]
    assert missed == occurrences[1:]


def test_a_late_warning_has_a_negative_lead() -> None:
    _, leads, _ = verify(
        [Span("371525000000", "blue", 0, 9000, at=4000)], [Span("371525000000", "blue", 1000, 8000)]
    )
    assert leads == [-3000]
