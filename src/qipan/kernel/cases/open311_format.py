"""GeoReport v2 on the wire: the same rows as JSON or as XML (no Django)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

JSON = "application/json; charset=utf-8"
XML = "text/xml; charset=utf-8"
FORMATS = {"json": JSON, "xml": XML}
# What the items of a list are called in XML; lists under other names hold plain <item> elements.
ITEMS = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
Content = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def encode(root: str, content: Content, form: str) -> bytes:
    """Content under its root element; JSON has no root of its own. Absent: null, or an empty element."""
    if form == "json":
        return json.dumps(content, ensure_ascii=False).encode()
    element = _element(root, content)
    body: bytes = ElementTree.tostring(element, encoding="utf-8")
    return body if body.startswith(b"<?xml") else b'<?xml version="1.0" encoding="utf-8"?>\n' + body


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, inner) for key, inner in value.items())
    elif isinstance(value, list | tuple):
        item = ITEMS.get(name, "item")
        element.extend(_element(item, inner) for inner in value)
    elif value is not None:
        element.text = _plain(value)
    return element


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "".join(character for character in str(value) if allowed_in_xml(character))


def allowed_in_xml(character: str) -> bool:
    """Whether XML 1.0 may hold a character; the others cannot be escaped either."""
    code = ord(character)
    if code < 0x20:
        return character in "\t\n\r"
    return not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF)


def split_suffix(path: str) -> tuple[str, str]:
    """A path and the format that its suffix asks for; "" when it has none that is known."""
    stem, dot, suffix = path.rpartition(".")
    return (stem, suffix) if dot and suffix in FORMATS else (path, "")


def attributes_of(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of a JSON schema as GeoReport attributes, in their order."""
    required = set(schema.get("required", ()))
    rows = []
    for order, (code, field) in enumerate(schema.get("properties", {}).items(), start=1):
        choices = field.get("enum") or field.get("items", {}).get("enum") or []
        rows.append(
            {
                "variable": True,
                "code": code,
                "datatype": _datatype(field),
                "required": code in required,
                "order": order,
                "description": field.get("title", code),
                "datatype_description": field.get("description"),
                "values": [{"key": choice, "name": choice} for choice in choices],
            }
        )
    return rows


def _datatype(field: Mapping[str, Any]) -> str:
    kind = field.get("type", "string")
    if kind == "array":
        return "multivaluelist"
    if "enum" in field:
        return "singlevaluelist"
    if kind in ("number", "integer"):
        return "number"
    if field.get("format") in ("date", "date-time"):
        return "datetime"
    return "text" if field.get("maxLength", 0) > 200 else "string"
