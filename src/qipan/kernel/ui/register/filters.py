"""Filters of a list, made from field paths with django-filter."""

from functools import lru_cache
from typing import Any

import django_filters
from django import forms
from django.db import models
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ui.declarations import Register
from qipan.kernel.ui.register.cells import field_at
from qipan.kernel.ui.register.related import RelatedField

LOOKUP_WORDS = {
    "exact": "",
    "icontains": _("含"),
    "startswith": _("开头"),
    "gt": ">",
    "gte": "≥",
    "lt": "<",
    "lte": "≤",
    "in": _("任一"),
    "isnull": _("为空"),
}


class RelatedFilter(django_filters.Filter):  # type: ignore[misc]
    """Choose a related row: from a list when there are few, by code or name when there are many."""

    field_class = RelatedField


def _named_ends(widget: Any, label: Any) -> Any:
    """Tell a screen reader which end of the range an input is."""
    for part, word in zip(widget.widgets, (_("起"), _("止")), strict=True):
        part.attrs["aria-label"] = format_lazy("{} {}", label, word)
    return widget


class DayRange(django_filters.DateFromToRangeFilter):  # type: ignore[misc]
    """From one day to another, both included; instants are the county's days."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        widget = django_filters.widgets.DateRangeWidget(attrs={"type": "date"})
        kwargs.setdefault("widget", _named_ends(widget, kwargs.get("label")))
        super().__init__(*args, **kwargs)


class NumberRange(django_filters.NumericRangeFilter):  # type: ignore[misc]
    """From one number to another, both included; either end may be left open."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        widget = django_filters.widgets.RangeWidget(attrs={"inputmode": "decimal"})
        kwargs.setdefault("widget", _named_ends(widget, kwargs.get("label")))
        super().__init__(*args, **kwargs)

    def filter(self, qs: QuerySet[Any], value: slice | None) -> QuerySet[Any]:
        """Rows whose value lies between the ends."""
        if not value:
            return qs
        if value.start is not None:
            qs = qs.filter(**{f"{self.field_name}__gte": value.start})
        if value.stop is not None:
            qs = qs.filter(**{f"{self.field_name}__lte": value.stop})
        return qs


YES_NO = (("", _("全部")), (True, _("是")), (False, _("否")))


@lru_cache(maxsize=512)
def filterset_class(register: Register) -> type[django_filters.FilterSet]:
    """The FilterSet of a register: one filter a declared path, and the days of its date field."""
    declared: dict[str, Any] = {}
    for entry in register.filters:
        path, lookups = (entry, ()) if isinstance(entry, str) else entry
        if lookups:
            declared |= {_key(path, lookup): _by_lookup(register.model, path, lookup) for lookup in lookups}
        else:
            declared[path] = default_filter(register.model, path)
    if register.date_field and register.date_field not in declared:
        declared[register.date_field] = default_filter(register.model, register.date_field)
    name = f"{register.model.__name__}Filters"
    return type(name, (django_filters.FilterSet,), declared)


def _key(path: str, lookup: str) -> str:
    return path if lookup == "exact" else f"{path}__{lookup}"


def default_filter(model: type[models.Model], path: str) -> django_filters.Filter:
    """The filter that fits a field: choices, yes/no, related row, days, numbers or part of a text."""
    field = field_at(model, path)
    if field is None:
        raise LookupError(f"{model.__name__}: no field {path!r} to filter by")
    label = {"field_name": path, "label": field.verbose_name}
    if field.choices:
        return django_filters.ChoiceFilter(choices=field.flatchoices, empty_label=_("全部"), **label)
    if field.is_relation:
        return RelatedFilter(rows=field.related_model, **label)
    if isinstance(field, models.BooleanField):
        return django_filters.TypedChoiceFilter(
            choices=YES_NO, coerce=lambda text: text == "True", empty_value=None, **label
        )
    if isinstance(field, models.DateField):
        return DayRange(**label)
    if isinstance(field, models.IntegerField | models.FloatField | models.DecimalField):
        return NumberRange(**label)
    lookup = "exact" if isinstance(field, models.UUIDField) else "icontains"
    return django_filters.CharFilter(lookup_expr=lookup, **label)


def _by_lookup(model: type[models.Model], path: str, lookup: str) -> django_filters.Filter:
    field = field_at(model, path)
    if field is None:
        raise LookupError(f"{model.__name__}: no field {path!r} to filter by")
    if lookup == "exact" and (field.choices or field.is_relation):
        return default_filter(model, path)
    word = LOOKUP_WORDS.get(lookup, lookup)
    label = {"field_name": path, "lookup_expr": lookup, "label": f"{field.verbose_name} {word}".strip()}
    if lookup == "isnull":
        return django_filters.BooleanFilter(**label)
    if isinstance(field, models.DateTimeField):
        return django_filters.IsoDateTimeFilter(**label)
    if isinstance(field, models.DateField):
        return django_filters.DateFilter(widget=forms.DateInput(attrs={"type": "date"}), **label)
    if isinstance(field, models.IntegerField | models.FloatField | models.DecimalField):
        return django_filters.NumberFilter(**label)
    return django_filters.CharFilter(**label)
