"""Choosing a related row: a list while it is short, a text with suggestions when it is long.

The text may be the row's key, the value of one of its unique text fields (a code) or its exact name,
so that it works without JavaScript; with it, suggestions come from the register's options address.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.ui.declarations import Register, Text
from qipan.kernel.ui.register.size import estimated_rows

SHORT_LIST = 100
NAME_FIELDS = ("name", "title", "label", "short_name", "number")


class RelatedWidget(forms.Widget):
    """A select while the list is short, else a text input with a datalist."""

    template_name = "ui/widgets/related.html"

    def __init__(self, rows: type[models.Model], attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.rows = rows
        self.limit_to: Any = None
        self.options_url = ""
        self.empty_label: Text = _("全部")

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Adds the choices or, for long lists, the words of the chosen row."""
        context = super().get_context(name, value, attrs)
        short = estimated_rows(self.rows) <= SHORT_LIST
        choices = _choices(self.rows, self.limit_to) if short else []
        short = short and len(choices) <= SHORT_LIST
        chosen = None if short else _chosen(self.rows, value)
        if short:
            css = context["widget"]["attrs"].get("class", "")
            context["widget"]["attrs"]["class"] = css.replace("form-control", "form-select")
        context["widget"] |= {
            "options": _options(choices, value, self.empty_label) if short else None,
            "text": "" if short else _text_of(chosen, value),
            "label": str(chosen) if chosen is not None and not short else "",
            "options_url": self.options_url,
        }
        return context


def _options(choices: list[models.Model], value: Any, empty_label: Text) -> SafeString:
    chosen = "" if value is None else str(value)
    pairs = [("", str(empty_label)), *((str(row.pk), str(row)) for row in choices)]
    return mark_safe(
        "".join(
            f'<option value="{escape(key)}"{" selected" if key == chosen else ""}>{escape(text)}</option>'
            for key, text in pairs
        )
    )


def _choices(rows: type[models.Model], limit_to: Any) -> list[models.Model]:
    found = rows._default_manager.all()
    if limit_to:
        found = found.complex_filter(limit_to)
    return list(found[: SHORT_LIST + 1])


def _chosen(rows: type[models.Model], value: Any) -> models.Model | None:
    """The row that the present value names, if it names just one."""
    if value in (None, ""):
        return None
    try:
        found: models.Model | None = find_row(rows._default_manager.all(), str(value))
    except ValidationError:
        return None
    return found


def _text_of(row: models.Model | None, value: Any) -> str:
    """What stands in the text input: the row's code if it has one, else what was typed."""
    return key_text(row) if row is not None else str(value or "")


def code_fields(rows: type[models.Model]) -> tuple[str, ...]:
    """Unique text fields: what people call a row by."""
    return tuple(
        field.name
        for field in rows._meta.concrete_fields
        if field.unique and isinstance(field, models.CharField)
    )


def text_fields(rows: type[models.Model]) -> tuple[str, ...]:
    """Codes and names: where a suggestion is looked for."""
    names = {field.name for field in rows._meta.concrete_fields if isinstance(field, models.CharField)}
    return (*code_fields(rows), *(name for name in NAME_FIELDS if name in names))


def key_text(row: models.Model) -> str:
    """The text by which the row is found again: its code, else its key."""
    fields = code_fields(type(row))
    return str(getattr(row, fields[0])) if fields else str(row.pk)


def find_row(rows: QuerySet[Any], text: str) -> Any:
    """The one row that a text names by key, code or name; None for none, ValidationError for several."""
    key = rows.model._meta.pk
    try:
        found = rows.filter(pk=key.to_python(text)).first()
    except (ValidationError, ValueError, OverflowError):
        found = None
    if found is not None:
        return found
    for name in code_fields(rows.model):
        found = rows.filter(**{name: text}).first()
        if found is not None:
            return found
    names = [name for name in text_fields(rows.model) if name not in code_fields(rows.model)]
    named = list(rows.filter(_any(names, "exact", text))[:2]) if names else []
    if len(named) > 1:
        raise ValidationError(_now("“%(text)s”不止一个,请填写编码") % {"text": text})
    return named[0] if named else None


def suggestions(rows: QuerySet[Any], text: str, limit: int = 20) -> list[dict[str, str]]:
    """Rows whose code begins with the text or whose name holds it."""
    codes = code_fields(rows.model)
    names = [name for name in text_fields(rows.model) if name not in codes]
    if not text or not (codes or names):
        found = rows[:limit]
    else:
        found = rows.filter(_any(codes, "startswith", text) | _any(names, "icontains", text))[:limit]
    return [{"value": key_text(row), "label": str(row)} for row in found]


def _any(names: Any, lookup: str, text: str) -> Q:
    either = Q(pk__in=[])
    for name in names:
        either |= Q(**{f"{name}__{lookup}": text})
    return either


def offer_suggestions(register: Register, fields: Mapping[str, forms.Field]) -> None:
    """Tell the related fields of a form where their suggestions come from."""
    for name, field in fields.items():
        if isinstance(field, RelatedField):
            field.widget.options_url = reverse(register.url_name("options"), args=[name])


class RelatedField(forms.Field):
    """A form field that gives the related row itself."""

    def __init__(self, *, rows: type[models.Model], limit_to: Any = None, **kwargs: Any) -> None:
        self.rows = rows
        self.limit_to = limit_to
        kwargs.setdefault("widget", RelatedWidget(rows))
        super().__init__(**kwargs)
        self.widget.limit_to = limit_to

    def to_python(self, value: Any) -> Any:
        """The row; ValidationError when nothing or more than one answers to the text."""
        if value in (None, ""):
            return None
        found = self.rows._default_manager.all()
        if self.limit_to:
            found = found.complex_filter(self.limit_to)
        row = find_row(found, str(value).strip())
        if row is None:
            raise ValidationError(_now("没有“%(text)s”") % {"text": value})
        return row

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another row is meant, however it is called."""
        try:
            row = self.to_python(data)
        except ValidationError:
            return True
        before = initial.pk if isinstance(initial, models.Model) else initial
        return bool((row.pk if row is not None else None) != before)

    def prepare_value(self, value: Any) -> Any:
        """The key of a row, for the widget."""
        return value.pk if isinstance(value, models.Model) else value
