"""Panels of the detail pages: a thing's streams and frames, a stream's chart, a rule's wording and tests."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from qipan.kernel.access.decide import decide
from qipan.kernel.base.clock import now
from qipan.kernel.sensing import quality, read
from qipan.kernel.sensing.explaining import explain, hex_lines
from qipan.kernel.sensing.models import Datastream, FrameLog, Latest, Order, RuleRow, Thing
from qipan.kernel.sensing.rules.codec import load_rule
from qipan.kernel.sensing.rules.wording import sentences
from qipan.kernel.ui.admission import actor_of

FRAMES_SHOWN = 12
CHART_HOURS = {"day": 24, "week": 24 * 7, "month": 24 * 30}
CHART_POINTS = 400


def streams(_request: HttpRequest, thing: Thing) -> Mapping[str, object]:
    """Every stream of a thing with its latest value, age and quality."""
    rows = list(thing.datastreams.select_related("property").order_by("code"))
    latest = read.latest(row.pk for row in rows)
    return {"rows": [_shown(row, latest.get(row.pk)) for row in rows]}


def _shown(row: Datastream, latest: Latest | None) -> dict[str, object]:
    late = latest is not None and now() - latest.ts > timedelta(seconds=3 * row.step_s)
    return {
        "stream": row,
        "latest": latest,
        "text": written(row, latest),
        "labels": quality.labels(latest.quality) if latest else [],
        "late": late,
        "stale_s": 3 * row.step_s,
    }


def written(row: Datastream, latest: Latest | None) -> str:
    """A latest value as it is shown."""
    if latest is None:
        return "—"
    if latest.value is None:
        return latest.text or "—"
    return f"{latest.value:.{row.decimals}f}"


def frames(request: HttpRequest, thing: Thing) -> Mapping[str, object]:
    """The newest frames of a thing, each with its bytes and its meaning, and counts of refusals by reason."""
    if not decide(actor_of(request), "sensing.framelog.view", thing).allowed:
        return {"allowed": False}
    names = list(thing.keys.values_list("protocol", "key"))
    since = now() - timedelta(days=7)
    rows = FrameLog.objects.filter(
        protocol__in={name for name, _key in names}, key__in={key for _name, key in names}, received__gt=since
    )
    shown = list(rows.order_by("-received")[:FRAMES_SHOWN])
    reasons: dict[str, int] = {}
    for reason in rows.filter(outcome=FrameLog.Outcome.REFUSED).values_list("reason", flat=True)[:5000]:
        reasons[reason] = reasons.get(reason, 0) + 1
    return {
        "allowed": True,
        "frames": [{"row": row, **told(row)} for row in shown],
        "reasons": sorted(reasons.items(), key=lambda item: -item[1]),
    }


def told(row: FrameLog) -> dict[str, object]:
    """A logged frame's bytes and, for a protocol we can read aloud, its meaning."""
    raw = bytes(row.raw)
    meanings = explain(raw, row.received) if row.protocol == "hj212" else []
    return {"hexadecimal": hex_lines(raw), "meanings": meanings}


def frame(_request: HttpRequest, row: FrameLog) -> Mapping[str, object]:
    """One frame's bytes and meaning side by side."""
    return told(row)


def chart(request: HttpRequest, stream: Datastream) -> Mapping[str, object]:
    """The recent course of a stream with its flagged values marked."""
    span = request.GET.get("span", "day")
    hours = CHART_HOURS.get(span, 24)
    end = now()
    start = end - timedelta(hours=hours)
    step = None if hours * 3600 / max(stream.step_s, 1) <= CHART_POINTS else hours * 3600 // CHART_POINTS
    table = read.history([stream.pk], start, end, step)
    points = [
        [ts.isoformat(), value, flags]
        for ts, value, flags in zip(
            table["ts"].to_pylist(), table["value"].to_pylist(), table["quality"].to_pylist(), strict=True
        )
    ]
    return {
        "option": _option(stream, points),
        "chart_id": f"stream-{stream.pk}",
        "spans": [("day", _("一天")), ("week", _("一周")), ("month", _("一月"))],
        "span": span if span in CHART_HOURS else "day",
        "count": len(points),
        "stream": stream,
        "latest": read.latest([stream.pk]).get(stream.pk),
    }


def _option(stream: Datastream, points: list[list[Any]]) -> dict[str, Any]:
    flagged = [point[:2] for point in points if point[1] is not None and not quality.good(point[2])]
    return {
        "grid": {"left": 56, "right": 16, "top": 24, "bottom": 32},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "time"},
        "yAxis": {"type": "value", "name": stream.unit, "scale": True},
        "series": [
            {
                "name": stream.title,
                "type": "line",
                "showSymbol": False,
                "connectNulls": False,
                "data": [[point[0], point[1] if quality.good(point[2]) else None] for point in points],
            },
            {"name": _("有质量标记"), "type": "scatter", "symbolSize": 5, "data": flagged},
        ],
    }


def values(_request: HttpRequest, stream: Datastream) -> Mapping[str, object]:
    """The newest values one by one, with their flags and whether the frame is kept."""
    end = now() + timedelta(days=1)
    table = read.history([stream.pk], end - timedelta(days=2), end)
    start = max(0, table.num_rows - 40)
    rows = [
        {"ts": ts, "value": value, "labels": quality.labels(flags)}
        for ts, value, flags in zip(
            table["ts"].to_pylist()[start:],
            table["value"].to_pylist()[start:],
            table["quality"].to_pylist()[start:],
            strict=True,
        )
    ]
    return {"rows": rows[::-1], "stream": stream}


def wording(_request: HttpRequest, rule: RuleRow) -> Mapping[str, object]:
    """A rule's versions: wording in JSON, tests, who drafted and who switched on."""
    versions = list(rule.versions.select_related("drafted_by", "activated_by")[:5])
    return {
        "rule": rule,
        "versions": [
            {
                "row": row,
                "body": json.dumps(row.body, ensure_ascii=False, indent=2),
                "sentences": sentences(load_rule(row.body)),
            }
            for row in versions
        ],
    }


def orders_of(thing: Thing) -> Any:
    """Orders to any key of a thing."""
    return Order.objects.filter(device_key__thing=thing).select_related("device_key", "by")
