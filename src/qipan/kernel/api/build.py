"""The one API of the site: generated routes of all registers, then what modules add by hand."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI, Router
from ninja.openapi.docs import DocsBase
from ninja.renderers import BaseRenderer

from qipan.kernel.api import errors
from qipan.kernel.api.callers import Caller
from qipan.kernel.api.registers import RegisterRoutes
from qipan.kernel.ui import render
from qipan.kernel.ui.site import Site, site

VERSION = "1"


class OrjsonRenderer(BaseRenderer):
    """Fast JSON."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """The answer as UTF-8."""
        return orjson.dumps(data, default=str)


class LocalDocs(DocsBase):
    """The description drawn by Swagger UI from this server."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """The page inside the frame."""
        return render(request, "api/docs.html", {"openapi_url": self.get_openapi_url(api, kwargs)})


def build_api(source: Site = site) -> NinjaAPI:
    """The API over what the site holds now."""
    api = NinjaAPI(
        title="Qipan",
        version=VERSION,
        description=str(_("数字县域平台的接口;每条记录的权限与页面相同。")),
        urls_namespace="api",
        auth=Caller(),
        renderer=OrjsonRenderer(),
        docs=LocalDocs(),
    )
    errors.install(api)
    for label, router in _routers(source).items():
        api.add_router(f"/{label}", router, tags=[label])
    for module in source.modules:
        own = getattr(module, "api", None)
        if own is not None:
            api.add_router(f"/{module.label}", own, tags=[module.label])
    return api


def _routers(source: Site) -> dict[str, Router]:
    """One router a label with the generated routes of its registers."""
    found: dict[str, Router] = {}
    for register in source.registers:
        if register.api:
            RegisterRoutes(register).mount(found.setdefault(register.label, Router()))
    return found
