"""Warnings: drafted by rules or people, signed and published by people, in CAP 1.2."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qipan.kernel.alerts.proposals import propose

__all__ = ["propose"]


def __getattr__(name: str) -> Any:
    """Look ``propose`` up at first use: models cannot be imported while Django loads its apps."""
    if name != "propose":
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.proposals"), name)
