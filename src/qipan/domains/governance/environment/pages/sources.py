"""Outlets against their permits and surface water against its target."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qipan.domains.governance.environment import outlet_watch, water_now
from qipan.domains.governance.environment.models import Outlet, OutletValue
from qipan.domains.governance.environment.wording import Sentence
from qipan.kernel.access.decide import rows_for
from qipan.kernel.base.clock import now
from qipan.kernel.ui import render
from qipan.kernel.ui.declarations import page

SECTION = _("污染源与水")
FRESH = timedelta(hours=3)


@page("outlets-now/", _("排放口现状"), permission="environment.outletvalue.view", section=SECTION)
def outlets_now(request: HttpRequest) -> HttpResponse:
    """Newest hour of each factor against its limit, over-limit first; outlets that sent nothing."""
    values = rows_for(request.user, "environment.outletvalue.view", OutletValue.objects.all())
    newest = (
        values.filter(hour__gt=now() - FRESH)
        .order_by("outlet_id", "factor", "-hour")
        .distinct("outlet_id", "factor")
        .select_related("outlet__site", "case")
    )
    rows = sorted(newest, key=_order)
    outlets = rows_for(request.user, "environment.outlet.view", Outlet.objects.all())
    heard = {row.outlet_id for row in rows}
    context = {
        "rows": [(row, outlet_watch.NAMES.get(row.factor, row.factor)) for row in rows],
        "over": sum(row.over is True for row in rows),
        "unjudged": sum(row.over is None for row in rows),
        "silent": outlets.exclude(pk__in=heard).select_related("site"),
        "outlets": outlets.count(),
        "heard": len(heard),
    }
    return render(request, "environment/outlets_now.html", context)


def _order(row: OutletValue) -> tuple[bool, bool, float]:
    value = row.mean if row.converted is None else row.converted
    share = (value or 0.0) / row.limit if row.limit else 0.0
    return (row.over is not True, row.over is not None, -share)


@page("water/", _("地表水"), permission="environment.site.view", section=SECTION)
def water(request: HttpRequest) -> HttpResponse:
    """Class of each section by its newest readings, worst items, target class; off target first."""
    rows = water_now.sections(request.user)
    judged = [row for row in rows if row.meets is not None]
    context = {
        "rows": [(row, [line.render(gettext) for line in _lines(row)]) for row in rows],
        "judged": len(judged),
        "meeting": sum(row.meets is True for row in judged),
        "off": sum(row.meets is False for row in judged),
        "silent": sum(row.result is None for row in rows),
        "provisional": any(row.result and row.result.provisional for row in rows),
        "version": next((row.result.version for row in rows if row.result), ""),
    }
    return render(request, "environment/water.html", context)


def _lines(row: water_now.WaterNow) -> list[Sentence]:
    return row.result.explain() if row.result and row.site.target_class else []


PAGES = (outlets_now, water)
