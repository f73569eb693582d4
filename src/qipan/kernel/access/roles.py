"""Roles as modules declare them; permissions are ``<label>.<object>.<verb>`` with ``*`` for any."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class RoleOffer:
    """A role that a module brings: ``sensitivity`` 0 plain, 1 personal data, 2 privileged."""

    code: str
    label: str | Promise
    permissions: tuple[str, ...]
    sensitivity: int = 0


# What anybody may do, and what every resident or staff member may do without a grant.
PUBLIC = ("*.public.view",)
SIGNED_IN = ("*.public.view", "messages.message.view", "access.profile.view", "cases.own.*")
STAFF = (*SIGNED_IN, "maps.layer.view", "indicators.indicator.view", "modules.home.view")

KERNEL_ROLES = (
    RoleOffer("admin", _("系统管理员"), ("*",), 2),
    RoleOffer("auditor", _("审计员"), ("access.audit.view", "*.view"), 2),
    RoleOffer("duty.signer", _("预警签发人"), ("alerts.*", "cases.*.view", "sensing.*.view"), 1),
    RoleOffer(
        "grid.worker",
        _("网格员"),
        (
            "cases.case.view",
            "cases.case.handle",
            "cases.case.add",
            "sensing.thing.view",
            "alerts.alert.view",
            "alerts.alert.receive",
        ),
    ),
)


@lru_cache(maxsize=20_000)
def covers(pattern: str, permission: str) -> bool:
    """Whether a permission pattern of a role covers one permission (``*`` crosses dots)."""
    return pattern == permission or ("*" in pattern and fnmatchcase(permission, pattern))
