"""The menu: chapters of the plan, their systems, and of each only what the actor may open."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ui.admission import actor_of, admits
from qipan.kernel.ui.declarations import Offer, Page, Register, Text

WORK = _("综合指挥")
MACHINERY = _("平台管理")
# The blocks that run the house itself; the kernel's others are what people work with every day.
MACHINERY_LABELS = frozenset({"orgs", "access", "jobs", "files", "messages", "lake", "ui", "modules"})
# The plan numbers its actions; a chapter holds the systems of some of them.
CHAPTERS: tuple[tuple[range, Text], ...] = (
    (range(1, 5), _("数据共享")),
    (range(5, 15), _("社会治理")),
    (range(15, 24), _("公共服务")),
    (range(24, 29), _("数字经济")),
    (range(29, 31), _("基础设施")),
    (range(31, 100), _("规划实施")),
)


@dataclass(frozen=True)
class Link:
    """One entry of the menu."""

    title: Text
    url: str
    icon: str = ""
    section: Text = ""
    active: bool = False


@dataclass(frozen=True)
class MenuModule:
    """The permitted entries of one module; only the first one while the reader is elsewhere."""

    label: str
    name: Text
    number: int
    links: tuple[Link, ...]

    @property
    def icon(self) -> str:
        """Drawing of a module without a number: of its first entry that has one."""
        return next((link.icon for link in self.links if link.icon), "point")

    @property
    def active(self) -> bool:
        """One of its entries is on the screen."""
        return any(link.active for link in self.links)

    @property
    def url(self) -> str:
        """Where its name leads: the first entry."""
        return self.links[0].url


@dataclass(frozen=True)
class MenuChapter:
    """Modules under one heading of the menu."""

    title: Text
    modules: tuple[MenuModule, ...]

    @property
    def active(self) -> bool:
        """One of its modules is on the screen."""
        return any(module.active for module in self.modules)


def build_menu(modules: Iterable[Offer], request: HttpRequest) -> tuple[MenuChapter, ...]:
    """Chapters in the order of the plan, first the daily work, last the machinery; none empty."""
    shown = [entry for entry in (_module(module, request) for module in modules) if entry]
    chapters: list[tuple[Text, list[MenuModule]]] = [
        (WORK, [entry for entry in shown if not entry.number and entry.label not in MACHINERY_LABELS])
    ]
    for numbers, title in CHAPTERS:
        inside = [entry for entry in shown if entry.number in numbers]
        chapters.append((title, sorted(inside, key=lambda entry: entry.number)))
    machinery = [entry for entry in shown if not entry.number and entry.label in MACHINERY_LABELS]
    chapters.append((MACHINERY, machinery))
    return tuple(MenuChapter(title, tuple(entries)) for title, entries in chapters if entries)


def _module(module: Offer, request: HttpRequest) -> MenuModule | None:
    """A module with its entries while one of them is open, else with its first permitted entry only."""
    links = _links(module, request)
    shown = _by_section(links) if _is_open(module, request) else tuple(islice(links, 1))
    return MenuModule(module.label, module.name, module.action or 0, shown) if shown else None


def _by_section(links: Iterable[Link]) -> tuple[Link, ...]:
    """Entries of one section together, those without one first, sections in the order of their coming."""
    known = list(links)
    order = {str(section): place for place, section in enumerate(dict.fromkeys(["", *_sections(known)]))}
    return tuple(sorted(known, key=lambda link: order[str(link.section)]))


def _sections(links: Iterable[Link]) -> Iterator[str]:
    return (str(link.section) for link in links)


def _is_open(module: Offer, request: HttpRequest) -> bool:
    match = request.resolver_match
    inside = match is not None and match.app_name == module.label
    return inside or request.path.startswith(f"/{module.label}/")


def _links(module: Offer, request: HttpRequest) -> Iterator[Link]:
    for page in module.pages:
        if page.menu and admits(actor_of(request), page.permission):
            yield _link(page, page.title, f"{module.label}:{page.name}", request)
    for register in module.registers:
        if not register.hidden and admits(actor_of(request), f"{register.prefix}.view"):
            yield _link(register, register.name, register.url_name("list"), request)


def _link(offer: Page | Register, title: Text, url_name: str, request: HttpRequest) -> Link:
    url = reverse(url_name)
    active = request.path.startswith(url) if isinstance(offer, Register) else request.path == url
    return Link(title, url, offer.icon, offer.section, active)
