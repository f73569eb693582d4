"""Serving stored files to whoever holds a link or a right."""

from typing import cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from qipan.kernel.access.models import Actor
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.files import links
from qipan.kernel.files.models import StoredFile
from qipan.kernel.files.photos import thumbnail
from qipan.kernel.files.sniffing import IMAGES

# Shown inside the page; everything else is offered as a download.
SHOWN = IMAGES | {"application/pdf"}
SIZES = (96, 160, 320, 640, 1280)


@require_safe
def serve(request: HttpRequest, pk: int, signature: str, name: str) -> HttpResponseBase:
    """The file behind a signed link; ``?size=`` gives a thumbnail. 403 when the link has expired."""
    if links.check(signature, pk) is None:
        raise Refused((_("链接无效或已过期,请从原页面重新打开"),))
    return _answer(request, get_object_or_404(StoredFile, pk=pk))


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file for somebody who may see it: public, their own, or granted."""
    file = get_object_or_404(StoredFile, pk=pk)
    links.may_open(file, cast(Actor, request.user))
    return _answer(request, file)


def _answer(request: HttpRequest, file: StoredFile) -> HttpResponseBase:
    etag = f'"{file.sha256}-{request.GET.get("size", "")}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304)
    size = request.GET.get("size")
    answer: HttpResponseBase
    if size and file.mime in IMAGES:
        if size not in map(str, SIZES):
            raise InvalidInput("size", _("缩略图尺寸只能是 %s") % ", ".join(map(str, SIZES)))
        with file.open() as stream:
            answer = HttpResponse(thumbnail(stream.read(), int(size)), content_type="image/jpeg")
    else:
        # Whole, since a file is ten megabytes at most and the server is asynchronous.
        with file.open() as stream:
            answer = HttpResponse(stream.read(), content_type=file.mime)
    disposition = content_disposition_header(file.mime not in SHOWN, file.name)
    if disposition:
        answer["Content-Disposition"] = disposition
    answer["ETag"] = etag
    answer["Cache-Control"] = "public, max-age=86400" if file.public else "private, max-age=600"
    # A stored file never runs as a page of this site, whatever it holds.
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


# Path below /files/, view, title, permission, in the menu. Who may open what is decided by the view.
PAGES = (
    ("<int:pk>/<str:signature>/<str:name>", serve, gettext_lazy("文件"), "public", False),
    ("<int:pk>/", download, gettext_lazy("文件"), "public", False),
)
