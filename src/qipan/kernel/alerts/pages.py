"""The staff's pages: desk, one warning, draft, edit, sign, delivery, calls and outcome."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.audit import entries_of
from qipan.kernel.access.decide import decide, require
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.alerts import actions, recipients
from qipan.kernel.alerts.deliveries import texts_of
from qipan.kernel.alerts.forms import DraftForm, EditForm
from qipan.kernel.alerts.models import Alert, CallOut, Received, Recipient, State
from qipan.kernel.alerts.signing import may_sign, valid_signatures
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.ui import notices
from qipan.kernel.ui.declarations import page
from qipan.kernel.ui.rendering import render

SECTION = _("预警发布")
RECENT = 20
ACTIONS = {
    "alerts.alert.draft": _("起草"),
    "alerts.alert.evidence": _("添加依据"),
    "alerts.alert.strengthen": _("提高等级"),
    "alerts.alert.change": _("修改"),
    "alerts.alert.submit": _("送签"),
    "alerts.alert.sign": _("签发"),
    "alerts.alert.send-back": _("退回"),
    "alerts.alert.withdrawn": _("撤回"),
    "alerts.alert.discarded": _("作废"),
    "alerts.alert.publish": _("发布"),
    "alerts.alert.resend": _("补发"),
    "alerts.alert.update": _("起草更新"),
    "alerts.alert.lifted": _("解除"),
    "alerts.alert.cancelled": _("撤销"),
    "alerts.alert.expired": _("到期自动结束"),
    "alerts.outcome.link": _("关联案件"),
    "alerts.outcome.report": _("报送措施"),
}


def account_of(request: HttpRequest) -> Account:
    """The signed-in account; Refused for a visitor."""
    if not isinstance(request.user, Account):
        raise Refused((_now("请先登录"),))
    return request.user


def actor_of(request: HttpRequest) -> Actor:
    """Who asks: the middleware puts an Account or the one visitor there."""
    return cast(Actor, request.user)


def told(request: HttpRequest, done: str, action: Callable[[], object]) -> bool:
    """Run an action and tell on the next page what came of it."""
    try:
        action()
    except InvalidInput as error:
        notices.error(request, error.message)
        return False
    except Refused as error:
        notices.error(request, ";".join(error.reasons))
        return False
    except Conflict as error:
        notices.error(request, str(error))
        return False
    notices.success(request, done)
    return True


def find(request: HttpRequest, pk: int) -> Alert:
    """A warning with what its pages show; unpublished ones only for those who may see them."""
    rows = Alert.objects.select_related(
        "organisation", "replaces", "root", "drafted_by", "edited_by", "submitted_by", "published_by"
    )
    alert = get_object_or_404(rows.prefetch_related("areas"), pk=pk)
    if not alert.is_published:
        require(actor_of(request), "alerts.alert.view", alert)
    return alert


@page("desk/", _("预警工作台"), permission="alerts.alert.view", section=SECTION, icon="bell-ringing")
def desk(request: HttpRequest) -> HttpResponse:
    """What waits for whom, what is in force, who was not reached."""
    rows = Alert.objects.select_related("drafted_by").prefetch_related("areas", "evidence")
    overdue = CallOut.objects.filter(reached_at__isnull=True, due_at__lte=now(), alert__state=State.ACTIVE)
    context = {
        "drafts": rows.filter(state=State.DRAFT),
        "proposed": rows.filter(state=State.PROPOSED),
        "signed": rows.filter(state=State.SIGNED),
        "live": rows.filter(state=State.ACTIVE).order_by("-published_at"),
        "held": Received.objects.filter(state=Received.State.HELD).select_related("source"),
        "overdue": overdue.select_related("alert", "account"),
        "ended": rows.published().exclude(state=State.ACTIVE).order_by("-published_at")[:RECENT],
        "may_draft": decide(actor_of(request), "alerts.alert.add").allowed,
    }
    return render(request, "alerts/desk.html", context)


@page("new/", _("起草预警"), permission="alerts.alert.add", section=SECTION, icon="pencil")
def draft(request: HttpRequest) -> HttpResponse:
    """A draft by hand; texts left empty come from the event type."""
    form = DraftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            alert = actions.propose(
                data.pop("event"),
                data.pop("colour"),
                data.pop("areas"),
                drafted_by=account_of(request),
                **data,
            )
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            return redirect("alerts:detail", pk=alert.pk)
    return render(request, "alerts/draft.html", {"form": form}, status=400 if form.errors else 200)


@page("<int:pk>/", _("预警"), permission="signed-in", menu=False)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one warning: text, area, evidence, signatures, chain, trail."""
    alert = find(request, pk)
    chain = Alert.objects.filter(root=alert.first) | Alert.objects.filter(pk=alert.first.pk)
    own = (
        Recipient.objects.filter(alert=alert, account_id=request.user.pk).first() if request.user.pk else None
    )
    context = {
        "alert": alert,
        "texts": texts_of(alert),
        "chain": chain.order_by("created_at"),
        "evidence": alert.evidence.select_related("content_type", "added_by").prefetch_related("row"),
        "signatures": alert.signatures.select_related("account"),
        "trail": [(entry, ACTIONS.get(entry.action, entry.action)) for entry in entries_of(alert)[:50]],
        "may": _may(request, alert),
        "own": own,
        "tab": "detail",
    }
    return render(request, "alerts/detail.html", context)


