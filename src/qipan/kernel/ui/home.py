"""The county's first page: the situation, then the systems by chapter, then my work."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.ui.admission import actor_of, admits
from qipan.kernel.ui.declarations import HomePanel
from qipan.kernel.ui.rendering import render
from qipan.kernel.ui.site import site

PLACES = ("figures", "situation", "main", "side", "work")


@dataclass(frozen=True)
class ShownPanel:
    """A panel that has something to say to this actor."""

    code: str
    template: str
    context: Mapping[str, object]


def home(request: HttpRequest) -> HttpResponse:
    """The situation for staff; residents and visitors get the county's public face."""
    account = actor_of(request)
    staff = isinstance(account, Account) and account.kind == Account.Kind.STAFF
    panels = {place: _shown(request, place) for place in PLACES}
    context = {"panels": panels, "now": now(), "layers": ",".join(_layers(request))}
    return render(request, "ui/home.html" if staff else "ui/welcome.html", context)


def wall(request: HttpRequest) -> HttpResponse:
    """The situation for the wall of the duty room: figures, map and panels, dark, without menu."""
    if not isinstance(request.user, Account):
        return redirect_to_login(request.get_full_path())
    panels = {place: _shown(request, place) for place in PLACES}
    return render(request, "ui/wall.html", {"panels": panels, "layers": ",".join(_layers(request))})


def _layers(request: HttpRequest) -> list[str]:
    """Keys of the layers that are on when a map opens, as far as the actor may see them."""
    offered = [layer for module in site.modules for layer in module.layers if layer.shown]
    return [layer.key for layer in offered if admits(actor_of(request), layer.permission)]


def _shown(request: HttpRequest, place: str) -> list[ShownPanel]:
    wanted = sorted((p for p in site.home_panels if p.place == place), key=lambda panel: panel.order)
    return [shown for shown in (_show(panel, request) for panel in wanted) if shown is not None]


def _show(panel: HomePanel, request: HttpRequest) -> ShownPanel | None:
    answer = panel.show(request)
    return None if answer is None else ShownPanel(panel.code, *answer)
