"""Generated routes: list, new, one, change, and the actions of a register's rows, as JSON."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import orjson
from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Router

from qipan.kernel.access.decide import require, rows_for
from qipan.kernel.api import schemas
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.ui.admission import actor_of
from qipan.kernel.ui.declarations import Register
from qipan.kernel.ui.register import actions, forms
from qipan.kernel.ui.register.cells import plain
from qipan.kernel.ui.register.export import export
from qipan.kernel.ui.register.listing import Listing
from qipan.kernel.ui.register.masking import Masking, masking_for, opened_with_purpose
from qipan.kernel.ui.site import site


class RegisterRoutes:
    """The operations of one register."""

    def __init__(self, register: Register) -> None:
        self.register = register

    def mount(self, router: Router) -> None:
        """Add the operations that the register allows to a router."""
        register, path = self.register, f"/{self.register.path.strip('/')}"
        row = schemas.row_schema(register)
        self._add(router, "GET", path, self.list_rows, _list_doc(register, row))
        self._add(router, "GET", f"{path}/{{pk}}", self.show_row, _answer(200, row, 401, 403, 404))
        if register.create_fields:
            body = schemas.form_schema(forms.form_class(register, register.create_fields), partial=False)
            doc = _body(body) | _answer(201, row, 400, 401, 403, 422)
            self._add(router, "POST", path, self.new_row, doc)
        if register.edit:
            body = schemas.form_schema(forms.form_class(register, register.edit), partial=True)
            doc = _body(body) | _answer(200, row, 400, 401, 403, 404, 409, 422)
            self._add(router, "PATCH", f"{path}/{{pk}}", self.change_row, doc)
        if register.actions:
            doc = _answer(200, row, 400, 401, 403, 404, 409, 422)
            self._add(router, "POST", f"{path}/{{pk}}/actions/{{code}}", self.run_action, doc)

    def _add(
        self, router: Router, method: str, path: str, view: Callable[..., Any], doc: dict[str, Any]
    ) -> None:
        register = self.register
        router.add_api_operation(
            path,
            [method],
            _as_function(view),
            operation_id=f"{register.label}_{register.model_name}_{view.__name__}",
            summary=str(register.name),
            tags=[register.label],
            openapi_extra=doc,
        )

    def list_rows(self, request: HttpRequest) -> HttpResponseBase:
        """A page of rows: filters, ``search``, ``ordering``, ``page``, ``page_size``, ``format``."""
        register = self.register
        require(actor_of(request), f"{register.prefix}.view")
        masking = self._masking(request, opened_with_purpose(request, register))
        columns = tuple(bound.column for bound in schemas.row_columns(register))
        listing = Listing(register, actor_of(request), request.GET, masking=masking, columns=columns)
        kind = request.GET.get("format", "")
        if kind and kind != "page":
            return export(request, listing, kind)
        paging = listing.paging
        following = "?" + listing.query(page=paging.number + 1) if paging.last < paging.total else None
        content = {
            "count": paging.total,
            "capped": paging.capped,
            "page": paging.number,
            "page_size": paging.size,
            "next": following,
            "results": [self._shown(row, masking) for row in listing.page],
        }
        return _json(content)

    def show_row(self, request: HttpRequest, pk: str) -> HttpResponse:
        """One row; its version as ETag when it keeps one."""
        row = self._row(request, pk)
        masking = self._masking(request, opened_with_purpose(request, self.register, row))
        return self._one(row, masking)

    def new_row(self, request: HttpRequest) -> HttpResponse:
        """Make a row."""
        register = self.register
        require(actor_of(request), f"{register.prefix}.add")
        made = forms.form_class(register, register.create_fields)
        form = _valid(made(_checked(made, _body_of(request)), request.FILES))
        row = forms.create(register, form, actor_of(request))
        answer = self._one(row, self._masking(request), status=201)
        answer["Location"] = f"{request.path.rstrip('/')}/{row.pk}"
        return answer

    def change_row(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Change some fields; ``If-Match`` or ``row_version`` guards against another writer."""
        register = self.register
        row = self._row(request, pk)
        require(actor_of(request), f"{register.prefix}.change", row)
        made = forms.form_class(register, register.edit)
        given = _checked(made, _body_of(request))
        if match := request.headers.get("If-Match", "").strip('W/"'):
            given[forms.VERSION] = match
        unbound = made(instance=row)
        kept = {name: _wire(unbound[name]) for name in made.base_fields if name != forms.VERSION}
        form = _valid(made({**kept, **given}, request.FILES, instance=row))
        return self._one(forms.change(register, form, actor_of(request)), self._masking(request))

    def run_action(self, request: HttpRequest, pk: str, code: str) -> HttpResponse:
        """Do something with a row; gives the row as it is then."""
        row = self._row(request, pk)
        action = actions.find(self.register, code, row)
        require(actor_of(request), action.permission, row)
        form = None
        if action.form is not None:
            form = _valid(action.form(_checked(action.form, _body_of(request)), request.FILES))
        actions.run(action, row, actor_of(request), form)
        row.refresh_from_db()
        return self._one(row, self._masking(request))

    def _masking(self, request: HttpRequest, unmasked: bool = False) -> Masking:
        columns = tuple(bound.column for bound in schemas.row_columns(self.register))
        return masking_for(actor_of(request), self.register, columns, unmasked=unmasked)

    def _row(self, request: HttpRequest, pk: str) -> Any:
        """The row that the caller may see; Http404 when there is none, Refused when it is out of reach."""
        register = self.register
        rows = register.model._default_manager.none()
        with suppress(ValidationError, ValueError, OverflowError):
            rows = register.model._default_manager.filter(pk=key_of(register.model, pk))
        row = rows.first()
        if row is None:
            raise Http404(_("没有这条记录"))
        if not rows_for(actor_of(request), f"{register.prefix}.view", rows).exists():
            require(actor_of(request), f"{register.prefix}.view", row)
        return row

    def _shown(self, row: Any, masking: Masking) -> dict[str, object]:
        columns = schemas.row_columns(self.register)
        values = {column.name: column.plain(row, masking) for column in columns}
        text = "" if masking.masks else str(row)
        return {"id": plain(row.pk), "text": text, "url": site.url_for(row), **values}

    def _one(self, row: Any, masking: Masking, status: int = 200) -> HttpResponse:
        answer = _json(self._shown(row, masking), status)
        if forms.has_version(self.register.model):
            answer["ETag"] = f'"{getattr(row, forms.VERSION)}"'
        return answer


