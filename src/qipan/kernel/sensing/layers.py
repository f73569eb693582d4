"""Map layer of the block: every thing with its state, live."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.decide import rows_for
from qipan.kernel.access.models import Actor
from qipan.kernel.base.clock import local, now
from qipan.kernel.maps.layers import MapLayer
from qipan.kernel.sensing.models import Thing

WELL, QUIET, WAITING, RESTING = "#2b8a3e", "#c4161c", "#f08300", "#7a8794"
QUIET_AFTER = timedelta(hours=1)
MOST = 10_000


def colour_of(thing: Thing) -> str:
    """Green while heard, red when silent for an hour, orange in quarantine, grey when out of use."""
    if thing.state == Thing.State.QUARANTINE:
        return WAITING
    if thing.state != Thing.State.ACTIVE:
        return RESTING
    return WELL if thing.last_heard_at and now() - thing.last_heard_at < QUIET_AFTER else QUIET


def things(actor: Actor) -> dict[str, Any]:
    """Things with a place that the actor may see."""
    rows = rows_for(actor, "sensing.thing.view", Thing.objects.exclude(state=Thing.State.RETIRED))
    placed = rows.filter(lon__isnull=False, lat__isnull=False)
    return {"type": "FeatureCollection", "features": [_feature(thing) for thing in placed[:MOST]]}


def _feature(thing: Thing) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [thing.lon, thing.lat]},
        "properties": {
            "title": thing.name,
            "text": f"{thing.get_state_display()} · {_heard(thing.last_heard_at)}",
            "url": f"/sensing/things/{thing.pk}/",
            "colour": colour_of(thing),
        },
    }


def _heard(instant: datetime | None) -> str:
    return _now("最近通信 %(at)s") % {"at": f"{local(instant):%m-%d %H:%M}"} if instant else _now("从未通信")


LAYERS = (
    MapLayer(
        "sensing.things",
        _("感知设备"),
        things,
        "point",
        permission="sensing.thing.view",
        legend=(
            (WELL, _("通信正常")),
            (QUIET, _("一小时以上无通信")),
            (WAITING, _("待接入")),
            (RESTING, _("暂停")),
        ),
        live=True,
    ),
)
