"""Pages that no register gives: overview, quarantine, health board, rule forms and previews, frame reader."""

import json
from datetime import timedelta

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.decide import require, rows_for
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.sensing import forms, health_board, panels, read
from qipan.kernel.sensing.explaining import explain
from qipan.kernel.sensing.models import Datastream, RuleEvent, RuleRow, Session, Severity, Thing
from qipan.kernel.sensing.rules import editing
from qipan.kernel.sensing.rules.codec import load_rule
from qipan.kernel.sensing.rules.preview import Preview, preview
from qipan.kernel.ui import notices
from qipan.kernel.ui.admission import actor_of
from qipan.kernel.ui.declarations import page
from qipan.kernel.ui.rendering import render

EVENTS_SHOWN = 15
PREVIEW_SHOWN = 200
SECTION = _("设备与数据")


@page("", _("感知总览"), permission="sensing.thing.view", section=SECTION, icon="heart-rate-monitor")
def overview(request: HttpRequest) -> HttpResponse:
    """Figures, the map of all things, what rules have found and nobody has closed."""
    things = rows_for(actor_of(request), "sensing.thing.view", Thing.objects.all())
    counted = things.aggregate(
        active=Count("pk", filter=Q(state=Thing.State.ACTIVE)),
        waiting=Count("pk", filter=Q(state=Thing.State.QUARANTINE)),
        paused=Count("pk", filter=Q(state=Thing.State.PAUSED)),
        heard=Count("pk", filter=Q(last_heard_at__gt=now() - timedelta(minutes=10))),
    )
    events = rows_for(actor_of(request), "sensing.ruleevent.view", RuleEvent.objects.filter(ended_at=None))
    context = {
        "figures": counted,
        "online": Session.objects.filter(ended=None).count(),
        "events": events.select_related("rule", "thing").order_by("-started_at")[:EVENTS_SHOWN],
        "open_events": events.count(),
    }
    return render(request, "sensing/overview.html", context)


@page("quarantine/", _("待接入设备"), permission="sensing.thing.adopt", section=SECTION, icon="shield")
def quarantine(request: HttpRequest) -> HttpResponse:
    """Who called without being known, with what they sent; and streams whose unit nobody has confirmed."""
    things = rows_for(
        actor_of(request), "sensing.thing.adopt", Thing.objects.filter(state=Thing.State.QUARANTINE)
    )
    rows = list(things.prefetch_related("keys", "datastreams").order_by("-last_heard_at")[:100])
    latest = read.latest(stream.pk for thing in rows for stream in thing.datastreams.all())
    unconfirmed = rows_for(
        actor_of(request),
        "sensing.datastream.change",
        Datastream.objects.filter(confirmed=False).exclude(thing__state=Thing.State.QUARANTINE),
    )
    context = {
        "strangers": [
            {
                "thing": thing,
                "keys": list(thing.keys.all()),
                "streams": [
                    (stream, panels.written(stream, latest.get(stream.pk)))
                    for stream in list(thing.datastreams.all())[:12]
                ],
                "more": max(0, len(thing.datastreams.all()) - 12),
            }
            for thing in rows
        ],
        "total": things.count(),
        "unconfirmed": unconfirmed.select_related("thing", "property").order_by("thing", "code")[:200],
    }
    return render(request, "sensing/quarantine.html", context)


@page("health/", _("数据完整性"), permission="sensing.thing.view", section=SECTION, icon="checklist")
def health(request: HttpRequest) -> HttpResponse:
    """Completeness and silence by office, maker, protocol, township or kind; refused frames by reason."""
    way = request.GET.get("by", "organisation")
    things = rows_for(actor_of(request), "sensing.thing.view", Thing.objects.filter(state=Thing.State.ACTIVE))
    rows = things.select_related("organisation", "division__parent").prefetch_related("keys")
    names = {
        "organisation": _now("所属单位"),
        "maker": _now("厂家"),
        "protocol": _now("协议"),
        "township": _now("乡镇"),
        "kind": _now("类别"),
    }
    way = way if way in names else "organisation"
    context = {
        "board": health_board.board(rows, way),
        "way": way,
        "ways": names.items(),
        "way_name": names[way],
    }
    return render(request, "sensing/health.html", context)


@page("reader/", _("报文解读"), permission="sensing.framelog.view", section=SECTION, icon="zoom-check")
def reader(request: HttpRequest) -> HttpResponse:
    """A pasted HJ 212 frame told in words beside its bytes; nothing of it is stored."""
    form = forms.FrameForm(request.POST or None)
    meanings = []
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["frame"].replace("\\r\\n", "\r\n")
        meanings = explain(text.encode("utf-8", "replace"), now())
    return render(request, "sensing/reader.html", {"form": form, "meanings": meanings})


