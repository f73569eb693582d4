"""Live values for browsers: server-sent events under ``/sensing/live``.

``?datastreams=1,2`` or ``?things=3`` or ``?area=371525104`` (leading digits of a division code). Each event's
id is a batch number: a browser that comes back sends it as Last-Event-ID and gets what it missed. At most
one message a second, the last value of each datastream wins; rule events come as ``event: rule``.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import orjson
from asgiref.sync import sync_to_async
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.decide import rows_for
from qipan.kernel.access.models import Actor
from qipan.kernel.sensing.hub import Full, Hub, Subscriber, hub_here
from qipan.kernel.sensing.models import Datastream
from qipan.kernel.sensing.rules.runner import connection_text
from qipan.kernel.ui.admission import actor_of
from qipan.kernel.ui.declarations import PUBLIC, page

PAUSE_S = 1.0
HEARTBEAT_S = 15.0
RETRY_MS = 3000
MAXIMUM_STREAMS = 2000


async def live(request: HttpRequest) -> HttpResponseBase:
    """The event stream of the values that the visitor may see; 400 for a wrong or too wide question."""
    try:
        question = _question(request)
        cursor = _cursor(request)
    except ValueError as error:
        return JsonResponse({"code": "invalid", "message": str(error)}, status=400)
    pairs = await sync_to_async(_visible)(actor_of(request), question)
    if len(pairs) > MAXIMUM_STREAMS:
        text = _now("一次最多订阅%(n)d个数据流") % {"n": MAXIMUM_STREAMS}
        return JsonResponse({"code": "too_many", "message": text}, status=400)
    hub = hub_here(await sync_to_async(connection_text)())
    streams = frozenset(stream for stream, _thing in pairs)
    things = frozenset(thing for _stream, thing in pairs)
    return StreamingHttpResponse(
        _events(hub, streams, things, cursor),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _question(request: HttpRequest) -> Q:
    asked = Q(pk__in=[])
    for name, path in (("datastreams", "pk__in"), ("things", "thing_id__in")):
        text = request.GET.get(name, "")
        numbers = [part for part in text.split(",") if part]
        if not all(part.isdigit() and len(part) < 10 for part in numbers):
            raise ValueError(f"{name}: {text[:50]!r}")
        asked |= Q(**{path: [int(part) for part in numbers]})
    area = request.GET.get("area", "")
    if area:
        if not (area.isdigit() and 6 <= len(area) <= 12):
            raise ValueError(f"area: {area[:50]!r}")
        asked |= Q(thing__division__code__startswith=area)
    return asked


def _cursor(request: HttpRequest) -> int | None:
    text = request.headers.get("Last-Event-ID") or request.GET.get("cursor", "")
    if not text:
        return None
    if not (text.isdigit() and len(text) < 19):
        raise ValueError(f"cursor: {text[:50]!r}")
    return int(text)


def _visible(actor: Actor, question: Q) -> list[tuple[int, int]]:
    """(datastream, thing) of what was asked for and may be seen: public streams, and those in one's scope."""
    asked = Datastream.objects.filter(question)
    open_to_all = asked.filter(public=True).values_list("pk", "thing_id")
    mine = rows_for(actor, "sensing.datastream.view", asked).values_list("pk", "thing_id")
    return list({*open_to_all[: MAXIMUM_STREAMS + 1], *mine[: MAXIMUM_STREAMS + 1]})


async def _events(
    hub: Hub, streams: frozenset[int], things: frozenset[int], cursor: int | None
) -> AsyncIterator[bytes]:
    yield b"retry: %d\n\n" % RETRY_MS
    try:
        async with hub.subscribe(streams, things, cursor) as subscriber:
            async for message in _messages(subscriber):
                yield message
    except Full:
        yield b"event: full\ndata: {}\n\n"


async def _messages(subscriber: Subscriber) -> AsyncIterator[bytes]:
    """What waits for the subscriber, once a second at most; a comment when nothing does."""
    while True:
        try:
            await asyncio.wait_for(subscriber.awake.wait(), HEARTBEAT_S)
        except TimeoutError:
            yield b": alive\n\n"
            continue
        subscriber.awake.clear()
        rules, subscriber.rules = subscriber.rules, []
        values, subscriber.values = subscriber.values, {}
        for rule in rules:
            yield b"event: rule\ndata: " + orjson.dumps(rule) + b"\n\n"
        if values:
            data = orjson.dumps(list(values.values()))
            yield b"id: %d\ndata: " % subscriber.cursor + data + b"\n\n"
        await asyncio.sleep(PAUSE_S)


# a page's view is declared as a plain function; the routes serve coroutine functions as well
PAGES = (page("/sensing/live", _("实时数据流"), permission=PUBLIC, menu=False)(cast(Any, live)),)
