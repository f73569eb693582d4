"""Who is asking: every request carries an Account or the one anonymous visitor."""

from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from qipan.kernel.access.models import ANONYMOUS, Account


def _settle(request: HttpRequest) -> None:
    account = request.user
    if not isinstance(account, Account) and not account.is_authenticated:
        request.user = ANONYMOUS  # type: ignore[assignment]


@sync_and_async_middleware
def ActorMiddleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> object:  # noqa: N802
    """Replace Django's anonymous user by ours, so that access decides for one type."""
    if iscoroutinefunction(get_response):

        async def async_call(request: HttpRequest) -> HttpResponseBase:
            await sync_to_async(_settle)(request)
            return await get_response(request)  # type: ignore[no-any-return]

        return async_call

    def call(request: HttpRequest) -> HttpResponseBase:
        _settle(request)
        return get_response(request)

    return call
