"""What this installation is and how far each system has come."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from qipan.kernel.modules import registry
from qipan.kernel.modules.declarations import Module
from qipan.kernel.modules.models import RuleTable
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import PUBLIC, page


def offered(module: Module) -> dict[str, int]:
    """How many things of each kind a module brings."""
    return {
        "registers": len(module.registers),
        "pages": len(module.pages),
        "rules": len(module.sensing_rules),
        "cases": len(module.case_types),
        "warnings": len(module.event_types),
        "indicators": len(module.indicators),
        "layers": len(module.layers),
    }


@page("/about/", _("关于本平台"), permission=PUBLIC, menu=False)
def about(request: HttpRequest) -> HttpResponse:
    """Systems with what they offer, and rule tables that still wait for confirmation."""
    rows = [(module, offered(module)) for module in registry.systems()]
    provisional = RuleTable.objects.filter(status=RuleTable.Status.PROVISIONAL)
    context = {"rows": rows, "provisional": provisional, "demo": settings.DEMO}
    return render(request, "modules/about.html", context)
