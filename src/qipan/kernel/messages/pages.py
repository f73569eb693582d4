"""A person's own messages."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import Refused
from qipan.kernel.messages import receipts

PAGE_SIZE = 30


def _account(request: HttpRequest) -> Account:
    if not isinstance(request.user, Account):
        raise Refused((_("请先登录"),))
    return request.user


def inbox(request: HttpRequest) -> HttpResponse:
    """Messages of the signed-in account; ``?show=unread`` leaves out those already read."""
    account = _account(request)
    rows = receipts.inbox(account)
    unread_only = request.GET.get("show") == "unread"
    if unread_only:
        rows = rows.filter(state__in=receipts.UNREAD)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "unread_only": unread_only,
        "unread": receipts.unread_count(account),
    }
    return render(request, "messages/inbox.html", context)


def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message of the signed-in account; opening it marks it read."""
    account = _account(request)
    delivery = get_object_or_404(receipts.inbox(account), pk=pk)
    receipts.mark_read(delivery, account)
    return render(request, "messages/message.html", {"delivery": delivery})


@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm a message, with an answer if one was typed."""
    account = _account(request)
    delivery = get_object_or_404(receipts.inbox(account), pk=pk)
    receipts.acknowledge(delivery, account, request.POST.get("text", "").strip())
    return redirect("messages:message", pk=pk)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark every message of the account read."""
    receipts.mark_all_read(_account(request))
    return redirect("messages:inbox")


# Path below /messages/, view, title, permission, in the menu.
PAGES = (
    ("", inbox, gettext_lazy("我的消息"), "signed-in", True),
    ("<int:pk>/", message, gettext_lazy("消息"), "signed-in", False),
    ("<int:pk>/acknowledge/", acknowledge, gettext_lazy("确认消息"), "signed-in", False),
    ("read/", read_all, gettext_lazy("全部标为已读"), "signed-in", False),
)
