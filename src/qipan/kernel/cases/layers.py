"""Layers of the map: open cases as staff see them, and public ones as everybody does."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Actor
from qipan.kernel.base.clock import now
from qipan.kernel.cases.models import Case, CaseRows
from qipan.kernel.cases.reading import visible_cases
from qipan.kernel.maps.layers import MapLayer

LATE, SOON, RUNNING, SUSPENDED = "#c4161c", "#f08300", "#1366b8", "#7a8794"
MOST = 5000


def colour_of(case: Case) -> str:
    """Red when late, orange when urgent, grey while suspended, else blue."""
    if case.suspended:
        return SUSPENDED
    if case.next_due_at is not None and case.next_due_at < now():
        return LATE
    return SOON if case.urgent or case.severity == 1 else RUNNING


def open_cases(actor: Actor) -> dict[str, Any]:
    """Open cases with a place, as many as the actor may see."""
    rows: CaseRows = visible_cases(actor).open().filter(lon__isnull=False).select_related("type")
    return {"type": "FeatureCollection", "features": [_feature(case) for case in rows[:MOST]]}


def _feature(case: Case) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [case.lon, case.lat]},
        "properties": {
            "title": case.title,
            "text": f"{case.number} · {case.get_state_display()}",
            "url": case.get_absolute_url(),
            "colour": colour_of(case),
        },
    }


LAYERS = (
    MapLayer(
        "cases.open",
        _("在办案件"),
        open_cases,
        "point",
        permission="cases.case.view",
        legend=(
            (RUNNING, _("在办")),
            (SOON, _("紧急")),
            (LATE, _("超期")),
            (SUSPENDED, _("挂账")),
        ),
        live=True,
    ),
)
