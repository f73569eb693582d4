"""One list: scoped to the actor, filtered, searched, sorted and cut into pages at a bounded cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from qipan.kernel.access.decide import rows_for
from qipan.kernel.access.models import Actor
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.ui.declarations import Column, Register, Text
from qipan.kernel.ui.register.cells import BoundColumn, bind
from qipan.kernel.ui.register.filters import filterset_class
from qipan.kernel.ui.register.masking import Masking
from qipan.kernel.ui.register.size import LARGE, bounded_time, estimated_rows, indexed, sortable

PAGE_SIZES = (20, 50, 100)
# Counting stops here, and so does paging: further rows are reached by filters.
COUNT_CAP = 10_000


@dataclass(frozen=True)
class Paging:
    """Where a page lies; ``total`` is exact unless ``capped``, when there are more than that."""

    number: int
    size: int
    total: int
    capped: bool

    @property
    def pages(self) -> int:
        """Number of the last page that can be asked for."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Place of the first row shown, from 1; 0 on an empty list."""
        return min((self.number - 1) * self.size + 1, self.total)

    @property
    def last(self) -> int:
        """Place of the last row shown."""
        return min(self.number * self.size, self.total)

    @property
    def total_text(self) -> str:
        """The total in words: "10,000+" when counting stopped."""
        return f"{self.total:,}+" if self.capped else f"{self.total:,}"

    @property
    def near(self) -> list[int]:
        """Page numbers to offer: the first, the last and two to each side; 0 marks a gap."""
        wanted = {1, self.pages, *range(self.number - 2, self.number + 3)}
        shown: list[int] = []
        for number in sorted(n for n in wanted if 1 <= n <= self.pages):
            if shown and number - shown[-1] > 1:
                shown.append(0)
            shown.append(number)
        return shown


