"""Events between blocks: published inside a transaction, delivered after its commit.

A block publishes what happened to it; blocks and systems above listen. So no block needs to know who
stands on it. A plain listener runs in this process; a durable one runs as a background job that is
written in the same transaction, so that a crash after the commit loses nothing.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

from django.db import transaction


class Event(Protocol):
    """A frozen dataclass with JSON-able fields (numbers, texts, lists of them)."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Handler = Callable[[Any], None]
DurableDispatch = Callable[[str, str, dict[str, Any]], None]

log = logging.getLogger(__name__)
_plain: dict[type, list[Handler]] = defaultdict(list)
_durable: dict[type, dict[str, Handler]] = defaultdict(dict)
_dispatchers: list[DurableDispatch] = []


def subscribe(event: type, handler: Handler, *, durable: bool = False) -> None:
    """Call ``handler(event)`` after each commit that published one; twice the same is once."""
    if durable:
        _durable[event][_name(handler)] = handler
    elif handler not in _plain[event]:
        _plain[event].append(handler)


def dispatch_durable_with(dispatch: DurableDispatch) -> None:
    """Set who writes a durable delivery: ``dispatch(event name, handler name, fields)`` (the jobs block)."""
    _dispatchers[:] = [dispatch]


def publish(event: Event) -> None:
    """Tell the listeners of this event, after the commit; a listener's failure stops no other one.

    RuntimeError when a durable listener exists and no dispatcher was set: losing it quietly is worse.
    """
    for name in _durable[type(event)]:
        if not _dispatchers:
            raise RuntimeError(f"no dispatcher for durable listener {name}")
        _dispatchers[0](_name(type(event)), name, asdict(event))
    if _plain[type(event)]:
        transaction.on_commit(lambda: _deliver(event))


def deliver_durable(event_name: str, handler_name: str, fields: dict[str, Any]) -> None:
    """Run one durable listener, called by the background job; LookupError when it is gone."""
    for event, handlers in _durable.items():
        if _name(event) == event_name and handler_name in handlers:
            handlers[handler_name](event(**fields))
            return
    raise LookupError(f"{handler_name} does not listen to {event_name}")


def _deliver(event: Event) -> None:
    for handler in tuple(_plain[type(event)]):
        try:
            handler(event)
        except Exception:
            log.exception("listener %s failed on %s", _name(handler), event)


def _name(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"
