"""The message of the national early warning release system (12379) and CAP 1.2, both ways without loss.

A 12379 message has no namespace and says less than CAP and some things that CAP does not. What one side lacks
travels in ``12379:…`` parameters of the CAP message, or in a processing instruction ``cap12`` of the 12379
message, which its schema and its readers pass over. A carried copy counts only while it agrees with the
elements beside it, so that a message edited on the way is read as edited.
"""

import base64
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from lxml import etree

from qipan.protocols.cap.model import Alert, Area, CapError, Info, Named, instant_text, references
from qipan.protocols.cap.xml import LIMIT, Element, build, parse, tree

METHOD, SIGNER, EMPTY, RAW = "12379:method", "12379:signer", "12379:empty", "12379:raw"
CLASSIFICATION, REFERENCES, COLOUR = "12379:secClassification", "12379:references", "colour"
SCHEME = "12379"  # valueName of its event codes and divisions
SEVERITY = {"Red": "Extreme", "Orange": "Severe", "Yellow": "Moderate", "Blue": "Minor", "Unknown": "Unknown"}
LOCAL = timezone(timedelta(hours=8))

_COLOURS = {severity: colour for colour, severity in SEVERITY.items()}
_HEAD = ("identifier", "sender", "senderCode", "sendTime", "status", "msgType", "scope")
_OPTIONAL = ("effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web")
_CARRIER = "cap12"
_STAMP = re.compile(r"(?P<sender>[^_]+)_(?P<time>\d{14})")

Lookup = Callable[[str], Alert | None]


def unknown(_identifier: str) -> Alert | None:
    """A lookup that knows no earlier message."""
    return None


def to_cap(data: bytes, events: Mapping[str, tuple[str, str]], lookup: Lookup = unknown) -> Alert:
    """The CAP message of a 12379 message; CapError when it is not one.

    ``events``: code -> (name, CAP categories separated by a space); an unknown code stands for its own name.
    ``lookup`` finds an earlier message by its identifier, for its sender and time.
    """
    root = tree(data)
    if root.tag != "alert":
        raise CapError("wrong-namespace", str(root.tag))
    carried = _carried(root)
    if carried is not None and _same(_elements(carried), root):
        return carried
    alert = _plain(root, events, lookup)
    if _same(_elements(alert), root):
        return alert
    return _with_parameter(alert, Named(RAW, _bare(root)))


def from_cap(alert: Alert, events: Mapping[str, tuple[str, str]], lookup: Lookup = unknown) -> bytes:
    """The 12379 message of a CAP message, in UTF-8."""
    original = _original(alert, events, lookup)
    root = _elements(alert) if original is None else original
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    if to_cap(data, events, lookup) == alert:
        return data
    packed = base64.b64encode(zlib.compress(build(alert), 9)).decode("ascii")
    root.append(etree.ProcessingInstruction(_CARRIER, packed))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _original(alert: Alert, events: Mapping[str, tuple[str, str]], lookup: Lookup) -> Element | None:
    """The 12379 message that a CAP message keeps word for word, None when they no longer agree."""
    raw = alert.infos[0].parameter(RAW) if alert.infos else None
    if raw is None:
        return None
    try:
        root = tree(raw.encode())
        again = _with_parameter(_plain(root, events, lookup), Named(RAW, raw))
    except CapError:
        return None
    return root if again == alert else None


def _carried(root: Element) -> Alert | None:
    """The CAP message carried along, None without one or when it cannot be read."""
    for node in root.iterchildren(etree.ProcessingInstruction):
        if getattr(node, "target", "") != _CARRIER:
            continue
        try:
            unpacked = zlib.decompressobj().decompress(base64.b64decode(node.text or ""), LIMIT)
            return parse(unpacked).alert
        except (CapError, ValueError, zlib.error):
            return None
    return None


def _with_parameter(alert: Alert, parameter: Named) -> Alert:
    first, *rest = alert.infos
    return replace(alert, infos=(replace(first, parameters=(*first.parameters, parameter)), *rest))


def _bare(root: Element) -> str:
    copy = etree.fromstring(etree.tostring(root))
    etree.strip_tags(copy, etree.ProcessingInstruction, etree.Comment)
    return etree.tostring(copy, encoding="unicode", with_tail=False)


def _same(one: Element, other: Element) -> bool:
    """Whether two trees say the same apart from white space, comments and instructions."""
    return _shape(one) == _shape(other)


