"""Who calls: the bearer token of a program, a signed-in browser, or a visitor."""

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import HttpError
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from qipan.kernel.access.accounts import account_for_token
from qipan.kernel.access.models import Actor

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Caller(AuthBase):
    """Settles ``request.user``; what it may do is decided by access, row by row.

    A bearer token that is unknown or out of date is refused, never taken for a visitor. A browser's
    session is accepted for writing only with its CSRF token (header ``X-CSRFToken``).
    """

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_name = "Token"

    def __call__(self, request: HttpRequest) -> Actor | None:
        """The actor; None for a token that is not in force."""
        scheme, _blank, token = request.headers.get("Authorization", "").partition(" ")
        if scheme:
            account = account_for_token(token.strip()) if scheme.lower() == "bearer" else None
            if account is not None:
                request.user = account
            return account
        if request.method not in SAFE and check_csrf(request) is not None:
            raise HttpError(403, _("缺少或错误的 CSRF 令牌"))
        return request.user
