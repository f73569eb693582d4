"""Figures for programs: JSON under ``/api/indicators/`` and OpenMetrics text."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from ninja import Router
from ninja.errors import HttpError

from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Actor
from qipan.kernel.indicators import catalogue, drill
from qipan.kernel.indicators.declarations import Indicator
from qipan.kernel.indicators.models import DailyValue, Snapshot
from qipan.kernel.indicators.pages import VIEW, actor_of
from qipan.kernel.indicators.targets import standings
from qipan.kernel.indicators.values import Value, members, value
from qipan.kernel.ui.declarations import page

API = Router()


def readable(actor: Actor) -> list[Indicator]:
    """The indicators that an actor may read."""
    every = decide(actor, VIEW).allowed
    return [each for each in catalogue.every() if every or each.public]


def _find(request: HttpRequest, key: str) -> Indicator:
    found = next((each for each in readable(_caller(request)) if each.key == key), None)
    if found is None:
        raise HttpError(404, f"no indicator {key}")
    return found


def _caller(request: HttpRequest) -> Actor:
    return getattr(request, "auth", None) or actor_of(request)


def described(indicator: Indicator) -> dict[str, Any]:
    """What an indicator is."""
    return {
        "key": indicator.key,
        "name": str(indicator.name),
        "unit": indicator.unit,
        "direction": indicator.direction,
        "owner": str(indicator.owner),
        "clause": indicator.clause,
        "period": indicator.period,
        "dimensions": [each.code for each in indicator.dimensions],
    }


def shown(found: Value) -> dict[str, Any]:
    """A value with its time."""
    return {
        "value": found.value,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "as_of": found.as_of.isoformat(),
        "note": found.note,
        "stale": found.stale,
    }


@API.get("", summary="指标清单")
def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """Every readable indicator with its value and light."""
    answer = []
    readables = readable(_caller(request))
    found_values = [value(each.key) for each in readables]
    for each, found, how in zip(readables, found_values, standings(found_values), strict=True):
        goal = how.goal.value if how.goal else None
        answer.append({**described(each), **shown(found), "light": how.light, "target": goal})
    return answer


@API.get("/{key}", summary="一个指标")
def one(request: HttpRequest, key: str) -> dict[str, Any]:
    """One indicator with its value."""
    return {**described(_find(request, key)), **shown(value(key))}


@API.get("/{key}/values", summary="指标值")
def values(
    request: HttpRequest, key: str, by: str = "", start: str = "", end: str = ""
) -> list[dict[str, Any]]:
    """Daily values from ``start`` to ``end`` (ISO days), or the present value by dimension ``by``."""
    indicator = _find(request, key)
    if by:
        if by not in {each.code for each in indicator.dimensions}:
            raise HttpError(400, f"{key} has no dimension {by}")
        return [{"member": each.code, "name": each.name, **shown(each.value)} for each in members(key, by)]
    rows = DailyValue.objects.filter(key=key, dimension="")
    if start:
        rows = rows.filter(day__gte=start)
    if end:
        rows = rows.filter(day__lte=end)
    columns = ("day", "value", "numerator", "denominator")
    return [dict(zip(columns, row, strict=True)) for row in rows.order_by("day").values_list(*columns)]


@API.get("/{key}/rows", summary="指标背后的记录")
def rows(request: HttpRequest, key: str, part: str = "", page: int = 1) -> dict[str, Any]:
    """Keys of the rows behind the value that the caller may see, 100 a page, and how many are hidden."""
    _find(request, key)
    found = drill.rows(key, _caller(request))
    if not found.parts:
        return {"parts": [], "children": [each.key for each in found.children]}
    try:
        chosen = found.part(part)
    except LookupError as error:
        raise HttpError(404, str(error)) from error
    first = (max(page, 1) - 1) * 100
    keys = list(chosen.visible.order_by("pk").values_list("pk", flat=True)[first : first + 100])
    return {
        "parts": [{"code": each.code, "model": each.model._meta.label_lower} for each in found.parts],
        "part": chosen.code,
        "count": chosen.count,
        "hidden": chosen.hidden,
        "keys": keys,
    }


@API.get("/{key}/snapshots", summary="冻结值")
def frozen(request: HttpRequest, key: str) -> list[dict[str, Any]]:
    """Frozen values, newest period first."""
    _find(request, key)
    columns = (
        "period",
        "version",
        "value",
        "numerator",
        "denominator",
        "rows_digest",
        "row_count",
        "frozen_at",
    )
    snapshots = Snapshot.objects.filter(key=key).order_by("-period", "-version").values_list(*columns)
    return [dict(zip(columns, row, strict=True)) for row in snapshots]


@page("openmetrics", _("指标监控接口"), permission="public", menu=False)
@require_safe
def openmetrics(request: HttpRequest) -> HttpResponse:
    """Readable figures as OpenMetrics text; a figure without a value is left out."""
    lines = []
    for each in readable(actor_of(request)):
        found = value(each.key)
        if found.value is None:
            continue
        name = "qipan_" + each.key.replace(".", "_")
        help_text = str(each.name).replace("\\", "\\\\").replace("\n", "\\n")
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} gauge"]
        lines.append(f"{name} {found.value!r}")
    text = "\n".join([*lines, "# EOF"]) + "\n"
    return HttpResponse(text, content_type="application/openmetrics-text; version=1.0.0; charset=utf-8")
