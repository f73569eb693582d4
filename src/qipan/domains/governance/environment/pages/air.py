"""The air now: situation map, township list, station page, explanation of an index, ranking."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import explanation, ranking_tables, situation
from qipan.domains.governance.environment.models import AirHour, Site
from qipan.domains.governance.environment.quantities import FIELD_OF
from qipan.kernel.access.decide import require
from qipan.kernel.base.clock import COUNTY_ZONE, county_day, local, now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.sensing.models import Datastream
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import page

SECTION = _("空气质量")
CHART_HOURS = 72


@page("", _("环境态势"), permission="environment.site.view", section=SECTION)
def overview(request: HttpRequest) -> HttpResponse:
    """One map of every site, the county's figure and the stations from the worst to the best."""
    stations = situation.air_now(situation.visible_sites(request.user, Site.Kind.TOWNSHIP_AIR))
    micro = situation.air_now(situation.visible_sites(request.user, Site.Kind.MICRO))
    worst = sorted((one for one in stations if one.aqi is not None), key=lambda one: -(one.aqi or 0))
    silent = [one for one in stations if one.hour is None]
    county = situation.county_aqi(one for one in stations if one.site.assessed)
    context = {
        "county": county,
        "hour": max((one.hour.hour for one in stations if one.hour), default=None),
        "worst": worst[:10],
        "silent": silent,
        "valid": len(stations) - len(silent),
        "stations": len(stations),
        "micro_valid": sum(one.hour is not None for one in micro),
        "micro": len(micro),
    }
    return render(request, "environment/overview.html", context)


@page("air/", _("乡镇空气"), permission="environment.site.view", section=SECTION)
def air(request: HttpRequest) -> HttpResponse:
    """Every township station at its newest hour, with the six concentrations."""
    rows = situation.air_now(situation.visible_sites(request.user, Site.Kind.TOWNSHIP_AIR))
    context = {"rows": rows, "county": situation.county_aqi(rows), "fields": list(FIELD_OF.values())}
    return render(request, "environment/air.html", context)


@page("air/<str:code>/", _("站点"), permission="environment.site.view")
def station(request: HttpRequest, code: str) -> HttpResponse:
    """One station: live values with age and quality, three days of hours, what to do next."""
    site = _site(request, code)
    hours = list(AirHour.objects.filter(site=site).order_by("-hour")[:CHART_HOURS])[::-1]
    streams = Datastream.objects.filter(thing=site.thing, property__isnull=False).exclude(code__contains="/")
    live = streams.select_related("property", "latest").order_by("property__family", "code")
    context = {
        "site": site,
        "hours": hours,
        "newest": hours[-1] if hours else None,
        "readable": situation.readable(hours[-1]) if hours else [],
        "streams": live,
        "live_ids": ",".join(str(stream.pk) for stream in live),
        "chart": _hours_chart(hours),
    }
    return render(request, "environment/station.html", context)


def _site(request: HttpRequest, code: str) -> Site:
    site = Site.objects.select_related("thing", "township").filter(code=code).first()
    if site is None:
        raise Http404(gettext("没有这个点位"))
    require(request.user, "environment.site.view", site)
    return site


def _hours_chart(hours: list[AirHour]) -> dict[str, Any]:
    """ECharts option of AQI with PM2.5 beside it."""
    return {
        "tooltip": {"trigger": "axis"},
        "legend": {"data": ["AQI", "PM2.5"]},
        "xAxis": {"type": "category", "data": [f"{local(row.hour):%m-%d %H:00}" for row in hours]},
        "yAxis": [{"type": "value", "name": "AQI"}, {"type": "value", "name": "µg/m³"}],
        "series": [
            {"name": "AQI", "type": "bar", "data": [_coloured(row) for row in hours]},
            {
                "name": "PM2.5",
                "type": "line",
                "yAxisIndex": 1,
                "showSymbol": False,
                "data": [row.pm25 for row in hours],
            },
        ],
    }


def _coloured(row: AirHour) -> dict[str, Any]:
    return {"value": row.aqi, "itemStyle": {"color": situation.grade_colour(row.grade)}}


@page("air/<str:code>/explain/", _("AQI 解释"), permission="environment.site.view")
def explain(request: HttpRequest, code: str) -> HttpResponse:
    """Why the index of an hour or day is what it is, under its own edition and under the other."""
    site = _site(request, code)
    told = _explained(request, site)
    return render(request, "environment/explain.html", {"site": site, **told})


@page("api/aqi/explain", _("AQI 解释接口"), permission="environment.site.view", menu=False)
def explain_api(request: HttpRequest) -> HttpResponse:
    """The same as JSON: ``?site=CODE&hour=ISO`` or ``&day=YYYY-MM-DD``, ``&edition=2012|2026``."""
    if not request.GET.get("site"):
        raise InvalidInput("site", gettext("请用 site 参数给出点位编码"))
    site = _site(request, request.GET["site"])
    told = _explained(request, site)
    return JsonResponse(
        {"site": site.code, "when": told["when"], **told["details"]},
        json_dumps_params={"ensure_ascii": False},
    )


def _explained(request: HttpRequest, site: Site) -> dict[str, Any]:
    edition = request.GET.get("edition", "")
    if edition not in ("", "2012", "2026"):
        raise InvalidInput("edition", gettext("只有2012和2026两版"))
    if text := request.GET.get("day", ""):
        day = parse_date(text)
        if day is None:
            raise InvalidInput("day", gettext("日期格式为 YYYY-MM-DD"))
        return explanation.of_day(site, day, edition)
    hour = _hour(request, site)
    return explanation.of_hour(site, hour, edition)


def _hour(request: HttpRequest, site: Site) -> datetime:
    text = request.GET.get("hour", "").replace(" ", "+")
    if not text:
        newest = AirHour.objects.filter(site=site).order_by("-hour").first()
        return newest.hour if newest else now().replace(minute=0, second=0, microsecond=0)
    found = parse_datetime(text)
    if found is None:
        raise InvalidInput("hour", gettext("时次格式为 ISO 8601"))
    return (found if found.tzinfo else found.replace(tzinfo=COUNTY_ZONE)).astimezone(UTC)


@page("ranking/", _("乡镇排名"), permission="environment.site.view", section=SECTION)
def ranking(request: HttpRequest) -> HttpResponse:
    """Townships by hour, day, month or year, with last year beside it, and without one station."""
    period = request.GET.get("period", "hour")
    if period not in ranking_tables.PERIODS:
        raise InvalidInput("period", gettext("未知的排名时段"))
    day = parse_date(request.GET.get("day", "")) or county_day(now())
    rows = ranking_tables.rows(period, day, without=request.GET.get("without", ""))
    context = {
        "period": period,
        "periods": ranking_tables.PERIODS.items(),
        "day": day,
        "rows": rows,
        "without": request.GET.get("without", ""),
        "sites": Site.objects.assessed().select_related("township"),
        "previous": day - timedelta(days=1),
        "next": min(day + timedelta(days=1), county_day(now())),
    }
    return render(request, "environment/ranking.html", context)


PAGES = (overview, air, station, explain, explain_api, ranking)
