"""Doors for programs: Atom feed and CAP files out, live events, CAP in."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from qipan.kernel.alerts import documents, feeds, intake
from qipan.kernel.alerts.keys import identity
from qipan.kernel.alerts.models import Alert
from qipan.kernel.alerts.rules import overlap
from qipan.kernel.base.clock import now
from qipan.kernel.ui.declarations import page

FEED_LENGTH = 100
POLL_S = 2.0
STATUS_OF = {"source-rejected": 403, "sender-not-allowed": 403, "bad-signature": 403, "unsigned": 403,
             "other-sender": 403, "too-large": 413}  # fmt: skip


@page("cap/", _("预警订阅源"), permission="public", menu=False)
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Published messages as Atom; ``?division=`` and ``?event=`` narrow it."""
    rows = (
        Alert.objects.for_public().select_related("root").prefetch_related("areas").order_by("-published_at")
    )
    if request.GET.get("event"):
        rows = rows.filter(event=request.GET["event"])
    wanted = request.GET.get("division", "")
    found = [row for row in rows[: FEED_LENGTH * 3] if not wanted or _inside(row, wanted)][:FEED_LENGTH]
    data = feeds.atom(
        found, title=_now("预警信息"), base=settings.BASE_URL, updated=now().replace(hour=0, minute=0)
    )
    return _cacheable(request, data, "application/atom+xml; charset=utf-8")


def _inside(alert: Alert, division: str) -> bool:
    return any(overlap(area.code, division.ljust(12, "0")) for area in alert.areas.all())


def _cacheable(request: HttpRequest, data: bytes, kind: str) -> HttpResponse:
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        answer: HttpResponse = HttpResponseNotModified()
    else:
        answer = HttpResponse(data, content_type=kind)
    answer["ETag"] = tag
    return answer


@page("cap/<str:identifier>.xml", _("CAP 报文"), permission="public", menu=False)
@require_safe
def cap_file(request: HttpRequest, identifier: str) -> HttpResponse:
    """The signed CAP message; ``?form=12379`` for the national platform's form."""
    alert = Alert.objects.published().filter(identifier=identifier).first()
    if alert is None or alert.document is None:
        raise Http404(identifier)
    if request.GET.get("form") == "12379":
        return _cacheable(request, documents.as_12379(alert), "application/xml; charset=utf-8")
    return _cacheable(request, bytes(alert.document), "application/cap+xml; charset=utf-8")


@page("cap/certificate.pem", _("签名证书"), permission="public", menu=False)
@require_safe
def certificate(request: HttpRequest) -> HttpResponse:
    """The certificate that the signatures are checked with."""
    return _cacheable(request, identity().certificate, "application/x-pem-file")


@page("cap/in", _("CAP 接入"), permission="public", menu=False, methods=("POST",))
@csrf_exempt
@require_POST
def cap_in(request: HttpRequest) -> HttpResponse:
    """Take a message from a source (``Authorization: Bearer <key>``); answered by a CAP Ack or Error."""
    key = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    source = intake.source_for(key)
    if source is None:
        return HttpResponse(_now("密钥无效"), status=401, headers={"WWW-Authenticate": "Bearer"})
    verdict = intake.receive(source, request.body)
    status = STATUS_OF.get(verdict.error, 400) if verdict.error else 200 if verdict.known else 201
    return HttpResponse(
        intake.answer(verdict), status=status, content_type="application/cap+xml; charset=utf-8"
    )


@page("live", _("实时预警"), permission="public", menu=False)  # type: ignore[arg-type]
async def live(request: HttpRequest) -> StreamingHttpResponse:
    """Server-sent events: ``alert`` for each message published after the stream began (or Last-Event-ID)."""
    last = request.headers.get("Last-Event-ID", "")
    begin = int(last) if last.isdigit() else await sync_to_async(_newest)()
    answer = StreamingHttpResponse(_stream(begin), content_type="text/event-stream")
    answer["Cache-Control"] = "no-cache"
    answer["X-Accel-Buffering"] = "no"
    return answer


async def _stream(last: int) -> AsyncIterator[bytes]:
    yield b"retry: 3000\n\n"
    while True:
        for number, text in await sync_to_async(_since)(last):
            last = number
            yield f"id: {number}\nevent: alert\ndata: {text}\n\n".encode()
        await asyncio.sleep(POLL_S)
        yield b": \n\n"


def _newest() -> int:
    return Alert.objects.for_public().order_by("-pk").values_list("pk", flat=True).first() or 0


def _since(last: int) -> list[tuple[int, str]]:
    rows = Alert.objects.for_public().filter(pk__gt=last).order_by("pk")[:50]
    return [(row.pk, json.dumps(summary(row), ensure_ascii=False)) for row in rows]


def summary(alert: Alert) -> dict[str, object]:
    """A published message in a few words, for live pages."""
    return {
        "id": alert.pk,
        "identifier": alert.identifier,
        "headline": alert.headline,
        "colour": alert.colour,
        "message_type": alert.message_type,
        "expires": alert.expires.isoformat(),
        "link": f"/public/alerts/{alert.first.pk}/",
    }
