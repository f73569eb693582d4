"""Warnings, messages received, sources and what really happened as lists."""

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from qipan.kernel.alerts.models import Alert, CallOut, Occurrence, Received, Source
from qipan.kernel.ui.badges import badge
from qipan.kernel.ui.declarations import Column, Register

SECTION = _("预警发布")


def colour_of(alert: Alert) -> object:
    """The colour as a badge."""
    return format_html("{}", badge(alert.get_colour_display(), alert.colour))


REGISTERS = (
    Register(
        Alert,
        "all",
        (
            "headline",
            Column("colour", value=colour_of),
            "event_name",
            "state",
            "message_type",
            "status",
            Column("area_text", _("区域"), value=lambda alert: alert.area_text, sort=""),
            "published_at",
            "expires",
            "ended_at",
        ),
        title=_("全部预警"),
        filters=("event", "colour", "state", "status", "message_type"),
        search=("headline", "description", "identifier"),
        create=(),
        date_field="published_at",
        section=SECTION,
        icon="list",
    ),
    Register(
        Received,
        "inbound",
        ("received_at", "source", "headline", "sender", "identifier", "form", "state", "reason"),
        title=_("接入报文"),
        filters=("source", "state", "form"),
        search=("headline", "identifier", "sender"),
        create=(),
        date_field="received_at",
        section=SECTION,
        icon="inbox",
    ),
    Register(
        Source,
        "sources",
        ("code", "name", "organisation", "trust", "last_seen"),
        title=_("接入来源"),
        filters=("trust",),
        search=("code", "name"),
        edit=("name", "organisation", "trust", "senders", "certificate"),
        create=(),
        section=SECTION,
        icon="plug",
    ),
    Register(
        Occurrence,
        "occurrences",
        ("event", "code", "colour", "starts", "ends", "peak", "source"),
        title=_("灾害实况"),
        filters=("event", "colour"),
        search=("code", "source"),
        create=("event", "code", "colour", "starts", "ends", "peak", "source"),
        date_field="starts",
        section=SECTION,
        icon="history",
    ),
    Register(
        CallOut,
        "callouts",
        ("alert", "code", "step", "account", "called_at", "due_at", "reached_at", "how"),
        title=_("叫应记录"),
        filters=("how",),
        create=(),
        date_field="called_at",
        section=SECTION,
        icon="phone",
    ),
)
