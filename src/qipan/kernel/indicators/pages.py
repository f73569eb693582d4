"""Pages of figures: all of them, one of them, the rows behind it, freezing, targets, typing in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from qipan.kernel.access.decide import decide, require
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.indicators import catalogue, drill, snapshots, targets, typing_in
from qipan.kernel.indicators.declarations import Indicator, Typed
from qipan.kernel.indicators.formula_words import words
from qipan.kernel.indicators.models import Snapshot, TargetVersion, TypedValue
from qipan.kernel.indicators.periodic import period_of
from qipan.kernel.indicators.values import Value, members, value
from qipan.kernel.ui import notices
from qipan.kernel.ui.declarations import Register, page
from qipan.kernel.ui.register.export import export
from qipan.kernel.ui.register.listing import Listing
from qipan.kernel.ui.register.masking import masking_for
from qipan.kernel.ui.rendering import render
from qipan.kernel.ui.site import site

LIGHTS = {"green": "ok", "amber": "warn", "red": "bad", "grey": "muted"}
LIGHT_NAMES = (
    ("green", _("达到路径")),
    ("amber", _("波动范围内")),
    ("red", _("落后")),
    ("grey", _("无目标")),
)
VIEW = "indicators.indicator.view"


@dataclass(frozen=True)
class Line:
    """A figure with how it stands."""

    indicator: Indicator
    value: Value
    standing: targets.Standing

    @property
    def tone(self) -> str:
        """Tone of its light."""
        return LIGHTS[self.standing.light]


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    return cast(Actor, request.user)


def account_of(request: HttpRequest) -> Account:
    """The signed-in account; Refused for a visitor."""
    if not isinstance(request.user, Account):
        raise Refused((_now("请先登录"),))
    return request.user


def find(request: HttpRequest, key: str) -> Indicator:
    """The indicator of an address; public ones are for everybody."""
    try:
        indicator = catalogue.get(key)
    except LookupError as error:
        raise Http404(str(error)) from error
    if not indicator.public:
        require(actor_of(request), VIEW)
    return indicator


def line_of(indicator: Indicator) -> Line:
    """A figure now and how it stands to its target."""
    found = value(indicator.key)
    return Line(indicator, found, targets.standing(found))


def lines_of(indicators: Sequence[Indicator]) -> list[Line]:
    """Many figures at once."""
    found = [value(each.key) for each in indicators]
    pairs = zip(indicators, found, targets.standings(found), strict=True)
    return [Line(indicator, each, how) for indicator, each, how in pairs]


@page("", _("指标"), permission=VIEW, icon="gauge")
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """All figures by system; filtered by system, light and words."""
    label, light, text = (request.GET.get(name, "").strip() for name in ("system", "light", "search"))
    names = {module.label: module.name for module in site.modules}
    chosen = [
        each
        for each in catalogue.every()
        if (not label or each.label == label) and (not text or text in str(each.name) or text in each.key)
    ]
    lines = [line for line in lines_of(chosen) if line.standing.light == light or not light]
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.indicator.label, []).append(line)
    context = {
        "groups": [(names.get(key, key), found) for key, found in groups.items()],
        "systems": [(key, names.get(key, key)) for key in sorted({e.label for e in catalogue.every()})],
        "label": label, "light": light, "text": text, "total": len(lines),
        "lights": LIGHT_NAMES,
    }  # fmt: skip
    return render(request, "indicators/board.html", context)


@page("<str:key>/", _("指标"), permission="public", menu=False)
@require_safe
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """One figure: value, path, formula in words, split by its dimensions, history, snapshots."""
    indicator = find(request, key)
    line = line_of(indicator)
    history = targets.history_of(key)
    goal = line.standing.goal
    path = targets.path_of(goal, history) if goal else None
    today = county_day(now())
    context = {
        "line": line,
        "indicator": indicator,
        "words": words(indicator.formula),
        "splits": [(each.caption, each.code, members(key, each.code)) for each in indicator.dimensions],
        "chart": _chart(indicator, history, [path.at(day) for day, _number in history] if path else []),
        "snapshots": Snapshot.objects.filter(key=key).select_related("frozen_by")[:20],
        "decisions": TargetVersion.objects.filter(key=key).select_related("set_by"),
        "typed": TypedValue.objects.filter(key=key).select_related("typed_by", "confirmed_by")[:20],
        "is_typed": isinstance(indicator.formula, Typed),
        "children": lines_of(drill.rows(key, actor_of(request)).children),
        "period": period_of(today, indicator.period),
        "today": today,
        "may": {
            verb: decide(actor_of(request), f"indicators.{verb}").allowed
            for verb in ("snapshot.add", "target.add", "typed.add", "typed.confirm")
        },
    }
    may = cast(dict[str, bool], context["may"])
    context["may"] = {name.replace(".", "_"): allowed for name, allowed in may.items()}
    return render(request, "indicators/detail.html", context)


def _chart(indicator: Indicator, history: list[Any], path: list[float]) -> dict[str, Any] | None:
    """ECharts option of the daily values and the target path; None before there are two."""
    if len(history) < 2:
        return None
    numbers = [[day.isoformat(), round(number, max(indicator.decimals, 1))] for day, number in history]
    series: list[dict[str, Any]] = [
        {"type": "line", "name": str(indicator.name), "data": numbers, "showSymbol": False}
    ]
    if path:
        aim = [[day.isoformat(), round(each, 2)] for (day, _number), each in zip(history, path, strict=True)]
        dashed = {"type": "dashed"}
        series.append(
            {"type": "line", "name": _now("目标路径"), "data": aim, "showSymbol": False, "lineStyle": dashed}
        )
    return {
        "xAxis": {"type": "time"},
        "yAxis": {"type": "value", "name": indicator.unit, "scale": True},
        "tooltip": {"trigger": "axis"},
        "legend": {},
        "series": series,
    }


class DrillListing(Listing):
    """The list of a register narrowed to the rows behind a figure.

    A dimension may be called like one of the register's filters and mean something else: its value narrows
    the rows behind the figure, never the filter.
    """

    def __init__(
        self, register: Register, request: HttpRequest, rows: QuerySet[Any], dimensions: Iterable[str]
    ) -> None:
        masking = masking_for(actor_of(request), register, register.as_columns())
        params = request.GET.copy()
        for name in dimensions:
            params.pop(name, None)
        super().__init__(register, actor_of(request), params, masking=masking)
        self.counted = rows

    def _scoped(self) -> QuerySet[Any]:
        return super()._scoped().filter(pk__in=self.counted.order_by().values("pk"))


@page("<str:key>/rows/", _("指标明细"), permission="public", menu=False)
@require_safe
def rows(request: HttpRequest, key: str) -> HttpResponse:
    """The rows behind a figure through their own register: columns, filters, CSV; how many are hidden."""
    indicator = find(request, key)
    by = {
        name: request.GET[name]
        for name in (each.code for each in indicator.dimensions)
        if name in request.GET
    }
    by = dict(list(by.items())[:1])
    try:
        found = drill.rows(key, actor_of(request), **by)
    except LookupError as error:
        raise Http404(str(error)) from error
    if not found.parts:
        return redirect("indicators:detail", key=key)
    try:
        part = found.part(request.GET.get("part", ""))
    except LookupError as error:
        raise Http404(str(error)) from error
    context: dict[str, Any] = {
        "indicator": indicator, "parts": found.parts, "part": part, "value": value(key, **by), "by": by,
        "hidden": part.hidden, "count": part.count,
    }  # fmt: skip
    if part.register is None:
        context |= {"columns": [part.model._meta.verbose_name], "rows": _plain_rows(part)}
        return render(request, "indicators/rows.html", context)
    listing = DrillListing(part.register, request, part.every, by)
    if kind := request.GET.get("format"):
        return cast(HttpResponse, export(request, listing, kind))
    url = part.register.url_name("detail")
    context |= {
        "listing": listing, "columns": listing.columns, "paging": listing.paging,
        "rows": [
            (reverse(url, args=[row.pk]), [column.cell(row, listing.masking) for column in listing.columns])
            for row in listing.page
        ],
    }  # fmt: skip
    return render(request, "indicators/rows.html", context)


def _plain_rows(part: drill.Part) -> list[tuple[str, list[dict[str, str]]]]:
    return [(site.url_for(row), [{"text": str(row)}]) for row in part.visible[:100]]


def _told(request: HttpRequest, done: str, action: Callable[[], object]) -> None:
    try:
        action()
    except InvalidInput as error:
        notices.error(request, error.message)
    except Refused as error:
        notices.error(request, ";".join(error.reasons))
    except Conflict as error:
        notices.error(request, str(error))
    else:
        notices.success(request, done)


@page("<str:key>/freeze/", _("冻结指标"), permission="indicators.snapshot.add", menu=False)
@require_POST
def freeze(request: HttpRequest, key: str) -> HttpResponse:
    """Freeze the present value for a period."""
    find(request, key)
    period, reason = request.POST.get("period", "").strip()[:10], request.POST.get("reason", "")
    by = account_of(request)
    if period:
        _told(request, _now("已冻结"), lambda: snapshots.freeze(key, period, by, reason=reason))
    return redirect("indicators:detail", key=key)


@page("snapshots/<int:pk>/", _("指标快照"), permission=VIEW, menu=False)
@require_safe
def snapshot(request: HttpRequest, pk: int) -> HttpResponse:
    """A frozen figure: proved anew, compared with the one before, its rows."""
    row = get_object_or_404(Snapshot.objects.select_related("frozen_by"), pk=pk)
    earlier = Snapshot.objects.filter(key=row.key, frozen_at__lt=row.frozen_at).order_by("-frozen_at").first()
    context = {
        "snapshot": row,
        "verified": snapshots.verify(row),
        "earlier": earlier,
        "explained": snapshots.explain(earlier, row) if earlier else None,
        "rows": row.rows.all()[:200],
    }
    return render(request, "indicators/snapshot.html", context)


class TargetForm(forms.Form):
    """A new target."""

    value = forms.FloatField()
    day = forms.DateField()
    document = forms.CharField(max_length=200)


class TypedForm(forms.Form):
    """A typed value."""

    value = forms.FloatField()
    day = forms.DateField()
    evidence = forms.CharField()


@page("<str:key>/target/", _("设定目标"), permission="indicators.target.add", menu=False)
@require_POST
def target(request: HttpRequest, key: str) -> HttpResponse:
    """Set a target by a decision document."""
    find(request, key)
    form, by = TargetForm(request.POST), account_of(request)
    if form.is_valid():
        _told(request, _now("目标已设定"), lambda: targets.set_target(key, by, **form.cleaned_data))
    else:
        notices.error(request, _now("请填写目标值、期限和依据文件"))
    return redirect("indicators:detail", key=key)


@page("<str:key>/type-in/", _("填报指标"), permission="indicators.typed.add", menu=False)
@require_POST
def type_in(request: HttpRequest, key: str) -> HttpResponse:
    """Type a value in with its evidence."""
    find(request, key)
    form, by = TypedForm(request.POST), account_of(request)
    if form.is_valid():
        _told(request, _now("已填报,待复核"), lambda: typing_in.type_in(key, by, **form.cleaned_data))
    else:
        notices.error(request, _now("请填写数值、日期和依据"))
    return redirect("indicators:detail", key=key)


@page("typed/<int:pk>/confirm/", _("复核填报"), permission="indicators.typed.confirm", menu=False)
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm a typed value."""
    row = get_object_or_404(TypedValue, pk=pk)
    by = account_of(request)
    _told(request, _now("已复核"), lambda: typing_in.confirm(row, by))
    return redirect("indicators:detail", key=row.key)
