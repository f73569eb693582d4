"""How somebody likes the pages: language, light or dark, large type. Works without JavaScript."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import InvalidInput

YEAR = 365 * 24 * 3600
# Cookie by form field, with what may be in it.
CHOICES = {
    "theme": ("qipan_theme", ("auto", "light", "dark")),
    "type": ("qipan_type", ("normal", "large")),
    "language": (settings.LANGUAGE_COOKIE_NAME, tuple(code for code, _name in settings.LANGUAGES)),
}


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Keep the chosen values in cookies; the language also in the account, for messages to come."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    answer = redirect(back)
    for name, (cookie, allowed) in CHOICES.items():
        value = request.POST.get(name)
        if value is None:
            continue
        if value not in allowed:
            raise InvalidInput(name, value)
        answer.set_cookie(cookie, value, max_age=YEAR, samesite="Lax", secure=request.is_secure())
        if name == "language" and isinstance(request.user, Account):
            Account.objects.filter(pk=request.user.pk).update(locale=value)
    return answer
