"""What a module declares so that the kernel can show its rows and pages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from django.db.models import Model, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

# A caption: plain, or translated when it is shown.
Text = str | Promise

PUBLIC = "public"
SIGNED_IN = "signed-in"

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Column:
    """One column of a list: a field, a path over relations ("site__name") or a callable of the row.

    ``sort`` is the ordering path; None means the field itself, "" means that the column cannot be
    sorted. ``mask`` names the masking ("name", "phone", "id-card", "address", "hidden") that applies
    unless access lets the actor see the field in clear.
    """

    name: str
    title: Text | None = None
    value: Callable[[Any], object] | None = None
    unit: str = ""
    sort: str | None = None
    mask: str | None = None


@dataclass(frozen=True)
class Panel:
    """A block of the detail page drawn by its own template; ``context`` takes (request, row)."""

    title: Text
    template: str
    context: Callable[[HttpRequest, Any], Mapping[str, object]]


@dataclass(frozen=True)
class RelatedPanel:
    """A block of the detail page that lists rows belonging to the shown one."""

    title: Text
    queryset: Callable[[Any], QuerySet[Any]]
    columns: tuple[str | Column, ...]
    limit: int = 20


@dataclass(frozen=True)
class RowAction:
    """Something to do with one row; ``run`` takes (row, account, **data of the form).

    What ``run`` returns, if it is a string, is told to the user; a model instance is opened.
    ``permission`` is checked on the row; ``visible`` takes the row and hides what makes no sense now.
    """

    code: str
    label: Text
    run: Callable[..., object]
    permission: str
    form: type[Form] | None = None
    confirm: Text = ""
    visible: Callable[[Any], bool] | None = None
    danger: bool = False


@dataclass(frozen=True)
class MapPlace:
    """Where a row lies: names of the fields in degrees; ``colour`` takes the row."""

    lon: str = "lon"
    lat: str = "lat"
    colour: Callable[[Any], str] | None = None


@dataclass(frozen=True)
class Register:
    """A table shown as list, detail, form, export, map and API.

    ``filters`` are field paths (or pairs of path and lookup tuple), ``search`` text field paths,
    ``edit`` the fields that may be changed, ``create`` the fields of the new-row form (None: the same
    as ``edit``; an empty tuple: rows are not made by hand). ``permission`` is the prefix before the
    verb: "<label>.<modelname>" unless given.
    """

    model: type[Model]
    path: str
    columns: tuple[str | Column, ...]
    title: Text | None = None
    filters: tuple[str | tuple[str, tuple[str, ...]], ...] = ()
    search: tuple[str, ...] = ()
    edit: tuple[str, ...] = ()
    create: tuple[str, ...] | None = None
    ordering: tuple[str, ...] | None = None
    place: MapPlace | None = None
    panels: tuple[Panel | RelatedPanel, ...] = ()
    actions: tuple[RowAction, ...] = ()
    permission: str | None = None
    export: bool = True
    api: bool = True
    hidden: bool = False
    date_field: str | None = None
    help: Text = ""
    detail: tuple[str | Column, ...] = ()
    section: Text = ""
    icon: str = ""

    @property
    def label(self) -> str:
        """App label: the first part of addresses, permissions and URL names."""
        return self.model._meta.app_label

    @property
    def model_name(self) -> str:
        """Lower-case model name: the stem of URL names."""
        return cast(str, self.model._meta.model_name)

    @property
    def prefix(self) -> str:
        """Permission without its verb."""
        return self.permission or f"{self.label}.{self.model_name}"

    @property
    def name(self) -> Text:
        """Heading of the list and entry of the menu."""
        return self.title or self.model._meta.verbose_name_plural or self.model_name

    @property
    def create_fields(self) -> tuple[str, ...]:
        """Fields of the new-row form; empty when rows are not made by hand."""
        return self.edit if self.create is None else self.create

    def url_name(self, kind: str) -> str:
        """URL name of "list", "new", "detail", "edit" or "action"."""
        return f"{self.label}:{self.model_name}-{kind}"

    @property
    def action_url_name(self) -> str:
        """URL name of its actions, for templates."""
        return self.url_name("action")

    def as_columns(self) -> tuple[Column, ...]:
        """Columns with plain strings made into Column."""
        return as_columns(self.columns)


def as_columns(columns: Iterable[str | Column]) -> tuple[Column, ...]:
    """Columns with plain strings made into Column."""
    return tuple(Column(column) if isinstance(column, str) else column for column in columns)


@dataclass(frozen=True)
class Page:
    """A view with its address, name and permission.

    ``path`` is relative to "/<label>/", or absolute when it begins with "/". ``permission`` "public"
    admits anybody, "signed-in" any account.
    """

    path: str
    view: View = field(repr=False)
    title: Text
    permission: str
    menu: bool = True
    section: Text = ""
    icon: str = ""
    methods: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """URL name without the label: the function's name."""
        return self.view.__name__

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Call the view itself, without the permission check of the route."""
        return self.view(request, *args, **kwargs)


def page(
    path: str,
    title: Text,
    *,
    permission: str,
    menu: bool = True,
    section: Text = "",
    icon: str = "",
    methods: tuple[str, ...] = (),
) -> Callable[[View], Page]:
    """Make a function view into a Page; pages with parameters in the path never enter the menu."""

    def decorate(view: View) -> Page:
        return Page(path, view, title, permission, menu and "<" not in path, section, icon, methods)

    return decorate


@dataclass(frozen=True)
class HomePanel:
    """A part of the county's first page.

    ``show`` takes the request and returns (template, context), or None when it has nothing to say to
    this actor. ``place`` is "figures" (today's numbers, drawn as figure components), "situation" (the
    map), "main", "side" or "work" (what waits for this actor).
    """

    code: str
    show: Callable[[HttpRequest], tuple[str, Mapping[str, object]] | None]
    place: str = "main"
    order: int = 100


class OfferedLayer(Protocol):
    """What the first page needs to know of a map layer; ``shown`` ones are on when a map opens."""

    @property
    def key(self) -> str: ...
    @property
    def permission(self) -> str: ...
    @property
    def shown(self) -> bool: ...


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
    @property
    def layers(self) -> tuple[OfferedLayer, ...]: ...
