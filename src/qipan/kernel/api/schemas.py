"""JSON schemas of rows and forms, for the API's description."""

from functools import lru_cache
from typing import Any, cast

from django import forms
from django.db import models

from qipan.kernel.ui.declarations import Register
from qipan.kernel.ui.register.cells import BoundColumn, bind
from qipan.kernel.ui.register.detail import detail_columns
from qipan.kernel.ui.register.filters import filterset_class
from qipan.kernel.ui.register.related import RelatedField

Schema = dict[str, Any]
FormClass = type[forms.Form] | type[forms.ModelForm[Any]]
KEY: Schema = {"oneOf": [{"type": "integer"}, {"type": "string"}]}
ERROR: Schema = {
    "type": "object",
    "required": ["code", "message", "field"],
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}, "field": {"type": "string"}},
}
# Model field class → type in JSON; the first that fits.
TYPES: tuple[tuple[type[models.Field[Any, Any]], Schema], ...] = (
    (models.BooleanField, {"type": "boolean"}),
    (models.IntegerField, {"type": "integer"}),
    (models.FloatField, {"type": "number"}),
    (models.DecimalField, {"type": "number"}),
    (models.DateTimeField, {"type": "string", "format": "date-time"}),
    (models.DateField, {"type": "string", "format": "date"}),
    (models.TimeField, {"type": "string", "format": "time"}),
    (models.UUIDField, {"type": "string", "format": "uuid"}),
    (models.JSONField, {}),
)


def error_answers(*statuses: int) -> dict[int, Any]:
    """The error responses of an operation."""
    content = {"application/json": {"schema": ERROR}}
    return {status: {"description": "error", "content": content} for status in statuses}


@lru_cache(maxsize=512)
def row_columns(register: Register) -> tuple[BoundColumn, ...]:
    """What the API shows of a row: the fields of its page, then columns that only the list has."""
    detail = detail_columns(register)
    names = {column.name for column in detail}
    return bind(register.model, (*detail, *(c for c in register.as_columns() if c.name not in names)))


def row_schema(register: Register) -> Schema:
    """A row as the API gives it."""
    properties: Schema = {"id": KEY, "text": {"type": "string"}, "url": {"type": "string"}}
    properties |= {column.name: column_schema(column) for column in row_columns(register)}
    return {"type": "object", "required": ["id", "text"], "properties": properties}


def column_schema(column: BoundColumn) -> Schema:
    """Type, title, unit and choices of one value; every value may be null."""
    field = column.field
    found: Schema = {}
    if field is not None:
        found = dict(KEY) if field.is_relation else _of_field(field)
    if "type" in found:
        found["type"] = [found["type"], "null"]
    title = f"{column.title}({column.column.unit})" if column.column.unit else str(column.title)
    return found | {"title": title}


def _of_field(field: models.Field[Any, Any]) -> Schema:
    found = next((dict(schema) for kind, schema in TYPES if isinstance(field, kind)), {"type": "string"})
    if field.choices:
        found["description"] = ", ".join(f"{code}: {label}" for code, label in field.flatchoices)
    return found


def form_schema(form: FormClass, *, partial: bool) -> Schema:
    """The body that a form accepts; with ``partial`` no field is required."""
    properties = {name: _of_form_field(field) for name, field in form.base_fields.items()}
    required = [name for name, field in form.base_fields.items() if field.required and not partial]
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})


FORM_TYPES: tuple[tuple[type[forms.Field], Schema], ...] = (
    (RelatedField, KEY),
    (forms.BooleanField, {"type": "boolean"}),
    (forms.FloatField, {"type": "number"}),
    (forms.DecimalField, {"type": "number"}),
    (forms.IntegerField, {"type": "integer"}),
    (forms.DateTimeField, {"type": "string", "format": "date-time"}),
    (forms.DateField, {"type": "string", "format": "date"}),
    (forms.JSONField, {}),
)


def _of_form_field(field: forms.Field) -> Schema:
    found: Schema = next(
        (dict(schema) for kind, schema in FORM_TYPES if isinstance(field, kind)), {"type": "string"}
    )
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        choices = list(cast(Any, field.choices))
        found = {"enum": [code for code, _label in choices if code != ""]}
    if not field.required and "type" in found:
        found["type"] = [found["type"], "null"]
    return found | ({"title": str(field.label)} if field.label else {})


def list_parameters(register: Register) -> list[Schema]:
    """Query parameters of a list."""
    found = [
        _query("page", {"type": "integer", "minimum": 1}),
        _query("page_size", {"type": "integer", "minimum": 1, "maximum": 1000}),
        _query("ordering", {"type": "string"}, "-name"),
    ]
    if register.search:
        found.append(_query("search", {"type": "string", "maxLength": 100}, ", ".join(register.search)))
    for name, one in filterset_class(register).base_filters.items():
        suffixes = getattr(one.field.widget, "suffixes", [""])
        names = [f"{name}_{suffix}" if suffix else name for suffix in suffixes]
        found += [_query(each, {"type": "string"}, str(one.label)) for each in names]
    return found


def _query(name: str, schema: Schema, description: str = "") -> Schema:
    return {"in": "query", "name": name, "schema": schema, "description": description}