class Listing:
    """The rows of a register for one actor and one query string."""

    def __init__(
        self,
        register: Register,
        actor: Actor,
        params: QueryDict | Mapping[str, Any],
        *,
        masking: Masking | None = None,
        columns: tuple[Column, ...] | None = None,
    ) -> None:
        self.register = register
        self.actor = actor
        self.params = params
        self.masking = masking or Masking({})
        self.columns = bind(register.model, columns or register.as_columns())

    @cached_property
    def filterset(self) -> Any:
        """The bound FilterSet, without filters over masked fields."""
        made = filterset_class(self.register)(data=self.params, queryset=self._scoped())
        for name, one in list(made.filters.items()):
            if self.masking.hides(one.field_name or name):
                del made.filters[name]
        return made

    def _scoped(self) -> QuerySet[Any]:
        rows = self.register.model._default_manager.all()
        return rows_for(self.actor, f"{self.register.prefix}.view", rows)

    @property
    def search_text(self) -> str:
        """What is searched for."""
        return str(self.params.get("search", "")).strip()[:100]

    @cached_property
    def search_fields(self) -> tuple[str, ...]:
        """Searched fields that are not masked."""
        return tuple(path for path in self.register.search if not self.masking.hides(path))

    def by_beginning(self, path: str) -> bool:
        """In a large table an indexed text is searched from its beginning, which the index answers."""
        model = self.register.model
        return estimated_rows(model) >= LARGE and indexed(model, path)

    @property
    def search_hint(self) -> Text:
        """What the search box says of itself on a large table; "" otherwise."""
        titles = [column.title for column in bind(self.register.model, map(Column, self.search_fields))]
        shortened = [t for t, path in zip(titles, self.search_fields, strict=True) if self.by_beginning(path)]
        return _("%(names)s按开头匹配") % {"names": "、".join(map(str, shortened))} if shortened else ""

    @cached_property
    def active_filters(self) -> bool:
        """Something narrows the list."""
        form = self.filterset.form
        return bool(self.search_text) or any(
            value not in (None, "", [], slice(None, None)) and _given(value)
            for value in (form.cleaned_data.values() if form.is_valid() else ())
        )

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """Filtered, searched and sorted rows with the relations that the columns show.

        InvalidInput names a filter that cannot be read.
        """
        if not self.filterset.is_valid():
            name, errors = next(iter(self.filterset.errors.items()))
            raise InvalidInput(name, str(errors[0]))
        rows: QuerySet[Any] = self.filterset.qs
        if self.search_text and self.search_fields:
            either = Q(pk__in=[])
            for path in self.search_fields:
                lookup = "startswith" if self.by_beginning(path) else "icontains"
                either |= Q(**{f"{path}__{lookup}": self.search_text})
            rows = rows.filter(either)
        related = sorted({column.related for column in self.columns} - {""})
        return (rows.select_related(*related) if related else rows).order_by(*self.ordering)

    @cached_property
    def ordering(self) -> tuple[Any, ...]:
        """The order asked for, else the register's; ends with the key, so that pages never overlap."""
        asked = str(self.params.get("ordering", ""))
        if asked:
            allowed = {column.sort for column in self.columns} | {"pk"}
            if asked.lstrip("-") not in allowed - {""} or not self.can_sort(asked):
                raise InvalidInput("ordering", _("不能按“%(name)s”排序") % {"name": asked})
            return (asked, "pk") if asked.lstrip("-") != "pk" else (asked,)
        declared: tuple[Any, ...] = self.register.ordering or tuple(self.register.model._meta.ordering or ())
        names = [name.lstrip("-") for name in declared if isinstance(name, str)]
        key = self.register.model._meta.pk
        return declared if {"pk", key.name} & set(names) else (*declared, "-pk")

    def can_sort(self, path: str) -> bool:
        """Whether sorting by a path is cheap enough and does not give masked values away."""
        return not self.masking.hides(path) and sortable(self.register.model, path)

    @cached_property
    def size(self) -> int:
        """Rows on a page: one of PAGE_SIZES for people, 1 to 1,000 for programs."""
        return _number(self.params.get("page_size"), PAGE_SIZES[0], 1, 1000, "page_size")

    @cached_property
    def page(self) -> list[Model]:
        """The rows of the asked page."""
        start = (self._number - 1) * self.size
        with bounded_time(self.register.model):
            return list(self.rows[start : start + self.size])

    @cached_property
    def _number(self) -> int:
        most = max(1, COUNT_CAP // self.size)
        return _number(self.params.get("page"), 1, 1, most, "page")

    @cached_property
    def paging(self) -> Paging:
        """Where the page lies; counts only when the page itself does not tell the total."""
        shown = len(self.page)
        if shown < self.size and (shown or self._number == 1):
            return Paging(self._number, self.size, (self._number - 1) * self.size + shown, False)
        with bounded_time(self.register.model):
            counted = self.rows.order_by().select_related(None)[: COUNT_CAP + 1].count()
        return Paging(self._number, self.size, min(counted, COUNT_CAP), counted > COUNT_CAP)

    @cached_property
    def heads(self) -> list["Head"]:
        """Column headings with the address that sorts by them."""
        return [self._head(column) for column in self.columns]

    def _head(self, column: BoundColumn) -> "Head":
        current = self.ordering[0] if isinstance(self.ordering[0], str) else ""
        path = column.sort
        if not path or not self.can_sort(path):
            return Head(column, "", "")
        direction = ""
        if current.lstrip("-") == path:
            direction = "descending" if current.startswith("-") else "ascending"
        target = f"-{path}" if direction == "ascending" else path
        return Head(column, "?" + self.query(ordering=target, page=None), direction)

    def query(self, **changes: Any) -> str:
        """The query string with some values changed; None removes one."""
        pairs: list[tuple[str, Any]]
        if isinstance(self.params, QueryDict):
            pairs = [(key, value) for key, values in self.params.lists() for value in values]
        else:
            pairs = list(self.params.items())
        kept = [(key, value) for key, value in pairs if key not in changes and value not in ("", None)]
        return urlencode(kept + [(key, value) for key, value in changes.items() if value is not None])


@dataclass(frozen=True)
class Head:
    """One column heading; ``url`` "" when the column cannot be sorted."""

    column: BoundColumn
    url: str
    direction: str


def _given(value: Any) -> bool:
    return not isinstance(value, slice) or value.start is not None or value.stop is not None


def _number(text: Any, default: int, low: int, high: int, field: str) -> int:
    if text in (None, ""):
        return default
    try:
        number = int(text)
    except (TypeError, ValueError):
        raise InvalidInput(field, _("“%(text)s”不是整数") % {"text": text}) from None
    if not low <= number <= high:
        raise InvalidInput(field, _("应在 %(low)d 与 %(high)d 之间") % {"low": low, "high": high})
    return number
