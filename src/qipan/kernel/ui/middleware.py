"""Errors of the ground floor told in plain words, in the form that the caller reads."""

import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.ui.rendering import render

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fault:
    """What went wrong, for a page or for a program."""

    status: int
    code: str
    message: str
    field: str = ""
    reasons: tuple[str, ...] = ()


def fault_of(error: BaseException) -> Fault | None:
    """The fault that an exception stands for; None when it is a defect of ours."""
    if isinstance(error, InvalidInput):
        return Fault(400, "invalid", error.message, error.field)
    if isinstance(error, Refused):
        return Fault(403, "refused", ";".join(error.reasons), reasons=error.reasons)
    if isinstance(error, Conflict):
        return Fault(409, "conflict", str(error) or _("这条记录刚被他人修改,请刷新后重试"))
    if isinstance(error, OperationalError) and "statement timeout" in str(error):
        return Fault(503, "too-broad", _("查询范围过大,请增加筛选条件后重试"))
    if isinstance(error, OperationalError | InterfaceError):
        return Fault(503, "unavailable", _("数据库暂时不可用,请稍后重试"))
    return None


def wants_json(request: HttpRequest) -> bool:
    """The caller is a program: it asks for JSON before HTML."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a visitor to sign in and back again; htmx is told to leave the page, not to fill a part of it."""
    if request.headers.get("HX-Request") != "true":
        return redirect_to_login(request.get_full_path())
    page = urlsplit(request.headers.get("HX-Current-URL", "/"))
    back = page.path + (f"?{page.query}" if page.query else "")
    answer = HttpResponse()
    answer["HX-Redirect"] = redirect_to_login(back)["Location"]
    return answer


class PlainErrors(MiddlewareMixin):
    """Turns InvalidInput, Refused, Conflict and a lost database into answers that explain."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """An answer for the exceptions that speak to the user; None leaves the others to Django."""
        fault = fault_of(exception)
        if fault is None:
            return None
        if fault.status == 503:
            log.error("%s %s: %s", request.method, request.path, exception)
        if wants_json(request):
            content = {"code": fault.code, "message": fault.message, "field": fault.field}
            return JsonResponse(content, status=fault.status)
        if fault.code == "refused" and not isinstance(request.user, Account):
            return to_sign_in(request)
        return render(request, f"{fault.status}.html", {"fault": fault}, status=fault.status)
