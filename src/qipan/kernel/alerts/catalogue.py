"""The event types and rules that the installed modules declared."""

from collections.abc import Iterable
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from qipan.kernel.alerts.declarations import AlertRule, EventType

OTHER = EventType("other", _("其他突发事件"), "Other")


class Offer(Protocol):
    """What this block needs to know of a module."""

    @property
    def event_types(self) -> tuple[EventType, ...]: ...
    @property
    def alert_rules(self) -> tuple[AlertRule, ...]: ...


_types: dict[str, EventType] = {OTHER.code: OTHER}
_rules: dict[str, list[AlertRule]] = {}


def install(modules: Iterable[Offer]) -> None:
    """Take the declarations of all modules; ImproperlyConfigured for a doubled or unknown event."""
    offers = list(modules)
    _types.clear()
    _types[OTHER.code] = OTHER
    _rules.clear()
    for event in (event for offer in offers for event in offer.event_types):
        if event.code in _types:
            raise ImproperlyConfigured(f"alerts: event type {event.code} declared twice")
        _types[event.code] = event
    for rule in (rule for offer in offers for rule in offer.alert_rules):
        if rule.event not in _types:
            raise ImproperlyConfigured(f"alerts: rule {rule.rule_code} warns of unknown event {rule.event}")
        _rules.setdefault(rule.rule_code, []).append(rule)


def event_types() -> tuple[EventType, ...]:
    """Every declared type, "other" first."""
    return tuple(_types.values())


def event_type(code: str) -> EventType:
    """The type of a code; LookupError for an unknown one."""
    if code not in _types:
        raise LookupError(f"unknown event type {code}")
    return _types[code]


def every_rule() -> tuple[AlertRule, ...]:
    """Every declared rule in the order of the sensing rules' codes."""
    return tuple(rule for code in sorted(_rules) for rule in _rules[code])


def rules_for(rule_code: str) -> tuple[AlertRule, ...]:
    """The rules that draft when a sensing rule fires."""
    return tuple(_rules.get(rule_code, ()))