def _as_function(method: Callable[..., Any]) -> Callable[..., Any]:
    """A plain function of the same signature: ninja keeps its notes on it, which a bound method refuses."""

    @wraps(method)
    def operation(request: HttpRequest, **path: str) -> Any:
        return method(request, **path)

    return operation


def key_of(model: type[models.Model], text: str) -> object:
    """The key of a row from the address; ValidationError when it cannot be one."""
    return model._meta.pk.to_python(text)


def _body_of(request: HttpRequest) -> dict[str, Any]:
    """The JSON object sent, or the fields of a multipart form."""
    if (request.content_type or "").startswith("multipart/"):
        return dict(request.POST.items())
    try:
        found = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError as error:
        raise InvalidInput("body", _("不是合法的 JSON:%(error)s") % {"error": error}) from None
    if not isinstance(found, dict):
        raise InvalidInput("body", _("应为 JSON 对象"))
    return found


def _checked(form: schemas.FormClass, given: dict[str, Any]) -> dict[str, Any]:
    """The fields as a form reads them; InvalidInput names one that the form does not have."""
    for name in given:
        if name not in form.base_fields:
            raise InvalidInput(name, _("没有这个字段,或不允许修改"))
    return {name: _as_input(form.base_fields[name], name, value) for name, value in given.items()}


def _as_input(field: django_forms.Field, name: str, value: Any) -> Any:
    if isinstance(field, django_forms.JSONField):
        return orjson.dumps(value).decode()
    if isinstance(value, dict) or (isinstance(value, list) and not hasattr(field, "queryset")):
        raise InvalidInput(name, _("应为单个值"))
    return "" if value is None else value


def _wire(bound: django_forms.BoundField) -> Any:
    """The present value of a field as its form reads it."""
    return bound.field.prepare_value(bound.initial)


def _valid(form: Any) -> Any:
    """The form when it is valid; otherwise InvalidInput names its first faulty field."""
    if form.is_valid():
        return form
    name, faults = next(iter(form.errors.items()))
    raise InvalidInput("" if name == "__all__" else name, str(faults[0]))


def _json(content: object, status: int = 200) -> HttpResponse:
    """JSON without a detour over pydantic: lists are long."""
    return HttpResponse(orjson.dumps(content, default=str), "application/json", status)


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _answer(status: int, schema: dict[str, Any], *faults: int) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {
        "responses": {status: {"description": "OK", "content": content}, **schemas.error_answers(*faults)}
    }


def _list_doc(register: Register, row: dict[str, Any]) -> dict[str, Any]:
    page = {
        "type": "object",
        "required": ["count", "capped", "page", "page_size", "next", "results"],
        "properties": {
            "count": {"type": "integer"},
            "capped": {"type": "boolean"},
            "page": {"type": "integer"},
            "page_size": {"type": "integer"},
            "next": {"type": ["string", "null"]},
            "results": {"type": "array", "items": row},
        },
    }
    return {"parameters": schemas.list_parameters(register), **_answer(200, page, 400, 401, 403)}
