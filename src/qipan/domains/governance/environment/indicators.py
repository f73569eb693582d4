"""The environment's figures (plan clause 10) over live rows."""

from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment.models import AirDay, AirHour, HighValueAlarm, Site
from qipan.kernel.base.clock import now
from qipan.kernel.indicators.declarations import Dimension, Duration, Indicator, Mean, Ratio, Rows, Target

OWNER = _("市生态环境局冠县分局")
TOWNSHIP = Dimension("division", "site__township")


def _recent_hours() -> QuerySet[Any]:
    return AirHour.objects.filter(
        site__in=Site.objects.assessed(), hour__gt=now() - timedelta(hours=3), aqi__isnull=False
    )


INDICATORS = (
    Indicator(
        key="environment.townships_with_air_station",
        name=_("有有效空气数据的乡镇站占比"),
        unit="%",
        formula=Ratio(
            of=Rows(lambda: Site.objects.assessed().filter(hours__in=_recent_hours()).distinct()),
            over=Rows(lambda: Site.objects.assessed()),
        ),
        decimals=1,
        period="day",
        owner=OWNER,
        target=Target(100, kind="hold"),
        clause="10.4",
        reads=(AirHour,),
    ),
    Indicator(
        key="environment.alarms_visited",
        name=_("高值报警按时到场率"),
        unit="%",
        formula=Ratio(
            of=Rows(
                HighValueAlarm.objects.filter(case__isnull=False),
                where=Q(case__state="closed", case__closed_at__lte=F("case__due_at")),
            ),
            over=Rows(HighValueAlarm.objects.filter(case__isnull=False)),
        ),
        by=(TOWNSHIP,),
        period="month",
        owner=OWNER,
        target=Target(95, default=True),
        clause="10.6",
    ),
    Indicator(
        key="environment.alarms",
        name=_("高值报警数"),
        unit="n",
        formula=Rows(HighValueAlarm.objects.all()),
        by=(TOWNSHIP,),
        period="month",
        owner=OWNER,
        direction="down",
        clause="10.5",
    ),
    Indicator(
        key="environment.alarm_closure_hours",
        name=_("高值报警从发现到结案中位用时"),
        unit="h",
        formula=Duration(
            of=Rows(HighValueAlarm.objects.filter(case__closed_at__isnull=False)),
            start="started_at",
            end="case__closed_at",
        ),
        decimals=1,
        period="month",
        owner=OWNER,
        direction="down",
        clause="10.10",
    ),
    Indicator(
        key="environment.good_days_ratio",
        name=_("本年优良天数比例"),
        unit="%",
        formula=Ratio(
            of=Rows(lambda: _days_of_this_year(), where=Q(aqi__lte=100)),
            over=Rows(lambda: _days_of_this_year()),
        ),
        decimals=1,
        by=(TOWNSHIP,),
        period="month",
        owner=OWNER,
        clause="10.8",
        public=True,
    ),
    Indicator(
        key="environment.pm25_mean",
        name=_("本年 PM2.5 平均浓度"),
        unit="µg/m³",
        formula=Mean(of=Rows(lambda: _days_of_this_year()), field="pm25"),
        decimals=1,
        by=(TOWNSHIP,),
        period="month",
        owner=OWNER,
        direction="down",
        clause="10.8",
        public=True,
    ),
)


def _days_of_this_year() -> QuerySet[Any]:
    return AirDay.objects.filter(site__in=Site.objects.assessed(), day__year=now().year, aqi__isnull=False)
