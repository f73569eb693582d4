"""The one site: what every block and module brought to the face."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from qipan.kernel.ui.declarations import HomePanel, Offer, Page, Register
from qipan.kernel.ui.menu import MenuChapter, build_menu


@dataclass
class Site:
    """What blocks and modules brought; filled once at the start by the modules registry."""

    modules: list[Offer] = field(default_factory=list)
    home_panels: list[HomePanel] = field(default_factory=list)
    # URL name of the page behind the search box; a block with a better search puts its own here.
    search_url_name: str = "search"

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

    def menu(self, request: HttpRequest) -> tuple[MenuChapter, ...]:
        """Chapters with only the entries that the actor may open."""
        return build_menu(self.modules, request)

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


site = Site()