@page("rules/new-simple/", _("新建监测规则"), permission="sensing.rulerow.add", menu=False)
def new_rule(request: HttpRequest) -> HttpResponse:
    """A rule of one condition by form; its test runs at once, somebody else switches it on."""
    form = forms.RuleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        drafted = _draft(request, form, form.body())
        if drafted is not None:
            return redirect("sensing:rulerow-detail", drafted.pk)
    return render(request, "sensing/rule_form.html", {"form": form, "simple": True})


@page("rules/text/", _("编写监测规则"), permission="sensing.rulerow.add", menu=False)
def rule_text(request: HttpRequest) -> HttpResponse:
    """Any rule as JSON; begins with the newest wording of ``?rule=``."""
    initial = {}
    if request.GET.get("rule", "").isdigit():
        rule = get_object_or_404(RuleRow, pk=int(request.GET["rule"]))
        require(actor_of(request), "sensing.rulerow.change", rule)
        newest = rule.versions.order_by("-number").first()
        initial = {"body": json.dumps(newest.body, ensure_ascii=False, indent=2) if newest else "{}"}
    form = forms.RuleTextForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        drafted = _draft(request, form, form.cleaned_data["body"])
        if drafted is not None:
            return redirect("sensing:rulerow-detail", drafted.pk)
    return render(request, "sensing/rule_form.html", {"form": form, "simple": False})


def _draft(request: HttpRequest, form: forms.RuleForm | forms.RuleTextForm, body: object) -> RuleRow | None:
    account = request.user
    if not isinstance(account, Account) or not isinstance(body, dict):
        form.add_error(None, _now("规则内容必须是一个JSON对象"))
        return None
    try:
        version = editing.draft(body, account)
    except InvalidInput as error:
        form.add_error(None, error.message)
        return None
    text = _now("第%(number)d版已保存,状态:%(state)s")
    notices.success(request, text % {"number": version.number, "state": version.get_state_display()})
    return version.rule


@page("rules/<int:pk>/preview/<int:number>/", _("规则预演"), permission="sensing.rulerow.view", menu=False)
def rule_preview(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """What a wording would have said over the last days, beside the wording in force."""
    rule = get_object_or_404(
        rows_for(actor_of(request), "sensing.rulerow.view", RuleRow.objects.all()), pk=pk
    )
    version = get_object_or_404(rule.versions, number=number)
    form = forms.PreviewForm(request.GET if "days" in request.GET else {"days": 30})
    context: dict[str, object] = {"rule": rule, "version": version, "form": form}
    if form.is_valid():
        end = now()
        start = end - timedelta(days=form.cleaned_data["days"])
        found = preview(load_rule(version.body), start, end)
        active = rule.active_version
        context |= _told(found)
        if active is not None and active.pk != version.pk:
            context["in_force"] = len(preview(load_rule(active.body), start, end).events)
            context["active"] = active
    return render(request, "sensing/rule_preview.html", context)


def _told(found: Preview) -> dict[str, object]:
    option = {
        "grid": {"left": 40, "right": 16, "top": 16, "bottom": 32},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": list(found.per_day)},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [{"type": "bar", "name": _now("次数"), "data": list(found.per_day.values())}],
    }
    return {
        "found": found,
        "events": [(event, Severity(event.severity).label) for event in found.events[:PREVIEW_SHOWN]],
        "count": len(found.events),
        "option": option,
    }


@page("streams/<int:pk>/frame/", _("数值的报文"), permission="sensing.framelog.view", menu=False)
def value_frame(request: HttpRequest, pk: int) -> HttpResponse:
    """The frame that brought the value of ``?ts=`` (ISO 8601)."""
    stream = get_object_or_404(Datastream.objects.select_related("thing"), pk=pk)
    require(actor_of(request), "sensing.datastream.view", stream)
    form = forms.AnnulForm({"ts": request.GET.get("ts", "").replace(" ", "+"), "reason": "-"})
    found = read.frame_of(stream.pk, form.cleaned_data["ts"]) if form.is_valid() else None
    context: dict[str, object] = {"stream": stream, "frame": found}
    if found is not None:
        context |= panels.told(found)
    return render(request, "sensing/value_frame.html", context)


PAGES = (overview, quarantine, health, reader, new_rule, rule_text, rule_preview, value_frame)
