"""What residents see: the air now and tomorrow in plain words, what to do, what is warned of."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import outlook, situation
from qipan.domains.governance.environment.models import Grade, Site
from qipan.domains.governance.environment.rules import grade
from qipan.kernel.access.decide import decide
from qipan.kernel.alerts.models import Alert
from qipan.kernel.base.clock import county_day, now
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import HomePanel, page

# Health advice by grade, after HJ 633 table 2.
ADVICE = {
    Grade.NONE: _("暂时没有有效数据,不能判断空气质量。"),
    Grade.EXCELLENT: _("空气很好,可以正常外出活动和开窗通风。"),
    Grade.GOOD: _("空气不错;极少数特别敏感的人减少户外活动。"),
    Grade.LIGHT: _("儿童、老人和心脏、呼吸系统疾病患者减少长时间、高强度的户外锻炼。"),
    Grade.MODERATE: _("儿童、老人和患者避免户外锻炼;其他人适当减少户外运动。"),
    Grade.HEAVY: _("儿童、老人和患者留在室内,停止户外运动;其他人减少户外运动,外出戴口罩。"),
    Grade.SEVERE: _("所有人避免户外活动;儿童、老人和患者留在室内,避免消耗体力。"),
}


@dataclass(frozen=True)
class Outlook:
    """A daily index with its grade in words and colour."""

    aqi: int
    grade: Grade
    colour: str


@dataclass(frozen=True)
class Air:
    """One place as residents read it: newest hour, grade in words, advice, tomorrow."""

    code: str
    name: str
    now: situation.AirNow
    tomorrow: Outlook | None

    @property
    def grade(self) -> Grade:
        """Grade of the newest fresh hour."""
        return Grade(self.now.hour.grade) if self.now.hour else Grade.NONE

    @property
    def advice(self) -> Any:
        """What to do at this grade."""
        return ADVICE[self.grade]

    @property
    def primary(self) -> str:
        """Names of the primary pollutants."""
        names = {"PM25": "PM2.5", "SO2": "SO₂", "NO2": "NO₂", "O3": "O₃"}
        found = self.now.hour.primary if self.now.hour else []
        return "、".join(names.get(item, item) for item in found)


def outlook_of(index: int | None) -> Outlook | None:
    """Grade and colour of a daily index."""
    if index is None:
        return None
    level = Grade(grade(index, county_day(now())).level)
    return Outlook(index, level, situation.grade_colour(level))


@page("/public/environment/", _("空气质量"), permission="public", icon="leaf")
def public_air(request: HttpRequest) -> HttpResponse:
    """Air now and tomorrow per township, advice, warnings in force; ``?town=CODE`` puts one on top."""
    ahead = outlook.tomorrow()
    rows = [
        Air(
            one.site.township.code if one.site.township else one.site.code,
            one.site.township.name if one.site.township else one.site.name,
            one,
            outlook_of(ahead.get(one.site.code)),
        )
        for one in situation.air_now(Site.objects.assessed().order_by("code"))
    ]
    chosen = next((row for row in rows if row.code == request.GET.get("town", "")), None)
    county = outlook_of(situation.county_aqi(row.now for row in rows))
    context = {
        "rows": sorted(rows, key=lambda row: (row.now.aqi is None, -(row.now.aqi or 0), row.name)),
        "towns": rows,
        "chosen": chosen,
        "county": county,
        "county_advice": ADVICE[county.grade if county else Grade.NONE],
        "hour": max((row.now.hour.hour for row in rows if row.now.hour), default=None),
        "has_outlook": bool(ahead),
        "alerts": list(Alert.objects.for_public().live().prefetch_related("areas")),
    }
    return render(request, "environment/public.html", context)


def county_now(request: HttpRequest) -> tuple[str, dict[str, object]] | None:
    """The county's AQI on the first page; residents are led to their page, staff to the desk."""
    stations = situation.air_now(Site.objects.assessed())
    if not stations:
        return None
    county = outlook_of(situation.county_aqi(stations))
    staff = decide(request.user, "environment.site.view").allowed
    return "environment/home_air.html", {
        "county": county,
        "hour": max((one.hour.hour for one in stations if one.hour), default=None),
        "href": "environment:overview" if staff else "environment:public_air",
        "valid": sum(one.aqi is not None for one in stations),
        "stations": len(stations),
    }


PAGES = (public_air,)
HOME_PANELS = (HomePanel("environment.air", county_now, place="figures", order=90),)
