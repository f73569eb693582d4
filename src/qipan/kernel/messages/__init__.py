"""Messages to people: one call, several channels, an outbox that survives crashes, receipts."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qipan.kernel.messages.outbox import send
    from qipan.kernel.messages.receipts import acknowledge, mark_read, unread_count

__all__ = ["acknowledge", "mark_read", "send", "unread_count"]

_HOMES = {"send": "outbox", "acknowledge": "receipts", "mark_read": "receipts", "unread_count": "receipts"}


def __getattr__(name: str) -> Any:
    """Look the offered functions up at first use: models cannot be imported while Django loads its apps."""
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
