"""What the kernel's own blocks offer, in the same shape as a system's front door.

A block tells its offers in `offers.py`, as plain tuples under fixed names. Blocks below `ui` cannot make
registers and pages themselves (they may not import it), so theirs are declared here.
"""

import importlib
import importlib.util
from types import ModuleType
from typing import Any

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access import pages as access_pages
from qipan.kernel.access.models import Account, AuditEntry, Grant, RoleRow
from qipan.kernel.access.periodic import PERIODIC
from qipan.kernel.jobs import job
from qipan.kernel.modules.declarations import Module
from qipan.kernel.modules.models import RuleTable
from qipan.kernel.orgs.models import CalendarDay, Division, Grid, Organisation, Post
from qipan.kernel.ui.declarations import Page, Register

# Blocks below `ui` list their views in `pages.py` as (path, view, title, permission, in the menu).
PLAIN_PAGES = ("files", "jobs", "messages", "lake")
BLOCKS = (
    ("orgs", _("组织机构")),
    ("access", _("身份权限")),
    ("files", _("文件")),
    ("messages", _("消息")),
    ("jobs", _("后台任务")),
    ("lake", _("数据湖")),
    ("ui", _("界面")),
    ("api", _("接口")),
    ("maps", _("地图")),
    ("sensing", _("感知")),
    ("cases", _("案件")),
    ("alerts", _("预警")),
    ("indicators", _("指标")),
    ("modules", _("平台")),
)
TUPLES = {
    "REGISTERS": "registers",
    "PAGES": "pages",
    "LAYERS": "layers",
    "JOBS": "jobs",
    "ROLES": "roles",
    "INDICATORS": "indicators",
    "LISTENERS": "listeners",
    "CASE_TYPES": "case_types",
    "FLOWS": "flows",
    "EVENT_TYPES": "event_types",
    "HOME_PANELS": "home_panels",
}
OWNER = _("县大数据中心")

REGISTERS: dict[str, tuple[Register, ...]] = {
    "orgs": (
        Register(
            Organisation,
            "organisations",
            ("name", "short_name", "code", "kind", "parent", "division", "active"),
            filters=("kind", "active", "division"),
            search=("name", "short_name", "code"),
            edit=("name", "short_name", "code", "kind", "parent", "division", "active"),
        ),
        Register(
            Division,
            "divisions",
            ("code", "name", "level", "parent", "valid_from", "valid_to"),
            filters=("level", "parent"),
            search=("code", "name"),
        ),
        Register(
            Post,
            "posts",
            ("name", "organisation", "rank"),
            search=("name",),
            edit=("name", "organisation", "rank"),
        ),
        Register(
            Grid,
            "grids",
            ("code", "name", "kind", "division", "valid_from", "valid_to"),
            filters=("kind",),
            search=("code", "name"),
        ),
        Register(
            CalendarDay,
            "calendar",
            ("day", "calendar", "kind", "name"),
            filters=("calendar", "kind"),
            edit=("calendar", "day", "kind", "name"),
            ordering=("-day",),
            date_field="day",
        ),
    ),
    "access": (
        Register(
            Account,
            "accounts",
            ("username", "name", "kind", "organisation", "state", "trust"),
            filters=("kind", "state", "organisation"),
            search=("username", "name"),
            edit=("name", "state", "organisation"),
            create=(),
        ),
        Register(
            RoleRow,
            "roles",
            ("code", "label", "permissions", "sensitivity"),
            filters=("sensitivity",),
            search=("code", "label"),
        ),
        Register(
            Grant,
            "grants",
            (
                "account",
                "role",
                "organisation",
                "with_children",
                "division_prefix",
                "grid",
                "valid_from",
                "valid_to",
            ),
            filters=("role", "organisation"),
            search=("account__name", "account__username"),
            edit=(
                "account",
                "role",
                "organisation",
                "with_children",
                "division_prefix",
                "grid",
                "valid_from",
                "valid_to",
            ),
        ),
        Register(
            AuditEntry,
            "audit",
            ("at", "actor_name", "action", "target_type", "target_key", "reason", "purpose"),
            filters=("action", "target_type"),
            search=("actor_name", "target_key"),
            date_field="at",
            permission="access.audit",
        ),
    ),
    "modules": (
        Register(
            RuleTable,
            "rule-tables",
            ("code", "version", "valid_from", "valid_to", "status", "source"),
            filters=("code", "status"),
            search=("code", "version"),
            permission="modules.rule_table",
        ),
    ),
}

PAGES: dict[str, tuple[Page, ...]] = {
    "access": (
        Page("/account/", access_pages.profile, _("我的账号"), "signed-in", menu=False),
        Page("explain/", access_pages.explanation, _("权限解释"), "access.explain.view"),
    ),
}
for _name, _cron, _run in PERIODIC:
    job(name=_name, cron=_cron)(_run)


def foundation() -> tuple[Module, ...]:
    """One Module for each kernel block, in their order."""
    return tuple(_block_module(label, name) for label, name in BLOCKS)


def _block_module(label: str, name: Any) -> Module:
    offers, demo = _part(label, "offers"), _part(label, "demo")
    found: dict[str, Any] = {
        field: tuple(getattr(offers, constant, ()))
        for constant, field in TUPLES.items()
        if offers is not None
    }
    found["registers"] = (*REGISTERS.get(label, ()), *found.get("registers", ()))
    found["pages"] = (*PAGES.get(label, ()), *_plain_pages(label), *found.get("pages", ()))
    return Module(
        action=0,
        label=label,
        name=name,
        owner=OWNER,
        api=getattr(offers, "API", None),
        demo=getattr(demo, "build", None),
        **found,
    )


def _plain_pages(label: str) -> tuple[Page, ...]:
    views = _part(label, "pages") if label in PLAIN_PAGES else None
    return tuple(
        Page(path, view, title, permission, menu=menu)
        for path, view, title, permission, menu in (views.PAGES if views is not None else ())
    )


def _part(label: str, part: str) -> ModuleType | None:
    """The optional file of a block; None when the block has nothing to say there."""
    name = f"qipan.kernel.{label}.{part}"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
