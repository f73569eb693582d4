"""Open311 GeoReport v2: other people's report apps speak to the county at /open311/v2/."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from qipan.kernel.base.clock import local, now
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.cases.models import Case, CaseEvent, CaseRows, CaseTypeRow
from qipan.kernel.cases.open311_format import FORMATS, Content, attributes_of, encode, split_suffix
from qipan.kernel.cases.open311_post import Problem, create, public_type
from qipan.kernel.cases.states import OPEN, State
from qipan.kernel.ui.declarations import page

CHANGESET = "2026-03-01T00:00:00+08:00"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
SPAN = timedelta(days=90)
MOST_ROWS = 1000
BLUR_DEGREES = 0.001  # about 100 m


@page("/open311/discovery.<str:form>", _("Open311 发现"), permission="public", menu=False)
def discovery(request: HttpRequest, form: str) -> HttpResponse:
    """Where the service is and what it speaks."""
    return _answer(request, "discovery", _discovery(request), form if form in FORMATS else "xml")


@page("/open311/v2/<path:path>", _("Open311 GeoReport v2"), permission="public", menu=False)
@csrf_exempt
def georeport(request: HttpRequest, path: str) -> HttpResponse:
    """All calls of GeoReport v2; the suffix or the Accept header chooses the format."""
    stem, form = split_suffix(path.strip("/"))
    form = form or ("json" if "json" in request.headers.get("Accept", "") else "xml")
    try:
        _check_jurisdiction(request)
        root, content, status = _route(request, stem)
    except Problem as problem:
        return _error(request, problem.status, problem.description, form)
    except InvalidInput as error:
        return _error(request, 400, f"{error.field}: {error.message}", form)
    except Refused as error:
        return _error(request, 403, ";".join(error.reasons), form)
    return _answer(request, root, content, form, status)


def _route(request: HttpRequest, stem: str) -> tuple[str, Content, int]:
    name, _slash, key = stem.partition("/")
    if name == "requests" and not key and request.method == "POST":
        return "service_requests", [create(request)], 201
    if request.method not in ("GET", "HEAD"):
        raise Problem(405, "method not allowed")
    match name, bool(key):
        case "discovery", False:
            return "discovery", _discovery(request), 200
        case "services", False:
            return "services", [_service(row) for row in CaseTypeRow.objects.public()], 200
        case "services", True:
            return "service_definition", _definition(key), 200
        case "requests", False:
            return "service_requests", _search(request), 200
        case "requests", True:
            return "service_requests", [_shown(_one(key), request)], 200
        case "tokens", True:
            return "service_requests", [_token(key)], 200
        case "servicerequestupdates", False:
            return "service_request_updates", _updates(request), 200
    raise Problem(404, f"{stem}: no such resource")


def _answer(request: HttpRequest, root: str, content: Content, form: str, status: int = 200) -> HttpResponse:
    answer = HttpResponse(encode(root, content, form), content_type=FORMATS[form], status=status)
    if request.method == "GET":
        answer["Access-Control-Allow-Origin"] = "*"
    if status == 429:
        answer["Retry-After"] = "60"
    return answer


def _error(request: HttpRequest, status: int, description: str, form: str) -> HttpResponse:
    return _answer(request, "errors", [{"code": status, "description": description}], form, status)


def _check_jurisdiction(request: HttpRequest) -> None:
    asked = request.GET.get("jurisdiction_id") or request.POST.get("jurisdiction_id")
    if asked and asked != settings.COUNTY_CODE:
        raise Problem(404, f"jurisdiction_id: {asked} is not served here")


def _discovery(request: HttpRequest) -> dict[str, Any]:
    endpoint = {
        "specification": SPECIFICATION,
        "url": request.build_absolute_uri("/open311/v2"),
        "changeset": CHANGESET,
        "type": "test" if settings.DEMO else "production",
        "formats": ["text/xml", "application/json"],
    }
    return {
        "changeset": CHANGESET,
        "contact": _now("政务服务便民热线 12345"),
        "key_service": _now("向县大数据中心申请接口密钥"),
        "endpoints": [endpoint],
    }


def _service(row: CaseTypeRow) -> dict[str, Any]:
    return {
        "service_code": row.code,
        "service_name": row.name,
        "description": row.description or None,
        "metadata": bool(row.attributes.get("properties")),
        "type": "realtime",
        "keywords": ",".join(row.keywords) or None,
        "group": row.get_kind_display(),
    }


def _definition(code: str) -> dict[str, Any]:
    row = public_type(code)
    return {"service_code": row.code, "attributes": attributes_of(row.attributes)}


def _public_cases() -> CaseRows:
    rows = Case.objects.filter(type__public=True, type__privacy__in=("open", "masked"))
    return rows.select_related("type", "handler", "desk", "master")


def _one(number: str) -> Case:
    case = _public_cases().filter(number=number).first()
    if case is None:
        raise Problem(404, f"service_request_id: {number} is unknown")
    return case


def _token(receipt: str) -> dict[str, Any]:
    case = _public_cases().filter(receipt=receipt).first()
    if case is None:
        raise Problem(404, f"token: {receipt} is unknown")
    return {"token": receipt, "service_request_id": case.number}


def _instant(text: str, name: str) -> datetime:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Problem(400, f"{name}: {text} is no time with zone like 2026-03-11T08:30:00+08:00")
    return moment


def _window(request: HttpRequest) -> Q:
    start, end = request.GET.get("start_date"), request.GET.get("end_date")
    until = _instant(end, "end_date") if end else now()
    since = _instant(start, "start_date") if start else until - SPAN
    if until < since or until - since > SPAN:
        raise Problem(400, "start_date, end_date: at most 90 days, in this order")
    return Q(received_at__gte=since, received_at__lte=until)


def _search(request: HttpRequest) -> list[dict[str, Any]]:
    query = request.GET
    if numbers := query.get("service_request_id"):
        rows = _public_cases().filter(number__in=numbers.split(","))
        return [_shown(case, request) for case in rows[:MOST_ROWS]]
    rows = _public_cases().filter(_window(request))
    if codes := query.get("service_code"):
        rows = rows.filter(type__code__in=codes.split(","))
    if states := query.get("status"):
        rows = rows.filter(_states(states))
    for name, lookup in (("updated_after", "updated_at__gte"), ("updated_before", "updated_at__lte")):
        if text := query.get(name):
            rows = rows.filter(**{lookup: _instant(text, name)})
    size = _number(query.get("page_size"), MOST_ROWS, "page_size")
    first = (_number(query.get("page"), 10_000, "page", default=1) - 1) * size
    return [_shown(case, request) for case in rows.order_by("-received_at", "-pk")[first : first + size]]


def _states(text: str) -> Q:
    wanted = set(text.split(","))
    if wanted - {"open", "closed"}:
        raise Problem(400, "status: open, closed or both")
    if wanted == {"open", "closed"}:
        return Q()
    is_open = Q(state__in=tuple(OPEN))
    return is_open if wanted == {"open"} else ~is_open


def _number(text: str | None, most: int, name: str, default: int | None = None) -> int:
    if text is None:
        return default if default is not None else most
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise Problem(400, f"{name}: 1 to {most}")
    return int(text)


def _shown(case: Case, request: HttpRequest) -> dict[str, Any]:
    lon, lat = _place_of(case)
    row: dict[str, Any] = {
        "service_request_id": case.number,
        "status": "open" if case.is_open else "closed",
        "status_notes": case.public_text or None,
        "service_name": case.type.name,
        "service_code": case.type.code,
        "description": case.text or case.title,
        "agency_responsible": str(case.handler or case.desk),
        "service_notice": None,
        "requested_datetime": _written(case.received_at),
        "updated_datetime": _written(case.updated_at),
        "expected_datetime": _written(case.due_at),
        "address": None if case.type.privacy == "masked" else case.address or None,
        "address_id": None,
        "zipcode": None,
        "lat": lat,
        "long": lon,
        # pictures may show people: none leaves before it is redacted
        "media_url": None,
    }
    if request.GET.get("extensions") == "true":
        row["extended_attributes"] = {
            "state": case.state,
            "state_name": case.get_state_display(),
            "merged_into": case.master.number if case.state == State.MERGED and case.master else None,
            "reopened": case.reopened,
        }
    return row


def _place_of(case: Case) -> tuple[float | None, float | None]:
    if case.lon is None or case.lat is None or case.type.privacy != "masked":
        return case.lon, case.lat
    return _blurred(case.lon), _blurred(case.lat)


def _blurred(degrees: float) -> float:
    return round(round(degrees / BLUR_DEGREES) * BLUR_DEGREES, 6)


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else local(instant).replace(microsecond=0).isoformat()


def _updates(request: HttpRequest) -> list[dict[str, Any]]:
    start, end = request.GET.get("start_date"), request.GET.get("end_date")
    until = _instant(end, "end_date") if end else now()
    since = _instant(start, "start_date") if start else until - SPAN
    rows = CaseEvent.objects.filter(case__in=_public_cases(), at__gte=since, at__lte=until)
    told = rows.exclude(public_note="").select_related("case").order_by("-at")[:MOST_ROWS]
    return [
        {
            "update_id": event.pk,
            "service_request_id": event.case.number,
            "status": "open" if State(event.to_state) in OPEN else "closed",
            "updated_datetime": _written(event.at),
            "description": event.public_note,
            "media_url": None,
        }
        for event in told
    ]
