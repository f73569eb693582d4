"""CAP 1.2 XML: safe reading with schema validation, and writing in the order that the schema fixes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

from lxml import etree

from qipan.protocols.cap.model import Alert, Area, CapError, Info, Named, Resource, instant, instant_text

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
OLD_NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.1"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
LIMIT = 1024 * 1024  # bytes of one message
SCHEMAS = Path(__file__).resolve().parents[4] / "data" / "cap"

Element = etree._Element


@dataclass(frozen=True)
class Message:
    """A message read; ``flags`` says what was changed on the way in (``cap-1.1``)."""

    alert: Alert
    flags: tuple[str, ...] = ()


def tree(data: bytes) -> Element:
    """The root of an XML text of at most ``LIMIT`` bytes, without document type or entities."""
    if len(data) > LIMIT:
        raise CapError("too-large", f"{len(data)} bytes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise CapError("not-xml", str(error)) from error
    doctype = str(getattr(root.getroottree().docinfo, "doctype", ""))
    if doctype:
        raise CapError("document-type", doctype)
    return root


@cache
def schema(version: str) -> etree.XMLSchema:
    """The OASIS schema of ``1.1`` or ``1.2``."""
    return etree.XMLSchema(etree.parse(SCHEMAS / f"CAP-v{version}.xsd"))


def schema_errors(data: bytes, version: str = "1.2") -> list[str]:
    """What the schema finds wrong, one line each; empty when valid."""
    return _errors(tree(data), version)


def _errors(root: Element, version: str) -> list[str]:
    validator = schema(version)
    if validator.validate(root):
        return []
    log = cast(Iterable[Any], validator.error_log)  # the stubs do not know that it is iterable
    return [f"{entry.line}: {entry.message}" for entry in log]


def parse(data: bytes) -> Message:
    """Read a CAP 1.2 message (1.1 is converted and flagged); CapError says why not.

    The message must be valid by the OASIS schema. Signatures are not looked at here (``signing.verify``).
    """
    root = tree(data)
    name = etree.QName(root)
    versions = {NAMESPACE: "1.2", OLD_NAMESPACE: "1.1"}
    version = versions.get(name.namespace or "")
    if name.localname != "alert" or version is None:
        raise CapError("wrong-namespace", str(root.tag))
    errors = _errors(root, version)
    if errors:
        raise CapError("schema", "; ".join(errors)[:2000])
    if version == "1.2":
        return Message(_Reader(NAMESPACE).alert(root))
    return Message(_Reader(OLD_NAMESPACE).alert(root), ("cap-1.1",))


class _Reader:
    """Reads elements of one namespace that the schema has already checked."""

    def __init__(self, namespace: str) -> None:
        self.prefix = f"{{{namespace}}}"
        self.old = namespace == OLD_NAMESPACE

    def text(self, node: Element, name: str) -> str:
        return (node.findtext(self.prefix + name) or "").strip()

    def texts(self, node: Element, name: str) -> tuple[str, ...]:
        return tuple((each.text or "").strip() for each in node.iterfind(self.prefix + name))

    def instant(self, node: Element, name: str) -> datetime | None:
        text = self.text(node, name)
        if not text:
            return None
        if self.old:  # 1.1 allows every xs:dateTime
            found = datetime.fromisoformat(text)
            if found.tzinfo is None:
                raise CapError("bad-instant", text)
            return found.replace(microsecond=0)
        return instant(text)

    def named(self, node: Element, name: str) -> tuple[Named, ...]:
        return tuple(
            Named(self.text(each, "valueName"), self.text(each, "value"))
            for each in node.iterfind(self.prefix + name)
        )

    def number(self, node: Element, name: str) -> Decimal | None:
        text = self.text(node, name)
        return Decimal(text) if text else None

    def alert(self, node: Element) -> Alert:
        sent = self.instant(node, "sent")
        if sent is None:
            raise CapError("bad-instant", "sent")
        return Alert(
            identifier=self.text(node, "identifier"), sender=self.text(node, "sender"), sent=sent,
            status=self.text(node, "status"), message_type=self.text(node, "msgType"),
            scope=self.text(node, "scope"), source=self.text(node, "source"),
            restriction=self.text(node, "restriction"), addresses=self.text(node, "addresses"),
            codes=self.texts(node, "code"), note=self.text(node, "note"),
            references=self.text(node, "references"), incidents=self.text(node, "incidents"),
            infos=tuple(self.info(each) for each in node.iterfind(self.prefix + "info")),
        )  # fmt: skip

    def info(self, node: Element) -> Info:
        certainty = self.text(node, "certainty")
        return Info(
            language=self.text(node, "language"), categories=self.texts(node, "category"),
            event=self.text(node, "event"), responses=self.texts(node, "responseType"),
            urgency=self.text(node, "urgency"), severity=self.text(node, "severity"),
            certainty="Likely" if certainty == "Very Likely" else certainty,
            audience=self.text(node, "audience"), event_codes=self.named(node, "eventCode"),
            effective=self.instant(node, "effective"), onset=self.instant(node, "onset"),
            expires=self.instant(node, "expires"), sender_name=self.text(node, "senderName"),
            headline=self.text(node, "headline"), description=self.text(node, "description"),
            instruction=self.text(node, "instruction"), web=self.text(node, "web"),
            contact=self.text(node, "contact"), parameters=self.named(node, "parameter"),
            resources=tuple(self.resource(each) for each in node.iterfind(self.prefix + "resource")),
            areas=tuple(self.area(each) for each in node.iterfind(self.prefix + "area")),
        )  # fmt: skip

    def resource(self, node: Element) -> Resource:
        size = self.text(node, "size")
        return Resource(
            self.text(node, "resourceDesc"), self.text(node, "mimeType"), int(size) if size else None,
            self.text(node, "uri"), self.text(node, "derefUri"), self.text(node, "digest"),
        )  # fmt: skip

    def area(self, node: Element) -> Area:
        return Area(
            self.text(node, "areaDesc"), self.texts(node, "polygon"), self.texts(node, "circle"),
            self.named(node, "geocode"), self.number(node, "altitude"), self.number(node, "ceiling"),
        )  # fmt: skip


def build(alert: Alert) -> bytes:
    """The message as UTF-8 XML, one line, elements in the schema's order; CapError for text XML cannot hold.

    No white space stands between elements, so that the bytes that are hashed and signed are these.
    """
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap=cast(dict[str, str], {None: NAMESPACE}))
    try:
        _alert(root, alert)
    except ValueError as error:
        raise CapError("not-xml", str(error)) from error
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _put(node: Element, name: str, text: str) -> None:
    etree.SubElement(node, f"{{{NAMESPACE}}}{name}").text = text


def _maybe(node: Element, name: str, value: str | datetime | Decimal | int | None) -> None:
    if value is None or value == "":
        return
    if isinstance(value, datetime):
        _put(node, name, instant_text(value))
    elif isinstance(value, Decimal):
        _put(node, name, format(value, "f"))  # xs:decimal has no exponent
    else:
        _put(node, name, str(value))


def _named(node: Element, name: str, pairs: tuple[Named, ...]) -> None:
    for pair in pairs:
        child = etree.SubElement(node, f"{{{NAMESPACE}}}{name}")
        _put(child, "valueName", pair.name)
        _put(child, "value", pair.value)


def _alert(node: Element, alert: Alert) -> None:
    _put(node, "identifier", alert.identifier)
    _put(node, "sender", alert.sender)
    _put(node, "sent", instant_text(alert.sent))
    _put(node, "status", alert.status)
    _put(node, "msgType", alert.message_type)
    _maybe(node, "source", alert.source)
    _put(node, "scope", alert.scope)
    _maybe(node, "restriction", alert.restriction)
    _maybe(node, "addresses", alert.addresses)
    for code in alert.codes:
        _put(node, "code", code)
    _maybe(node, "note", alert.note)
    _maybe(node, "references", alert.references)
    _maybe(node, "incidents", alert.incidents)
    for info in alert.infos:
        _info(etree.SubElement(node, f"{{{NAMESPACE}}}info"), info)


def _info(node: Element, info: Info) -> None:
    _maybe(node, "language", info.language)
    for category in info.categories:
        _put(node, "category", category)
    _put(node, "event", info.event)
    for response in info.responses:
        _put(node, "responseType", response)
    _put(node, "urgency", info.urgency)
    _put(node, "severity", info.severity)
    _put(node, "certainty", info.certainty)
    _maybe(node, "audience", info.audience)
    _named(node, "eventCode", info.event_codes)
    for name in ("effective", "onset", "expires"):
        _maybe(node, name, getattr(info, name))
    _maybe(node, "senderName", info.sender_name)
    for name in ("headline", "description", "instruction", "web", "contact"):
        _maybe(node, name, getattr(info, name))
    _named(node, "parameter", info.parameters)
    for resource in info.resources:
        _resource(etree.SubElement(node, f"{{{NAMESPACE}}}resource"), resource)
    for area in info.areas:
        _area(etree.SubElement(node, f"{{{NAMESPACE}}}area"), area)


def _resource(node: Element, resource: Resource) -> None:
    _put(node, "resourceDesc", resource.description)
    _put(node, "mimeType", resource.mime_type)
    _maybe(node, "size", resource.size)
    _maybe(node, "uri", resource.uri)
    _maybe(node, "derefUri", resource.deref_uri)
    _maybe(node, "digest", resource.digest)


def _area(node: Element, area: Area) -> None:
    _put(node, "areaDesc", area.description)
    for polygon in area.polygons:
        _put(node, "polygon", polygon)
    for circle in area.circles:
        _put(node, "circle", circle)
    _named(node, "geocode", area.geocodes)
    _maybe(node, "altitude", area.altitude)
    _maybe(node, "ceiling", area.ceiling)