def _shape(node: Element) -> tuple[object, ...]:
    children = [_shape(each) for each in node.iterchildren(etree.Element)]
    texts = [node.text, *(each.tail for each in node)]
    text = " ".join("".join(part for part in texts if part).split())
    return str(node.tag), text, sorted((str(k), str(v)) for k, v in node.attrib.items()), children


# 12379 -> CAP


def _text(node: Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _moment(text: str) -> datetime | None:
    """An instant written with a space (or T) and an offset; a time without offset is Beijing time."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "T", 1))
    except ValueError as error:
        raise CapError("bad-instant", text) from error
    return found.replace(microsecond=0, tzinfo=found.tzinfo or LOCAL)


def _plain(root: Element, events: Mapping[str, tuple[str, str]], lookup: Lookup) -> Alert:
    sent = _moment(_text(root, "sendTime"))
    if sent is None:
        raise CapError("bad-instant", "sendTime")
    refers = _text(root, "references")
    classification = _text(root, "secClassification")
    infos = [_info(node, events) for node in root.iterfind("info")] or [_no_info()]
    infos[0] = replace(
        infos[0],
        sender_name=_text(root, "sender"),
        parameters=(*_head_parameters(root), *infos[0].parameters),
    )
    return Alert(
        identifier=_text(root, "identifier"), sender=_text(root, "senderCode"), sent=sent,
        status=_text(root, "status"), message_type=_text(root, "msgType"), scope=_text(root, "scope"),
        restriction="" if classification in ("", "None") else classification,
        note=_text(root, "note"), references=_triples(refers, lookup), infos=tuple(infos),
    )  # fmt: skip


def _no_info() -> Info:
    return Info(event="", categories=("Other",), urgency="Unknown", severity="Unknown", certainty="Unknown")


def _head_parameters(root: Element) -> list[Named]:
    methods = [
        json.dumps({str(part.tag): part.text or "" for part in method}, ensure_ascii=False)
        for method in root.iterfind("code/method")
    ]
    found = [Named(METHOD, text) for text in methods]
    if _text(root, "secClassification"):
        found.append(Named(CLASSIFICATION, _text(root, "secClassification")))
    if _text(root, "references"):
        found.append(Named(REFERENCES, _text(root, "references")))
    found.append(Named(EMPTY, " ".join(_empty(root))))
    return found


def _empty(root: Element) -> list[str]:
    """Paths of the elements that stand there without a value."""
    paths = [name for name in ("code", "secClassification", "note", "references") if _is_empty(root, name)]
    for info in root.iterfind("info"):
        paths += [f"info/{name}" for name in _OPTIONAL if _is_empty(info, name)]
        for area in info.iterfind("area"):
            paths += [f"area/{name}" for name in ("polygon", "circle", "geocode") if _is_empty(area, name)]
    return list(dict.fromkeys(paths))


def _is_empty(node: Element, name: str) -> bool:
    child = node.find(name)
    return child is not None and not len(child) and not (child.text or "").strip()


def _triples(text: str, lookup: Lookup) -> str:
    """References of 12379 (identifiers alone) as CAP's triples."""
    triples = []
    for identifier in re.split(r"[\s,]+", text):
        known = lookup(identifier) if identifier else None
        stamp = _STAMP.fullmatch(identifier)
        if known is not None:
            triples.append(known.reference)
        elif stamp:
            triples.append(_guess(identifier, stamp))
    return " ".join(each for each in triples if each)


def _guess(identifier: str, stamp: re.Match[str]) -> str:
    try:
        sent = datetime.strptime(stamp["time"], "%Y%m%d%H%M%S").replace(tzinfo=LOCAL)
    except ValueError:
        return ""
    return f"{stamp['sender']},{identifier},{instant_text(sent)}"


def _info(node: Element, events: Mapping[str, tuple[str, str]]) -> Info:
    code, colour = _text(node, "eventType"), _text(node, "severity")
    name, categories = events.get(code, (code, "Other"))
    parameters = [Named(COLOUR, colour)]
    if _text(node, "senderName"):
        parameters.append(Named(SIGNER, _text(node, "senderName")))
    return Info(
        language=_text(node, "language"), categories=tuple(categories.split()), event=name,
        urgency=_text(node, "urgency"), severity=SEVERITY.get(colour, "Unknown"),
        certainty=_text(node, "certainty"), event_codes=(Named(SCHEME, code),),
        effective=_moment(_text(node, "effective")), onset=_moment(_text(node, "onset")),
        expires=_moment(_text(node, "expires")), headline=_text(node, "headline"),
        description=_text(node, "description"), instruction=_text(node, "instruction"),
        web=_text(node, "web"), parameters=tuple(parameters),
        areas=tuple(_area(each) for each in node.iterfind("area")),
    )  # fmt: skip


def _area(node: Element) -> Area:
    codes = [code for code in _text(node, "geocode").split(",") if code]
    return Area(
        description=_text(node, "areaDesc"),
        polygons=tuple(filter(None, ((each.text or "").strip() for each in node.iterfind("polygon")))),
        circles=tuple(filter(None, ((each.text or "").strip() for each in node.iterfind("circle")))),
        geocodes=tuple(Named(SCHEME, code.strip()) for code in codes),
    )


# CAP -> 12379


def _elements(alert: Alert) -> Element:
    root = etree.Element("alert")
    first = alert.infos[0] if alert.infos else _no_info()
    values = (
        alert.identifier, first.sender_name, alert.sender, _moment_text(alert.sent), alert.status,
        alert.message_type, alert.scope,
    )  # fmt: skip
    for name, value in zip(_HEAD, values, strict=True):
        etree.SubElement(root, name).text = value
    # Without the list, the message was born as CAP: every element of 12379 then stands there.
    listed = first.parameter(EMPTY)
    empty = None if listed is None else frozenset(listed.split())
    _methods(root, first, empty)
    classification = first.parameter(CLASSIFICATION) or (alert.restriction or "None" if empty is None else "")
    _put(root, "secClassification", classification, "secClassification", empty)
    _put(root, "note", alert.note, "note", empty)
    _put(root, "references", _identifiers(alert, first), "references", empty)
    for info in alert.infos:
        _put_info(etree.SubElement(root, "info"), info, empty)
    return root


def _put(node: Element, name: str, text: str, path: str, empty: frozenset[str] | None) -> None:
    if text or empty is None or path in empty:
        etree.SubElement(node, name).text = text or None


def _moment_text(value: datetime | None) -> str:
    if value is None:
        return ""
    return value.astimezone(value.tzinfo).replace(microsecond=0).isoformat(sep=" ")


def _methods(root: Element, first: Info, empty: frozenset[str] | None) -> None:
    texts = [each.value for each in first.parameters if each.name == METHOD]
    methods = [method for method in map(_method, texts) if method]
    if not methods and empty is None:
        message = {"methodName": "WEB", "message": first.description, "audienceGrp": "", "audenceprt": ","}
        methods = [message]
    if not methods:
        _put(root, "code", "", "code", empty)
        return
    code = etree.SubElement(root, "code")
    for method in methods:
        node = etree.SubElement(code, "method")
        for name, value in method.items():
            etree.SubElement(node, name).text = value or None


def _method(text: str) -> dict[str, str]:
    """Fields of one method; nothing when a foreign sender used the name for something else."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    named = re.compile(r"[A-Za-z_][\w.-]*")
    return {name: value for name, value in found.items() if named.fullmatch(name) and isinstance(value, str)}


def _identifiers(alert: Alert, first: Info) -> str:
    raw = first.parameter(REFERENCES)
    if raw is not None:
        return raw
    try:
        return ",".join(identifier for _sender, identifier, _sent in references(alert.references))
    except CapError:
        return alert.references


def _put_info(node: Element, info: Info, empty: frozenset[str] | None) -> None:
    colour = info.parameter(COLOUR)
    if colour is None or SEVERITY.get(colour, "Unknown") != info.severity:
        colour = _COLOURS.get(info.severity, "Unknown")
    code = next((each.value for each in info.event_codes if each.name == SCHEME), info.event)
    for name, value in (
        ("language", info.language), ("eventType", code), ("urgency", info.urgency), ("severity", colour),
        ("certainty", info.certainty),
    ):  # fmt: skip
        etree.SubElement(node, name).text = value or None
    values = (
        _moment_text(info.effective), _moment_text(info.onset), _moment_text(info.expires),
        info.parameter(SIGNER) or "", info.headline, info.description, info.instruction, info.web,
    )  # fmt: skip
    for name, value in zip(_OPTIONAL, values, strict=True):
        _put(node, name, value, f"info/{name}", empty)
    for area in info.areas:
        _put_area(etree.SubElement(node, "area"), area, empty)


def _put_area(node: Element, area: Area, empty: frozenset[str] | None) -> None:
    etree.SubElement(node, "areaDesc").text = area.description or None
    for name, texts in (("polygon", area.polygons), ("circle", area.circles)):
        for text in texts:
            etree.SubElement(node, name).text = text
        if not texts:
            _put(node, name, "", f"area/{name}", empty)
    codes = ",".join(each.value for each in area.geocodes)
    _put(node, "geocode", codes, "area/geocode", empty)
