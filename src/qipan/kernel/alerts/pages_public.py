"""Residents' pages: what is in force, the archive, one warning with its proof, subscriptions."""

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from qipan.kernel.access import audit
from qipan.kernel.access.models import Account
from qipan.kernel.alerts.catalogue import event_types
from qipan.kernel.alerts.forms import areas_to_choose
from qipan.kernel.alerts.genuine import examine
from qipan.kernel.alerts.models import Alert, MessageType, State, Subscription
from qipan.kernel.alerts.pages import account_of
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.orgs.models import Division
from qipan.kernel.ui import notices
from qipan.kernel.ui.declarations import HomePanel, page
from qipan.kernel.ui.rendering import render
from qipan.protocols.cap import xml

ARCHIVE_DAYS = 90


@page("/public/alerts/", _("预警信息"), permission="public", icon="alert-triangle")
def public_list(request: HttpRequest) -> HttpResponse:
    """What is in force, gravest first, then the archive of three months."""
    rows = Alert.objects.for_public().prefetch_related("areas")
    since = now() - timedelta(days=ARCHIVE_DAYS)
    archive = rows.exclude(state__in=(State.ACTIVE, State.NOTICE)).filter(published_at__gte=since)
    context = {
        "live": gravest_first(list(rows.live())),
        "archive": archive.order_by("-published_at")[:100],
        "days": ARCHIVE_DAYS,
        "subscriptions": _subscriptions(request),
    }
    return render(request, "alerts/public_list.html", context)


def gravest_first(alerts: list[Alert]) -> list[Alert]:
    """By colour from red to blue, the newest of a colour first."""
    order = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
    newest = sorted(alerts, key=lambda alert: alert.published_at or alert.created_at, reverse=True)
    return sorted(newest, key=lambda alert: order[alert.colour])


def _subscriptions(request: HttpRequest) -> list[Subscription]:
    if not isinstance(request.user, Account):
        return []
    return list(Subscription.objects.filter(account=request.user))


@page("/public/alerts/<int:pk>/", _("预警"), permission="public", menu=False)
def public_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One warning from its first message to its end, with the digest that anybody can recompute."""
    first = Alert.objects.for_public().filter(pk=pk).select_related("root").first()
    if first is None:
        raise Http404(pk)
    root = first.first
    chain = Alert.objects.for_public().filter(root=root) | Alert.objects.for_public().filter(pk=root.pk)
    messages = list(chain.prefetch_related("areas").order_by("published_at", "pk"))
    warnings = [message for message in messages if message.message_type != MessageType.CANCEL]
    context = {"alert": warnings[-1] if warnings else root, "messages": messages}
    return render(request, "alerts/public_detail.html", context)


@page("/public/alerts/subscribe/", _("订阅预警"), permission="signed-in", menu=False)
@require_http_methods(["GET", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Choose where one wants to be warned; warnings then arrive in the inbox."""
    account = account_of(request)
    if request.method == "POST":
        _change(account, request)
        notices.success(request, _now("订阅已更新"))
        return redirect("alerts:subscribe")
    context = {
        "subscriptions": Subscription.objects.filter(account=account),
        "areas": areas_to_choose(),
        "events": event_types(),
        "names": dict(areas_to_choose()),
    }
    return render(request, "alerts/subscribe.html", context)


def _change(account: Account, request: HttpRequest) -> None:
    if "remove" in request.POST:
        Subscription.objects.filter(account=account, pk=request.POST["remove"]).delete()
        audit.record(account, "alerts.subscription.delete", account)
        return
    code, event = request.POST.get("code", ""), request.POST.get("event", "")
    if not Division.objects.filter(code=code, code__startswith=settings.COUNTY_CODE).exists():
        raise InvalidInput("code", _now("没有这个区划"))
    if event and event not in {kind.code for kind in event_types()}:
        raise InvalidInput("event", _now("没有这种事件类型:%s") % event)
    _row, made = Subscription.objects.get_or_create(account=account, code=code, event=event)
    if made:
        audit.record(account, "alerts.subscription.add", account, changes={"code": code, "event": event})


@page("/public/alerts/check/", _("核对预警真伪"), permission="public", menu=False)
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Hand in a CAP file (or its text) and hear whether it is genuine."""
    finding = None
    if request.method == "POST":
        file = request.FILES.get("file")
        data = file.read(xml.LIMIT + 1) if file else request.POST.get("text", "").strip().encode()
        finding = examine(data)
    return render(request, "alerts/check.html", {"finding": finding})


def banner(request: HttpRequest) -> tuple[str, dict[str, object]] | None:
    """The open warnings for the first page; nothing to say when there are none."""
    alerts = gravest_first(list(Alert.objects.live().prefetch_related("areas")))
    return ("alerts/banner.html", {"alerts": alerts}) if alerts else None


HOME_PANELS = (HomePanel("alerts.banner", banner, place="situation", order=0),)
