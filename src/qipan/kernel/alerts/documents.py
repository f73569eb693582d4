"""The CAP message of a warning: what is hashed, signed, published and read by others."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from qipan.kernel.alerts.catalogue import event_type
from qipan.kernel.alerts.keys import identity
from qipan.kernel.alerts.models import Alert, AlertArea, MessageType
from qipan.kernel.alerts.rules import SEVERITY
from qipan.kernel.base.clock import local
from qipan.kernel.base.errors import InvalidInput
from qipan.protocols import cap
from qipan.protocols.cap import cn12379
from qipan.protocols.cap.event_codes import load_events

EVENT_CODES = Path(settings.ROOT) / "data" / "cap" / "event_codes.csv"


@lru_cache(maxsize=1)
def national_events() -> dict[str, tuple[str, str]]:
    """Codes of the national table: code -> (name, CAP categories)."""
    return load_events(EVENT_CODES)


def cap_of(alert: Alert) -> cap.Alert:
    """The warning as a CAP message; it must have its identifier and time. No person's name is in it."""
    if alert.identifier is None or alert.sent_at is None:
        raise InvalidInput("identifier", _("尚未送签,没有报文标识"))
    return cap.Alert(
        identifier=alert.identifier,
        sender=alert.sender,
        sent=local(alert.sent_at),
        status=alert.status,
        message_type=alert.message_type,
        scope="Public",
        note=alert.note,
        references=reference(alert.replaces) if alert.replaces else "",
        incidents=(alert.first.identifier or "") if alert.root_id else "",
        infos=(_info(alert),),
    )


def reference(alert: Alert) -> str:
    """The triple by which a later message refers to this one."""
    if alert.identifier is None or alert.sent_at is None:
        raise InvalidInput("references", _("被更新的预警没有发布过"))
    return f"{alert.sender},{alert.identifier},{cap.instant_text(local(alert.sent_at))}"


def _info(alert: Alert) -> cap.Info:
    parameters = [cap.Named(cn12379.COLOUR, alert.colour.capitalize())]
    if alert.rule:
        parameters.append(cap.Named("qipan:rule", alert.rule))
    return cap.Info(
        language=alert.language,
        categories=tuple(alert.categories.split()),
        event=alert.event_name,
        responses=_responses(alert),
        urgency=alert.urgency,
        severity=SEVERITY[alert.colour],
        certainty=alert.certainty,
        audience=alert.audience,
        event_codes=_codes(alert),
        onset=local(cap.whole_seconds(alert.onset)),
        expires=local(cap.whole_seconds(alert.expires)),
        sender_name=str(alert.organisation.name) if alert.organisation else "",
        headline=alert.headline,
        description=alert.description,
        instruction=alert.instruction,
        web=f"{settings.BASE_URL}/public/alerts/{alert.first.pk}/",
        parameters=tuple(parameters),
        areas=areas_of(list(alert.areas.all())),
    )


def _responses(alert: Alert) -> tuple[str, ...]:
    if alert.message_type == MessageType.CANCEL:
        return ("AllClear",)
    try:
        return event_type(alert.event).responses
    except LookupError:
        return ()


def _codes(alert: Alert) -> tuple[cap.Named, ...]:
    codes = [cap.Named("qipan", alert.event)]
    try:
        national = event_type(alert.event).cn_code
    except LookupError:
        return tuple(codes)
    return (cap.Named(cn12379.SCHEME, national), *codes) if national else tuple(codes)


def areas_of(areas: list[AlertArea]) -> tuple[cap.Area, ...]:
    """Divisions as one CAP area with a geocode each; every drawn shape as its own."""
    divisions = [area for area in areas if area.kind == AlertArea.Kind.DIVISION]
    found = []
    if divisions:
        codes = tuple(cap.Named(cn12379.SCHEME, area.code) for area in divisions)
        found.append(cap.Area("、".join(area.name for area in divisions), geocodes=codes))
    for area in areas:
        if area.kind == AlertArea.Kind.POLYGON:
            found.append(cap.Area(area.name, polygons=(area.geometry,)))
        elif area.kind == AlertArea.Kind.CIRCLE:
            found.append(cap.Area(area.name, circles=(area.geometry,)))
    return tuple(found)


def build(alert: Alert) -> bytes:
    """The XML of the warning, valid by schema and public profile; InvalidInput names what is wrong."""
    message = cap_of(alert)
    # What is signed must not depend on the reader's language.
    with override(settings.LANGUAGE_CODE):
        data = cap.build(message)
    faults = [*cap.problems(message, public=True)]
    if faults:
        raise InvalidInput(faults[0].field, problem_text(faults[0]))
    errors = cap.schema_errors(data)
    if errors:
        raise InvalidInput("document", errors[0])
    return data


def signed(data: bytes) -> bytes:
    """The XML with the county's enveloped signature."""
    own = identity()
    return cap.sign(data, own.key, own.certificate)


def as_12379(alert: Alert) -> bytes:
    """The published message in the form of the national release platform."""
    if alert.document is None:
        raise InvalidInput("document", _("尚未签发"))
    return cn12379.from_cap(cap.parse(bytes(alert.document)).alert, national_events())


def problem_text(problem: cap.Problem) -> str:
    """A problem of a message in words."""
    words = {
        "forbidden-characters": _("不能含空格、逗号、< 和 &"),
        "restriction-missing": _("限制发布的报文须写明限制条件"),
        "addresses-missing": _("定向报文须有接收地址"),
        "references-missing": _("更新或撤销须引用原报文"),
        "bad-reference": _("引用须为“单位代码,标识,时间”"),
        "bad-instant": _("时间格式不合规范"),
        "expires-before-effective": _("有效期不能早于开始时间"),
        "bad-circle": _("圆须为“纬度,经度 半径公里”"),
        "bad-coordinates": _("坐标须为“纬度,经度”"),
        "out-of-range": _("坐标超出范围,是否颠倒了经纬度?"),
        "polygon-too-short": _("多边形至少四个点,首尾相同"),
        "polygon-open": _("多边形首尾须为同一点"),
        "polygon-crosses-itself": _("多边形边线自相交"),
        "ceiling-without-altitude": _("有上限高度须有下限高度"),
        "info-missing": _("没有预警内容"),
        "language-missing": _("没有写明语言"),
        "expires-missing": _("没有有效期"),
        "geocode-missing": _("没有区划代码"),
    }
    text = words.get(problem.code, problem.code)
    return f"{text} ({problem.detail})" if problem.detail else text
