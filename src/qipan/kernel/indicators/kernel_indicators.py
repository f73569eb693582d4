"""Figures over the kernel's own tables: cases, warnings, devices, messages."""

from datetime import timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from qipan.kernel.alerts.models import Alert, CallOut
from qipan.kernel.base.clock import now
from qipan.kernel.cases.models import Case
from qipan.kernel.indicators.declarations import Dimension, Duration, Indicator, Ratio, Rows, Target
from qipan.kernel.messages.models import Delivery
from qipan.kernel.sensing.models import RuleEvent, Thing

OWNER = _("县政府办公室")
TOWNSHIP = Dimension("township", "division__parent", _("乡镇街道"))
HOLDER = Dimension("holder", "holder", _("承办单位"))


def recent_cases() -> QuerySet[Any]:
    """Cases received within 90 days."""
    return Case.objects.filter(received_at__gte=now() - timedelta(days=90))


def recent_messages() -> QuerySet[Any]:
    """Deliveries of the last 30 days."""
    return Delivery.objects.filter(message__created_at__gte=now() - timedelta(days=30))


def active_things() -> QuerySet[Any]:
    """Devices that are expected to send."""
    return Thing.objects.filter(state="active")


def heard_things() -> QuerySet[Any]:
    """Devices heard from within 24 hours."""
    return active_things().filter(keys__last_heard_at__gte=now() - timedelta(hours=24)).distinct()


def closed_cases() -> QuerySet[Any]:
    """Cases of 90 days that are closed."""
    return recent_cases().filter(state="closed")


def overdue_cases() -> QuerySet[Any]:
    """Open cases past their time."""
    return Case.objects.overdue()


# judged in working time when a case closes; cases without any limit count as kept
IN_TIME = Q(in_time=True) | Q(in_time__isnull=True)
WARNINGS = Alert.objects.for_public().filter(message_type="Alert")

INDICATORS = (
    Indicator("cases.open", _("在办案件"), "n", Rows(Case.objects.open()),
              by=(TOWNSHIP, HOLDER), period="month", owner=OWNER, direction="", help=_("尚未结案的案件")),
    Indicator("cases.overdue", _("超期案件"), "n", Rows(overdue_cases), by=(TOWNSHIP, HOLDER), period="month",
              owner=OWNER, direction="down", target=Target(0, kind="hold", default=True)),
    Indicator("cases.closed_in_time", _("按期结案率"), "%",
              Ratio(Rows(closed_cases, IN_TIME), Rows(closed_cases)),
              decimals=1, by=(TOWNSHIP, HOLDER), owner=OWNER,
              target=Target(95, by="2023-12-31", kind="hold", default=True), help=_("近90天结案的案件")),
    Indicator("cases.hours_to_close", _("结案用时中位数"), "h",
              Duration(Rows(closed_cases), "received_at", "closed_at"), decimals=1, by=(TOWNSHIP, HOLDER),
              owner=OWNER, direction="down"),
    Indicator("alerts.live", _("生效预警"), "n", Rows(Alert.objects.live()), period="month", owner=OWNER,
              direction="", public=True),
    Indicator("alerts.published", _("发布预警"), "n", Rows(WARNINGS), by=("event", "colour"), owner=OWNER,
              direction="", public=True),
    Indicator("alerts.minutes_to_publish", _("送签到发布用时中位数"), "min",
              Duration(Rows(WARNINGS), "sent_at", "published_at", divide_by=60), decimals=1, by=("colour",),
              owner=OWNER, direction="down", target=Target(10, kind="hold", default=True)),
    Indicator("alerts.calls_answered_in_time", _("叫应按时应答率"), "%",
              Ratio(Rows(CallOut.objects.all(), Q(reached_at__lte=F("due_at"))), Rows(CallOut.objects.all())),
              decimals=1, by=(Dimension("division", "code", _("区划")),), owner=OWNER,
              target=Target(95, kind="hold", default=True)),
    Indicator("sensing.devices_heard", _("设备在线率"), "%", Ratio(Rows(heard_things), Rows(active_things)),
              decimals=1, by=(TOWNSHIP, Dimension("kind", "kind", _("类型"))), owner=OWNER,
              target=Target(95, kind="hold", default=True), help=_("近24小时有通信的在用设备")),
    Indicator("sensing.open_events", _("未消除的监测告警"), "n",
              Rows(RuleEvent.objects.filter(ended_at__isnull=True)),
              by=("severity",), period="month", owner=OWNER, direction="down"),
    Indicator("messages.delivered", _("消息送达率"), "%",
              Ratio(Rows(recent_messages, Q(state__in=("delivered", "sent", "read", "acked"))),
                    Rows(recent_messages)),
              decimals=1, by=("channel",), owner=OWNER, help=_("近30天")),
)  # fmt: skip
