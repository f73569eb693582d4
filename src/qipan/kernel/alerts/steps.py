"""Posts from the staff's pages: each step of a warning's life, told about on the page that follows."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from qipan.kernel.access.models import Account
from qipan.kernel.alerts import actions, intake, outcomes
from qipan.kernel.alerts.models import Alert, CallOut, Received
from qipan.kernel.alerts.pages import SECTION, account_of, find, told
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.ui.declarations import page
from qipan.kernel.ui.rendering import render

Step = Callable[[Alert, Account, HttpRequest], object]


def _publish(alert: Alert, by: Account, request: HttpRequest) -> object:
    return actions.publish(alert, by, channels=request.POST.getlist("channels") or ["inbox"])


def _called(alert: Alert, by: Account, request: HttpRequest) -> object:
    call = get_object_or_404(CallOut, pk=request.POST.get("call"), alert=alert)
    return actions.record_call(call, by, how=request.POST.get("how", ""), note=request.POST.get("note", ""))


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")


# Step -> (what is done, what is told, the page that follows).
STEPS: dict[str, tuple[Step, object, str]] = {
    "submit": (lambda a, by, r: actions.submit(a, by), _("已送签"), "detail"),
    "send-back": (lambda a, by, r: actions.send_back(a, by, reason=_reason(r)), _("已退回"), "detail"),
    "withdraw": (lambda a, by, r: actions.withdraw(a, by, reason=_reason(r)), _("已撤回"), "detail"),
    "discard": (lambda a, by, r: actions.discard(a, by, reason=_reason(r)), _("已作废"), "detail"),
    "publish": (_publish, _("已发布"), "delivery"),
    "resend": (
        lambda a, by, r: actions.resend(a, by, channel=r.POST.get("channel", "sms")),
        _("已补发"),
        "delivery",
    ),
    "acknowledge": (
        lambda a, by, r: actions.acknowledge(a, by, r.POST.get("text", "")),
        _("已确认收到"),
        "detail",
    ),
    "call": (_called, _("已登记"), "delivery"),
    "link-case": (
        lambda a, by, r: outcomes.link_case(a, by, number=r.POST.get("number", "")),
        _("已关联"),
        "outcome",
    ),
    "measures": (
        lambda a, by, r: outcomes.report_measures(a, by, r.POST.get("text", "")),
        _("已报送"),
        "outcome",
    ),
    "lift": (
        lambda a, by, r: actions.lift(a, by, password=r.POST.get("password", ""), reason=_reason(r)),
        _("已解除"),
        "detail",
    ),
    "cancel": (
        lambda a, by, r: actions.cancel(a, by, password=r.POST.get("password", ""), reason=_reason(r)),
        _("已撤销"),
        "detail",
    ),
}


@page("<int:pk>/do/<slug:step>/", _("办理预警"), permission="signed-in", menu=False)
@require_POST
def take(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Take one step; what was done or why not is told on the page that follows."""
    if step not in STEPS:
        raise InvalidInput("step", _now("没有这一步"))
    alert, by = find(request, pk), account_of(request)
    action, done, follows = STEPS[step]
    told(request, str(done), lambda: action(alert, by, request))
    return redirect(f"alerts:{follows}", pk=pk)


@page("<int:pk>/update/", _("更新预警"), permission="alerts.alert.change", menu=False)
@require_POST
def update(request: HttpRequest, pk: int) -> HttpResponse:
    """Draft an update of a live warning and open it for editing."""
    alert, by = find(request, pk), account_of(request)
    made: list[Alert] = []
    if told(request, _now("已生成更新草稿"), lambda: made.append(actions.update(alert, by))):
        return redirect("alerts:edit", pk=made[0].pk)
    return redirect("alerts:detail", pk=pk)


@page("received/<int:pk>/", _("接入报文"), permission="alerts.received.view", menu=False)
@require_http_methods(["GET", "POST"])
def received(request: HttpRequest, pk: int) -> HttpResponse:
    """A message from another platform: what it says, what is odd about it, use it or not."""
    row = get_object_or_404(Received.objects.select_related("source", "alert"), pk=pk)
    if request.method == "POST":
        by = account_of(request)
        if request.POST.get("what") == "adopt":
            made: list[Alert] = []
            if told(request, _now("已转为草稿"), lambda: made.append(intake.adopt(row, by))):
                return redirect("alerts:edit", pk=made[0].pk)
        else:
            told(request, _now("已记录"), lambda: intake.ignore(row, by, reason=_reason(request)))
        return redirect("alerts:received", pk=pk)
    text = bytes(row.data).decode("utf-8", errors="replace")
    return render(request, "alerts/received.html", {"row": row, "text": text, "section": SECTION})
