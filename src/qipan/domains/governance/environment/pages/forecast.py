"""The forecast: fan of a station with its past skill beside it, verification, and warning proposals."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import forecasting
from qipan.domains.governance.environment.forecast.dataset import POLLUTANTS
from qipan.domains.governance.environment.models import AirHour, ForecastSkill, Site, WarningProposal
from qipan.domains.governance.environment.situation import visible_sites
from qipan.kernel import lake
from qipan.kernel.base.clock import local, now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import page

SECTION = _("预报预警")
NAMES = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO₂", "no2": "NO₂", "co": "CO", "o3": "O₃"}
MEASURED_HOURS = 24


@page("forecast/", _("空气预报"), permission="environment.forecast.view", section=SECTION)
def fan(request: HttpRequest) -> HttpResponse:
    """1 to 72 hours of one pollutant at one station with its interval; how good such forecasts were."""
    sites = visible_sites(request.user, Site.Kind.TOWNSHIP_AIR).filter(assessed=True).order_by("code")
    pollutant = request.GET.get("pollutant", "pm25")
    if pollutant not in POLLUTANTS:
        raise InvalidInput("pollutant", gettext("未知的项目"))
    site = sites.filter(code=request.GET.get("site", "")).first() or sites.first()
    rows = _fan(site, pollutant) if site is not None else []
    skill = {row.lead_h: row for row in ForecastSkill.objects.filter(pollutant=pollutant)}
    context = {
        "sites": sites,
        "site": site,
        "pollutant": pollutant,
        "pollutants": NAMES.items(),
        "name": NAMES[pollutant],
        "unit": "mg/m³" if pollutant == "co" else "µg/m³",
        "rows": [(row, skill.get(row["lead_h"])) for row in rows if row["lead_h"] in forecasting.LEADS],
        "issued": rows[0]["issued"] if rows else None,
        "chart": _fan_chart(site, pollutant, rows) if rows and site else None,
        "skill": sorted(skill.values(), key=lambda row: row.lead_h),
        "model": forecasting.models().current_name(),
    }
    return render(request, "environment/forecast.html", context)


def _fan(site: Site, pollutant: str) -> list[dict[str, Any]]:
    """The newest issue of a station: one row per valid hour with the five quantiles."""
    table = lake.table(forecasting.forecasts())
    chosen = table.filter(
        table.place == site.code, table.quantity == pollutant, table.issued <= lake.forecast.naive(now())
    )
    newest = lake.query(chosen.agg(issued=chosen.issued.max()))["issued"][0].as_py()
    if newest is None:
        return []
    found = lake.query(chosen.filter(chosen.issued == newest).select("valid", "lead_h", "member", "value"))
    rows: dict[int, dict[str, Any]] = {}
    for one in found.to_pylist():
        row = rows.setdefault(
            one["lead_h"], {"issued": _aware(newest), "lead_h": one["lead_h"], "valid": _aware(one["valid"])}
        )
        row[f"p{one['member'] - lake.forecast.QUANTILE}"] = one["value"]
    return [rows[lead] for lead in sorted(rows)]


def _aware(moment: datetime) -> datetime:
    found = parse_datetime(f"{moment.isoformat()}+00:00")
    assert found is not None
    return found


def _fan_chart(site: Site, pollutant: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """ECharts option: what was measured, then the median within its 50 % and 80 % intervals."""
    issued = rows[0]["issued"]
    measured = list(AirHour.objects.filter(site=site, hour__lte=issued).order_by("-hour")[:MEASURED_HOURS])[
        ::-1
    ]
    labels = [f"{local(one.hour):%m-%d %H:00}" for one in measured]
    labels += [f"{local(row['valid']):%m-%d %H:00}" for row in rows]
    gap: list[float | None] = [None] * len(measured)
    return {
        "tooltip": {"trigger": "axis"},
        "legend": {},
        "xAxis": {"type": "category", "data": labels},
        "yAxis": {"type": "value", "name": "mg/m³" if pollutant == "co" else "µg/m³"},
        "series": [
            {
                "name": gettext("实测"),
                "type": "line",
                "showSymbol": False,
                "data": [getattr(one, pollutant) for one in measured],
            },
            {
                "name": gettext("中位预报"),
                "type": "line",
                "showSymbol": False,
                "data": gap + [_round(row.get("p50")) for row in rows],
            },
            *_band(gettext("80%区间"), ("p10", "p90"), 0.18, gap, rows),
            *_band(gettext("50%区间"), ("p25", "p75"), 0.3, gap, rows),
        ],
    }


def _band(
    name: str, bounds: tuple[str, str], opacity: float, gap: list[float | None], rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A filled interval: an invisible line at the bottom and the width stacked on it."""
    low, high = bounds
    bottom = gap + [_round(row.get(low)) for row in rows]
    width = gap + [_round((row.get(high) or 0) - (row.get(low) or 0)) for row in rows]
    common = {
        "type": "line",
        "stack": low,
        "showSymbol": False,
        "lineStyle": {"opacity": 0},
        "tooltip": {"show": False},
    }
    return [
        {**common, "name": f"{low}", "data": bottom, "silent": True},
        {**common, "name": name, "data": width, "areaStyle": {"opacity": opacity}},
    ]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


@page("forecast/verification/", _("预报检验"), permission="environment.forecast.view", section=SECTION)
def verification(request: HttpRequest) -> HttpResponse:
    """Error, bias, error of persistence and coverage of every pollutant by lead."""
    grouped: dict[str, list[ForecastSkill]] = {}
    for row in ForecastSkill.objects.order_by("pollutant", "lead_h"):
        grouped.setdefault(NAMES.get(row.pollutant, row.pollutant), []).append(row)
    context = {
        "grouped": grouped.items(),
        "cards": forecasting.models().cards()[:10],
        "leads": forecasting.LEADS,
    }
    return render(request, "environment/verification.html", context)


@page("warnings/", _("预警研判"), permission="environment.forecast.view", section=SECTION)
def warnings(request: HttpRequest) -> HttpResponse:
    """What the newest forecast proposes, why, and what earlier ones proposed."""
    newest = WarningProposal.objects.first()
    context = {
        "newest": newest,
        "earlier": WarningProposal.objects.exclude(action="none")[:50],
        "chart": _index_chart(newest) if newest else None,
    }
    return render(request, "environment/warnings.html", context)


def _index_chart(row: WarningProposal) -> dict[str, Any]:
    """24-hour index hour by hour in three quantiles with the plan's thresholds."""
    start = parse_datetime(row.series["start"])
    assert start is not None
    hours = len(row.series["p50"])
    labels = [f"{local(start + (number + 1) * forecasting.HOUR):%m-%d %H:00}" for number in range(hours)]
    names = {"p50": gettext("中位"), "p10": gettext("10%分位"), "p90": gettext("90%分位")}
    lines = [{"yAxis": 150}, {"yAxis": 200}, {"yAxis": 300}]
    series: list[dict[str, Any]] = [
        {"name": name, "type": "line", "showSymbol": False, "data": row.series[key]}
        for key, name in names.items()
    ]
    series[0]["markLine"] = {"silent": True, "symbol": "none", "data": lines}
    return {
        "tooltip": {"trigger": "axis"},
        "legend": {},
        "xAxis": {"type": "category", "data": labels},
        "yAxis": {"type": "value", "name": gettext("24小时指数")},
        "series": series,
    }


PAGES = (fan, verification, warnings)
