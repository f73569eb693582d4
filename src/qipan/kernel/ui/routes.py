"""Addresses of everything on the site, made from the declarations."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path

from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.ui import home, preferences, search
from qipan.kernel.ui.admission import actor_of
from qipan.kernel.ui.declarations import PUBLIC, SIGNED_IN, Page, Register
from qipan.kernel.ui.middleware import to_sign_in
from qipan.kernel.ui.register import views
from qipan.kernel.ui.site import Site, site

RouteView = Callable[..., HttpResponseBase]


def site_urls(source: Site = site) -> list[URLPattern | URLResolver]:
    """URL patterns of the home page and of every page and register that the site holds now."""
    own: list[URLPattern | URLResolver] = [
        path("", home.home, name="home"),
        path("screen/", home.wall, name="wall"),
        path("search/", search.search, name="search"),
        path("preferences/", preferences.change, name="preferences"),
    ]
    return own + [path("", include((patterns, label))) for label, patterns in _by_label(source).items()]


def _by_label(source: Site) -> dict[str, list[URLPattern]]:
    """Patterns by URL namespace; pages come first, so that they win over a row's address."""
    found: dict[str, list[URLPattern]] = {}
    for module in source.modules:
        for offered in module.pages:
            found.setdefault(module.label, []).append(_page_pattern(module.label, offered))
    for register in source.registers:
        found.setdefault(register.label, []).extend(_register_patterns(register))
    return found


def _page_pattern(label: str, offered: Page) -> URLPattern:
    address = offered.path[1:] if offered.path.startswith("/") else f"{label}/{offered.path}"
    return path(address, guarded(offered), name=offered.name)


def guarded(offered: Page) -> RouteView:
    """The page's view behind its permission: visitors are sent to sign in, others told why not."""
    view: Any = offered.view
    if iscoroutinefunction(view):

        @wraps(view)
        async def async_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refusal = await sync_to_async(_admit)(request, offered)
            answer: HttpResponseBase = refusal or await view(request, *args, **kwargs)
            return answer

        return async_view  # type: ignore[return-value]

    @wraps(view)
    def plain_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        answer: HttpResponseBase = _admit(request, offered) or view(request, *args, **kwargs)
        return answer

    return plain_view


def _admit(request: HttpRequest, offered: Page) -> HttpResponseBase | None:
    if offered.permission == PUBLIC:
        return None
    if offered.permission == SIGNED_IN:
        signed_in = isinstance(request.user, Account)
        return None if signed_in else to_sign_in(request)
    require(actor_of(request), offered.permission)
    return None


def _register_patterns(register: Register) -> list[URLPattern]:
    base = f"{register.label}/{register.path.strip('/')}"
    key = _key_pattern(register)
    kinds: tuple[tuple[str, str, Callable[..., HttpResponseBase]], ...] = (
        ("list", "/", views.list_rows),
        ("new", "/new/", views.new_row),
        ("options", "/options/<str:field>/", views.options),
        ("detail", f"/{key}/", views.show_row),
        ("edit", f"/{key}/edit/", views.edit_row),
        ("action", f"/{key}/actions/<slug:code>/", views.run_action),
    )
    return [
        path(base + tail, wraps(view)(partial(view, register=register)), name=f"{register.model_name}-{kind}")
        for kind, tail, view in kinds
    ]


def _key_pattern(register: Register) -> str:
    key = register.model._meta.pk
    if isinstance(key, models.UUIDField):
        return "<uuid:pk>"
    return "<int:pk>" if isinstance(key, models.IntegerField) else "<str:pk>"
