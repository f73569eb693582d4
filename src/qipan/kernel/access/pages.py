"""Sign-in, sign-out, own profile and the page that explains a decision."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from qipan.kernel.access import audit
from qipan.kernel.access.accounts import set_password
from qipan.kernel.access.decide import explain, grants_of, require
from qipan.kernel.access.models import Account, SignInFailure
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput

FREE_TRIES = 5
WINDOW = timedelta(minutes=15)


def wait_seconds(username: str, address: str) -> int:
    """Seconds until the next try: none for the first five in 15 minutes, then doubling up to 5 min."""
    since = now() - WINDOW
    rows = SignInFailure.objects.filter(at__gte=since)
    failures = max(rows.filter(username=username).count(), rows.filter(address=address).count() // 4)
    if failures < FREE_TRIES:
        return 0
    last = rows.filter(username=username).order_by("-at").first() or rows.order_by("-at").first()
    pause = min(300, 2 ** (failures - FREE_TRIES + 1))
    return max(0, int(pause - (now() - last.at).total_seconds())) if last else 0


@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Name and password; in demo mode the demo accounts are listed."""
    error, username = "", ""
    if request.method == "POST":
        username = request.POST.get("username", "").strip()
        error = _try(request, username, request.POST.get("password", ""))
        if not error:
            return HttpResponseRedirect(_next(request))
    accounts = Account.objects.filter(demo=True, listed=True).order_by("pk") if settings.DEMO else ()
    context = {"error": error, "username": username, "next": _next(request), "demo_accounts": accounts}
    page = render_to_string("access/sign_in.html", context, request)
    return HttpResponse(page, status=400 if error else 200)


def _try(request: HttpRequest, username: str, password: str) -> str:
    address = request.META.get("REMOTE_ADDR", "")
    wait = wait_seconds(username, address)
    if wait:
        return _("失败次数过多,请在%(seconds)d秒后再试") % {"seconds": wait}
    account = authenticate(request, username=username, password=password)
    if not isinstance(account, Account):
        SignInFailure.objects.create(username=username[:100], address=address)
        return _("账号或密码不正确")
    login(request, account)
    audit.record(account, "access.session.start", account, address=address)
    translation.activate(account.locale)
    return ""


def _next(request: HttpRequest) -> str:
    target = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if safe else "/"


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, Account):
        audit.record(request.user, "access.session.end", request.user)
    logout(request)
    return HttpResponseRedirect(reverse("sign-in"))


@sensitive_post_parameters("old", "new")
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Own account: roles held, language, password, and who read my data."""
    account = request.user
    if not isinstance(account, Account):
        return HttpResponseRedirect(reverse("sign-in") + "?next=" + request.path)
    error, done = "", False
    if request.method == "POST":
        error, done = _change_profile(request, account)
    readers = audit.entries_of(account).exclude(actor_id=account.pk)[:20]
    context = {
        "account": account,
        "grants": grants_of(account),
        "error": error,
        "done": done,
        "readers": readers,
    }
    page = render_to_string("access/profile.html", context, request)
    return HttpResponse(page, status=400 if error else 200)


def _change_profile(request: HttpRequest, account: Account) -> tuple[str, bool]:
    if "new" not in request.POST:
        account.locale = request.POST.get("locale", "zh-hans")
        if account.locale not in dict(settings.LANGUAGES):
            return _("未知语言"), False
        account.save(update_fields=["locale"])
        return "", True
    if not account.check_password(request.POST.get("old", "")):
        return _("原密码不正确"), False
    try:
        set_password(account, request.POST["new"], by=account)
    except InvalidInput as fault:
        return fault.message, False
    login(request, account, backend="qipan.kernel.access.backends.AccountBackend")
    return "", True


def explanation(request: HttpRequest) -> HttpResponse:
    """Why an account may or may not do something: the decision itself in words."""
    require(request.user, "access.explain.view")
    username, action = request.GET.get("account", ""), request.GET.get("action", "")
    account = Account.objects.filter(username=username).first()
    lines = explain(account, action) if account and action else []
    context = {
        "username": username,
        "action": action,
        "lines": lines,
        "unknown": bool(username and not account),
    }
    return HttpResponse(render_to_string("access/explanation.html", context, request))
