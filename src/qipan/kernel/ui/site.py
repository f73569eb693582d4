"""The one site: what every block and module brought to the face."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from django.db.models import Model
from django.urls import NoReverseMatch, reverse

from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.ui.declarations import PUBLIC, SIGNED_IN, HomePanel, Page, Register, Text


class Offer(Protocol):
    """What the face needs to know of a module; ``action`` is its number in the plan, 0 for the kernel."""

    @property
    def action(self) -> int: ...
    @property
    def label(self) -> str: ...
    @property
    def name(self) -> Text: ...
    @property
    def registers(self) -> tuple[Register, ...]: ...
    @property
    def pages(self) -> tuple[Page, ...]: ...
    @property
    def home_panels(self) -> tuple[HomePanel, ...]: ...


@dataclass
class Site:
    """What blocks and modules brought; filled once at the start by the modules registry."""

    modules: list[Offer] = field(default_factory=list)
    home_panels: list[HomePanel] = field(default_factory=list)
    # URL name of the search page that a higher block opens; the frame then shows a search box.
    search_url_name: str = ""

    def fill(self, modules: Iterable[Offer]) -> None:
        """Take modules in the order of the menu, in place of what was there."""
        self.modules = list(modules)
        self.home_panels = [panel for module in self.modules for panel in module.home_panels]
        self.__dict__.pop("_by_model", None)

    @property
    def registers(self) -> tuple[Register, ...]:
        """Registers of all modules."""
        return tuple(register for module in self.modules for register in module.registers)

    @property
    def pages(self) -> tuple[Page, ...]:
        """Pages of all modules."""
        return tuple(page for module in self.modules for page in module.pages)

    @cached_property
    def _by_model(self) -> dict[type[Model], Register]:
        return {register.model: register for register in reversed(self.registers)}

    def register_for(self, model: type[Model]) -> Register | None:
        """The register that shows rows of a model."""
        return self._by_model.get(model)

    def url_for(self, row: Any) -> str:
        """Address of a row: what its model says, else its register's detail page; "" without either."""
        if hasattr(row, "get_absolute_url"):
            return str(row.get_absolute_url())
        register = self.register_for(type(row)) if isinstance(row, Model) else None
        if register is None:
            return ""
        try:
            return reverse(register.url_name("detail"), args=[row.pk])
        except NoReverseMatch:
            return ""


def admits(actor: Actor, permission: str) -> bool:
    """Whether the actor may open a page with this permission ("public", "signed-in" or a real one)."""
    if permission == PUBLIC:
        return True
    if permission == SIGNED_IN:
        return isinstance(actor, Account)
    return decide(actor, permission).allowed


site = Site()
