"""The data quality desk: marks that wait for a decision, and stations that fell silent."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import quality_watch, situation
from qipan.domains.governance.environment.models import QualityFlag
from qipan.kernel.access.decide import rows_for
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import page

SHOWN = 100


@page("quality/", _("质控台"), permission="environment.qualityflag.view", section=_("空气质量"))
def quality(request: HttpRequest) -> HttpResponse:
    """Open marks first, confirmed ones without a case, silent stations."""
    rows = rows_for(request.user, "environment.qualityflag.view", QualityFlag.objects.all())
    rows = rows.select_related("site", "case")
    waiting = rows.filter(state=QualityFlag.State.AUTO)
    confirmed = rows.filter(state=QualityFlag.State.CONFIRMED, case=None)
    sites = list(situation.visible_sites(request.user, *quality_watch.KINDS).select_related("thing"))
    context = {
        "waiting": waiting[:SHOWN],
        "waiting_count": waiting.count(),
        "confirmed": confirmed[:SHOWN],
        "confirmed_count": confirmed.count(),
        "silent": quality_watch.silent(sites),
        "sites": len(sites),
    }
    return render(request, "environment/quality.html", context)


PAGES = (quality,)
