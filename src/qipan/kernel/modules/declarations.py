"""The contract: what a module or a kernel block hands to the house."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from ninja import Router

from qipan.kernel.access.roles import RoleOffer
from qipan.kernel.alerts.declarations import AlertRule, EventType
from qipan.kernel.cases.declarations import CaseType, FlowProfile
from qipan.kernel.indicators.declarations import Indicator
from qipan.kernel.maps.layers import MapLayer
from qipan.kernel.sensing.declarations import Quantity, SensingRule
from qipan.kernel.ui.declarations import Page, Register

Text = str | Promise
# seed, scale (1.0 is the full demo county), report(what, done, of) for a progress bar.
Report = Callable[[str, int, int], None]
DemoBuilder = Callable[[int, float, Report], None]
Listener = tuple[type, Callable[[Any], None], bool]


@dataclass(frozen=True)
class RuleTableFile:
    """A versioned rule table that a module ships as data (YAML: code, version, valid_from, rows …)."""

    path: Path


@dataclass(frozen=True)
class Module:
    """The front door of a system: everything that the house makes from it.

    ``action`` is its number in the plan (0 for a kernel block), ``label`` its app label, the first part
    of its addresses, tables and permissions; ``owner`` the office that answers for it.
    """

    action: int
    label: str
    name: Text
    owner: Text
    summary: Text = ""
    chapter: str = ""
    registers: tuple[Register, ...] = ()
    pages: tuple[Page, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    sensing_rules: tuple[SensingRule, ...] = ()
    case_types: tuple[CaseType, ...] = ()
    flows: tuple[FlowProfile, ...] = ()
    event_types: tuple[EventType, ...] = ()
    alert_rules: tuple[AlertRule, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    layers: tuple[MapLayer, ...] = ()
    jobs: tuple[Callable[..., Any], ...] = ()
    roles: tuple[RoleOffer, ...] = ()
    rule_tables: tuple[RuleTableFile, ...] = ()
    home_panels: tuple[Any, ...] = ()
    listeners: tuple[Listener, ...] = ()
    api: Router | None = None
    demo: DemoBuilder | None = None

    def role_offers(self) -> tuple[RoleOffer, ...]:
        """Its roles: a clerk and a chief by convention unless the module gives its own."""
        given = {role.code for role in self.roles}
        label = self.label
        usual = (
            RoleOffer(
                f"{label}.clerk",
                f"{self.name}·经办",
                (f"{label}.*.view", f"{label}.*.add", f"{label}.*.change", f"{label}.*.handle"),
            ),
            RoleOffer(f"{label}.chief", f"{self.name}·负责人", (f"{label}.*",), 1),
        )
        return (*self.roles, *(role for role in usual if role.code not in given and self.action > 0))
