"""Every error of the API in one shape: ``{"code", "message", "field"}``."""

import logging
from collections.abc import Callable
from functools import partial

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import Conflict, InvalidInput, Refused
from qipan.kernel.ui.middleware import fault_of

log = logging.getLogger(__name__)
CODES = {
    400: "invalid",
    401: "unauthenticated",
    403: "refused",
    404: "not-found",
    409: "conflict",
    429: "too-many",
}
Answer = Callable[..., HttpResponse]
Handler = Callable[[HttpRequest, Exception, Answer], HttpResponse]


def install(api: NinjaAPI) -> None:
    """Answer the known exceptions in the one shape."""

    def answer(request: HttpRequest, status: int, code: str, message: str, field: str = "") -> HttpResponse:
        content = {"code": code, "message": message, "field": field}
        return api.create_response(request, content, status=status)

    handlers: dict[type[Exception], Handler] = {
        Http404: _not_found,
        AuthenticationError: _unauthenticated,
        HttpError: _http_error,
        ValidationError: _validation_error,
        **dict.fromkeys((InvalidInput, Refused, Conflict, OperationalError, InterfaceError), _fault),
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, partial(_call, handler=handler, answer=answer))


def _call(request: HttpRequest, error: Exception, *, handler: Handler, answer: Answer) -> HttpResponse:
    return handler(request, error, answer)


def _not_found(request: HttpRequest, error: Exception, answer: Answer) -> HttpResponse:
    return answer(request, 404, "not-found", str(error) or _("没有这条记录"))


def _unauthenticated(request: HttpRequest, _error: Exception, answer: Answer) -> HttpResponse:
    return answer(request, 401, "unauthenticated", _("令牌无效或已过期"))


def _http_error(request: HttpRequest, error: Exception, answer: Answer) -> HttpResponse:
    status = error.status_code if isinstance(error, HttpError) else 400
    return answer(request, status, CODES.get(status, "error"), str(error))


def _validation_error(request: HttpRequest, error: Exception, answer: Answer) -> HttpResponse:
    """The first fault by the name of its field."""
    first = error.errors[0] if isinstance(error, ValidationError) and error.errors else {}
    place = [str(part) for part in first.get("loc", ()) if part not in ("body", "query", "path", "payload")]
    return answer(request, 422, "invalid", str(first.get("msg", error)), ".".join(place))


def _fault(request: HttpRequest, error: Exception, answer: Answer) -> HttpResponse:
    fault = fault_of(error)
    if fault is None:
        raise error
    if fault.status == 503:
        log.error("%s %s: %s", request.method, request.path, error)
    if fault.code == "refused" and not isinstance(request.user, Account):
        return answer(request, 401, "unauthenticated", fault.message)
    return answer(request, fault.status, fault.code, fault.message, fault.field)
