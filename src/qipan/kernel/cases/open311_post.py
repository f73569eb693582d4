"""Open311 GeoReport v2: taking a report in from another app."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from qipan.kernel.access.accounts import account_for_token
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases.actions import Contact, PhotoInput, report
from qipan.kernel.cases.models import Case, CaseTypeRow
from qipan.kernel.cases.open311_format import attributes_of
from qipan.kernel.cases.places import Spot
from qipan.kernel.cases.wording import PhotoKind
from qipan.kernel.maps import datum

MOST_MEDIA = 10 * 1024 * 1024
LONGEST_TEXT = 4000
SAME_WITHIN = timedelta(seconds=60)
MOST_A_MINUTE = 600
DATUMS: dict[str, Callable[[float, float], tuple[float, float]]] = {
    "wgs84": lambda lon, lat: (lon, lat),
    "gcj02": datum.gcj02_to_wgs84,
    "bd09": datum.bd09_to_wgs84,
}


class Problem(Exception):  # noqa: N818 - becomes the error answer of the protocol
    """What is wrong with a call, with its HTTP status."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status, self.description = status, description


def public_type(code: str) -> CaseTypeRow:
    """A type that residents may report; Problem 404 for any other code."""
    row = CaseTypeRow.objects.public().filter(code=code).first()
    if row is None:
        raise Problem(404, f"service_code: {code} is unknown")
    return row


def create(request: HttpRequest) -> dict[str, Any]:
    """Open the case that a POST describes, or find the one it repeats; Problem says what is wrong."""
    post = request.POST
    account = _key_holder(request)
    case_type = public_type(post.get("service_code") or _missing("service_code"))
    text = post.get("description", "")
    if len(text) > LONGEST_TEXT:
        raise Problem(400, f"description: at most {LONGEST_TEXT} characters")
    place = _place(request)
    mark = _mark(account, request)
    since = now() - SAME_WITHIN
    known = Case.objects.filter(device=mark, received_at__gte=since).first()
    if known is None:
        _not_too_many()
        known = report(
            case_type.code,
            text.strip().split("\n")[0][:100] or case_type.name,
            text,
            by=account,
            place=place,
            photos=_media(request),
            contact=_contact(request),
            source="peer",
            device=mark,
            attributes=_attributes(request, case_type),
        )
    return {
        "service_request_id": known.number,
        "service_notice": _("回执号 %(code)s") % {"code": known.receipt},
        "account_id": None,
    }


def _missing(name: str) -> str:
    raise Problem(400, f"{name}: is required")


def _key_holder(request: HttpRequest) -> Account:
    key = request.POST.get("api_key") or request.GET.get("api_key") or _missing("api_key")
    account = account_for_token(key)
    if account is None:
        raise Problem(403, "api_key: wrong or revoked")
    return account


def _place(request: HttpRequest) -> Spot:
    lat, lon = request.POST.get("lat"), request.POST.get("long")
    address = request.POST.get("address_string") or request.POST.get("address_id") or ""
    if not (lat and lon):
        if lat or lon or not address:
            raise Problem(400, "lat, long: both, or address_string, or address_id")
        return Spot(address=address)
    convert = DATUMS.get(request.POST.get("coord_type", "wgs84"))
    if convert is None:
        raise Problem(400, f"coord_type: one of {', '.join(DATUMS)}")
    try:
        return Spot(*convert(float(lon), float(lat)), address=address)
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        raise Problem(400, "lat, long: numbers in degrees") from error


def _media(request: HttpRequest) -> list[PhotoInput]:
    upload = request.FILES.get("media")
    if upload is None:
        return []
    if (upload.size or 0) > MOST_MEDIA:
        raise Problem(413, "media: at most 10 MB")
    return [PhotoInput(upload.read(), upload.name or "media.jpg", kind=PhotoKind.REPORT)]


def _contact(request: HttpRequest) -> Contact:
    post = request.POST
    name = f"{post.get('last_name', '')}{post.get('first_name', '')}".strip()
    return Contact(name, post.get("phone", ""))


def _attributes(request: HttpRequest, case_type: CaseTypeRow) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name in request.POST:
        if name.startswith("attribute["):
            code = name.removeprefix("attribute[").split("]")[0]
            many = name.endswith("[]")
            given[code] = request.POST.getlist(name) if many else request.POST[name]
    fields = {row["code"]: row for row in attributes_of(case_type.attributes)}
    for code, field in fields.items():
        if field["required"] and not given.get(code):
            raise Problem(400, f"attribute[{code}]: is required")
    if unknown := set(given) - set(fields):
        raise Problem(400, f"attribute: {', '.join(sorted(unknown))} unknown")
    if link := request.POST.get("media_url"):
        given["media_url"] = link[:500]
    return given


def _mark(account: Account, request: HttpRequest) -> str:
    """The same report sent again within a minute has the same mark."""
    names = ("service_code", "device_id", "description", "lat", "long", "address_string", "address_id")
    parts = [str(account.pk), *(request.POST.get(name, "") for name in names)]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def _not_too_many() -> None:
    minute = now() - timedelta(minutes=1)
    if Case.objects.filter(source="peer", received_at__gte=minute).count() >= MOST_A_MINUTE:
        raise Problem(429, "too many reports; try again in a minute")
