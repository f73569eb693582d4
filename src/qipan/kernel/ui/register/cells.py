"""From a row and a column to what a reader sees: text, link, unit; and to plain values for programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from qipan.kernel.ui.declarations import Column, Text
from qipan.kernel.ui.register.masking import Masking
from qipan.kernel.ui.site import site

Field = models.Field[Any, Any]


@dataclass(frozen=True)
class Cell:
    """One shown value: ``text`` may be safe HTML of a column's callable; ``url`` "" means no link."""

    text: object
    url: str = ""
    number: bool = False
    masked: bool = False


class BoundColumn:
    """A column on its model: title, field, sorting path, relations to fetch along."""

    def __init__(self, model: type[models.Model], column: Column) -> None:
        self.column = column
        self.model = model
        self.name = column.name

    @cached_property
    def field(self) -> Field | None:
        """The model field at the end of the path; None for attributes and callables."""
        return field_at(self.model, self.name)

    @cached_property
    def title(self) -> Text:
        """Heading: what the column says, else the field's verbose name."""
        if self.column.title is not None:
            return self.column.title
        return self.field.verbose_name if self.field is not None else self.name.replace("_", " ")

    @cached_property
    def numeric(self) -> bool:
        """Numbers stand flush right."""
        plain = self.field is not None and not self.field.choices and not self.field.is_relation
        return plain and isinstance(self.field, models.IntegerField | models.FloatField | models.DecimalField)

    @cached_property
    def sort(self) -> str:
        """Ordering path; "" when the column cannot be sorted."""
        if self.column.sort is not None:
            return self.column.sort
        if self.field is None or isinstance(self.field, models.JSONField) or self.field.is_relation:
            return ""
        return self.name

    @cached_property
    def related(self) -> str:
        """Path for select_related; "" when the column stays on the row itself."""
        if self.field is None:
            return ""
        parts = self.name.split("__")
        return "__".join(parts if self.field.is_relation else parts[:-1])

    def value(self, row: Any) -> Any:
        """The raw value: of the callable, or along the path; None where the path breaks off."""
        if self.column.value is not None:
            return self.column.value(row)
        value: Any = row
        for name in self.name.split("__"):
            value = getattr(value, name, None)
            if value is None:
                return None
        return value() if callable(value) and not isinstance(value, models.Model) else value

    def cell(self, row: Any, masking: Masking) -> Cell:
        """What the reader sees."""
        value = self.value(row)
        masked = masking.apply(self.name, value)
        if masked is not value:
            return Cell(masked, masked=True)
        if isinstance(value, models.Model):
            return Cell(str(value), site.url_for(value))
        return Cell(shown(value, self.field), number=self.numeric)

    def plain(self, row: Any, masking: Masking) -> object:
        """The value for programs: numbers, booleans, ISO text; choices as codes, related rows as keys.

        A column named after a field gives the field itself, however people are shown it.
        """
        if self.field is None or "__" in self.name:
            return plain(masking.apply(self.name, self.value(row)))
        return plain(masking.apply(self.name, getattr(row, self.field.attname)))


def field_at(model: type[models.Model], path: str) -> Field | None:
    """The field at the end of a path over forward relations; None where there is none."""
    current: type[models.Model] | None = model
    found: Any = None
    for name in path.split("__"):
        if current is None:
            return None
        try:
            found = current._meta.pk if name == "pk" else current._meta.get_field(name)
        except FieldDoesNotExist:
            return None
        current = found.related_model if found.is_relation else None
    return found if isinstance(found, models.Field) else None


def bind(model: type[models.Model], columns: Iterable[Column]) -> tuple[BoundColumn, ...]:
    """Columns on their model."""
    return tuple(BoundColumn(model, column) for column in columns)


def shown(value: Any, field: Field | None = None) -> object:
    """A value in words: labels of choices, county time, 是/否, — for nothing."""
    if field is not None and field.choices and not isinstance(value, models.Model):
        return dict(field.flatchoices).get(value, "—" if value in (None, "") else value)
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, datetime):
        moment = timezone.localtime(value) if timezone.is_aware(value) else value
        return f"{moment:%Y-%m-%d %H:%M}"
    if isinstance(value, date | time):
        return f"{value:%H:%M}" if isinstance(value, time) else value.isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, dict):
        return ";".join(f"{key}:{shown(item)}" for key, item in value.items()) or "—"
    if isinstance(value, list | tuple | set):
        return "、".join(str(shown(item)) for item in value) or "—"
    return value


def plain(value: Any) -> object:
    """A value as JSON has it; times as ISO 8601 in the county's zone, rows as their key."""
    if isinstance(value, SafeString):
        return strip_tags(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, models.Model):
        return plain(value.pk)
    if isinstance(value, Promise | UUID):
        return str(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)
