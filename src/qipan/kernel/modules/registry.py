"""The installed modules: found once at start, checked, and handed to the blocks that need to know."""

import importlib
from functools import lru_cache
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from qipan.kernel.access.models import RoleRow
from qipan.kernel.access.roles import KERNEL_ROLES
from qipan.kernel.base import events
from qipan.kernel.modules.declarations import DemoBuilder, Module
from qipan.kernel.modules.foundation import foundation


@lru_cache(maxsize=1)
def systems() -> tuple[Module, ...]:
    """The systems of `qipan.project.systems`, in the order of their numbers."""
    found = [_front_door(path) for path in _system_paths()]
    return tuple(sorted(found, key=lambda module: module.action))


@lru_cache(maxsize=1)
def modules() -> tuple[Module, ...]:
    """Kernel blocks in their order, then the systems."""
    found = (*foundation(), *systems())
    labels = [module.label for module in found]
    doubled = {label for label in labels if labels.count(label) > 1}
    if doubled:
        raise ImproperlyConfigured(f"modules: label used twice: {sorted(doubled)}")
    return found


def demo_builders() -> list[tuple[str, DemoBuilder]]:
    """Builders of the demo county in the order of the modules."""
    return [(module.label, module.demo) for module in modules() if module.demo is not None]


def _system_paths() -> tuple[str, ...]:
    return tuple(app for app in settings.INSTALLED_APPS if app.startswith("qipan.domains."))


def _front_door(path: str) -> Module:
    door: ModuleType = importlib.import_module(f"{path}.module")
    module: Any = getattr(door, "module", None)
    if not isinstance(module, Module):
        raise ImproperlyConfigured(f"{path}.module: no `module = Module(...)`")
    if module.label != path.rsplit(".", 1)[1]:
        raise ImproperlyConfigured(f"{path}: label {module.label} is not the folder's name")
    return module


def subscribe_listeners() -> None:
    """Join the modules' listeners to the events of the blocks below them."""
    for module in modules():
        for event, handler, durable in module.listeners:
            events.subscribe(event, handler, durable=durable)


def sync_roles() -> None:
    """Write the declared roles; a role whose permissions changed takes effect at once."""
    for role in (*KERNEL_ROLES, *(offer for module in modules() for offer in module.role_offers())):
        RoleRow.objects.update_or_create(
            code=role.code,
            defaults={
                "label": str(role.label),
                "permissions": list(role.permissions),
                "sensitivity": role.sensitivity,
            },
        )
