"""The Atom feed of published warnings (RFC 4287), newest first, each with a link to its CAP file."""

from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from qipan.kernel.alerts.models import Alert

ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE = "application/cap+xml"


def atom(alerts: Iterable[Alert], *, title: str, base: str, updated: datetime) -> bytes:
    """The feed; ``base`` is the site's address without the last slash, ``updated`` that of an empty feed."""
    rows = list(alerts)
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item]
    newest = max((row.published_at for row in rows if row.published_at), default=updated)
    _text(feed, "id", f"{base}/alerts/cap/")
    _text(feed, "title", title)
    _text(feed, "updated", newest.isoformat(timespec="seconds"))
    author = etree.SubElement(feed, f"{{{ATOM}}}author")
    _text(author, "name", title)
    _link(feed, f"{base}/alerts/cap/", "self", "application/atom+xml")
    for row in rows:
        _entry(feed, row, base)
    return etree.tostring(feed, xml_declaration=True, encoding="UTF-8")


def _entry(feed: etree._Element, row: Alert, base: str) -> None:
    moment = row.published_at or row.created_at
    entry = etree.SubElement(feed, f"{{{ATOM}}}entry")
    _text(entry, "id", f"urn:oasis:names:tc:emergency:cap:{row.identifier}")
    _text(entry, "title", row.headline)
    _text(entry, "updated", (row.ended_at or moment).isoformat(timespec="seconds"))
    _text(entry, "published", moment.isoformat(timespec="seconds"))
    _text(entry, "summary", row.description)
    _link(entry, f"{base}/alerts/cap/{row.identifier}.xml", "alternate", CAP_TYPE)
    _link(entry, f"{base}/public/alerts/{row.first.pk}/", "related", "text/html")
    for term in (row.event, row.colour, row.message_type):
        etree.SubElement(entry, f"{{{ATOM}}}category", term=term)


def _text(node: etree._Element, name: str, text: str) -> None:
    etree.SubElement(node, f"{{{ATOM}}}{name}").text = text


def _link(node: etree._Element, href: str, rel: str, kind: str) -> None:
    etree.SubElement(node, f"{{{ATOM}}}link", href=href, rel=rel, type=kind)