def _may(request: HttpRequest, alert: Alert) -> dict[str, bool]:
    """Which buttons make sense for this actor now."""
    allowed = {
        verb: decide(actor_of(request), f"alerts.alert.{verb}", alert).allowed
        for verb in ("view", "change", "submit", "sign", "publish")
    }
    return {
        "view": allowed["view"],
        "edit": allowed["change"] and alert.state == State.DRAFT,
        "submit": allowed["submit"] and alert.state == State.DRAFT,
        "discard": allowed["submit"] and alert.state in (State.DRAFT, State.PROPOSED),
        "sign": allowed["sign"] and alert.state == State.PROPOSED,
        "publish": allowed["publish"] and alert.state == State.SIGNED,
        "withdraw": allowed["sign"] and alert.state == State.SIGNED,
        "update": allowed["change"] and alert.state == State.ACTIVE,
        "end": allowed["sign"] and alert.state == State.ACTIVE,
        "resend": allowed["publish"] and alert.state == State.ACTIVE,
    }


@page("<int:pk>/edit/", _("修改预警"), permission="alerts.alert.change", menu=False)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a draft, with a preview of what each channel will say."""
    alert = find(request, pk)
    form = EditForm(request.POST) if request.method == "POST" else EditForm.of(alert)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit(alert, account_of(request), **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        except Conflict as error:
            form.add_error(None, str(error))
        else:
            notices.success(request, _now("已保存"))
            return redirect("alerts:detail", pk=pk)
    context = {
        "alert": alert,
        "form": form,
        "texts": texts_of(alert),
        "tab": "edit",
        "may": _may(request, alert),
    }
    return render(request, "alerts/edit.html", context, status=400 if form.errors else 200)


@page("<int:pk>/sign/", _("签发预警"), permission="alerts.alert.sign", menu=False)
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """One screen for the signer: what is said, to whom, on what ground; password, or back with a reason."""
    alert = find(request, pk)
    by = account_of(request)
    if request.method == "POST":
        address = request.META.get("REMOTE_ADDR", "")
        password = request.POST.get("password", "")
        if told(request, _now("已签发"), lambda: actions.sign(alert, by, password=password, address=address)):
            return redirect("alerts:detail", pk=pk)
        return redirect("alerts:sign", pk=pk)
    context = {
        "alert": alert,
        "texts": texts_of(alert),
        "evidence": alert.evidence.prefetch_related("row"),
        "signatures": valid_signatures(alert),
        "reasons": may_sign(alert, by),
        "reach": len(recipients.resolve([area.code for area in alert.areas.all()], alert.event)),
        "may": _may(request, alert),
        "tab": "sign",
    }
    return render(request, "alerts/sign.html", context)


@page("<int:pk>/delivery/", _("送达情况"), permission="alerts.alert.view", menu=False)
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """Reach by township, renewed every two seconds, and who was not reached."""
    alert = find(request, pk)
    rows = recipients.reach(alert)
    total = recipients.Reach("", _now("合计"))
    for row in rows:
        for name in ("addressed", "sent", "delivered", "read", "acked", "failed"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    context = {
        "alert": alert,
        "rows": rows,
        "total": total,
        "unreached": recipients.unreached(alert)[:200],
        "calls": alert.callouts.select_related("account", "recorded_by"),
        "hows": CallOut.How.choices,
        "now": now(),
        "may": _may(request, alert),
        "tab": "delivery",
    }
    part = "alerts/reach.html" if request.headers.get("HX-Request") else "alerts/delivery.html"
    return render(request, part, context)


@page("<int:pk>/outcome/", _("处置结果"), permission="alerts.alert.view", menu=False)
def outcome(request: HttpRequest, pk: int) -> HttpResponse:
    """What the warning led to: cases, measures, messages, in the order of time."""
    alert = find(request, pk)
    context = {
        "alert": alert,
        "outcomes": alert.outcomes.select_related("content_type").prefetch_related("row"),
        "addressed": Recipient.objects.filter(alert=alert).count(),
        "may": _may(request, alert),
        "may_report": decide(actor_of(request), "alerts.alert.receive").allowed,
        "tab": "outcome",
    }
    return render(request, "alerts/outcome.html", context)
