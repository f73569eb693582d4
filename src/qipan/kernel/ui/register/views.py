"""The pages of a register: list, detail, new, edit, actions, suggestions."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qipan.kernel.access.decide import decide, require, rows_for
from qipan.kernel.base.errors import Conflict, InvalidInput
from qipan.kernel.ui import notices
from qipan.kernel.ui.admission import actor_of
from qipan.kernel.ui.declarations import Register
from qipan.kernel.ui.register import actions, forms
from qipan.kernel.ui.register.cells import field_at
from qipan.kernel.ui.register.detail import detail_context
from qipan.kernel.ui.register.export import TYPES, export, map_features
from qipan.kernel.ui.register.listing import PAGE_SIZES, Listing
from qipan.kernel.ui.register.masking import masking_for, opened_with_purpose
from qipan.kernel.ui.register.related import offer_suggestions, suggestions
from qipan.kernel.ui.rendering import render
from qipan.kernel.ui.site import site

EXPORT_NAMES = {"csv": "CSV", "xlsx": "Excel", "json": "JSON", "geojson": "GeoJSON"}


@require_GET
def list_rows(request: HttpRequest, *, register: Register) -> HttpResponseBase:
    """The list; only its rows when htmx asks; a file with ``?format=``."""
    require(actor_of(request), f"{register.prefix}.view")
    unmasked = opened_with_purpose(request, register)
    masking = masking_for(actor_of(request), register, register.as_columns(), unmasked=unmasked)
    listing = Listing(register, actor_of(request), request.GET, masking=masking)
    if kind := request.GET.get("format"):
        return map_features(listing) if kind == "map" else export(request, listing, kind)
    context = _list_context(request, register, listing)
    partial = request.headers.get("HX-Target") == "register-rows"
    return render(request, "ui/register/rows.html" if partial else "ui/register/list.html", context)


def _list_context(request: HttpRequest, register: Register, listing: Listing) -> dict[str, object]:
    valid = listing.filterset.is_valid()
    offer_suggestions(register, listing.filterset.form.fields)
    may_add = bool(register.create_fields) and decide(actor_of(request), f"{register.prefix}.add").allowed
    on_map = register.place is not None and request.GET.get("view") == "map"
    kinds = [kind for kind in TYPES if kind != "geojson" or register.place is not None]
    return {
        "register": register,
        "listing": listing,
        "filters": listing.filterset.form,
        "valid": valid,
        "rows": _cells(listing) if valid and not on_map else [],
        "paging": listing.paging if valid else None,
        "page_sizes": PAGE_SIZES,
        "on_map": on_map,
        "list_query": listing.query(view=None),
        "map_query": listing.query(view="map", page=None),
        "geojson_url": "?" + listing.query(format="map", view=None, page=None),
        "new_url": reverse(register.url_name("new")) if may_add else "",
        "exports": [(EXPORT_NAMES[kind], "?" + listing.query(format=kind, page=None)) for kind in kinds]
        if register.export
        else [],
    }


def _cells(listing: Listing) -> list[tuple[str, list[Any]]]:
    """Rows of the page: address and cells."""
    masking = listing.masking
    return [
        (_detail_url(listing.register, row), [column.cell(row, masking) for column in listing.columns])
        for row in listing.page
    ]


def _detail_url(register: Register, row: models.Model) -> str:
    return reverse(register.url_name("detail"), args=[row.pk])


def _row(request: HttpRequest, register: Register, pk: object) -> Any:
    """The row that the actor may see; Http404 when there is none, Refused when it is out of reach."""
    related = [
        field.name
        for field in register.model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.name in _detail_names(register)
    ]
    rows = (
        register.model._default_manager.select_related(*related)
        if related
        else register.model._default_manager
    )
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404(_("没有这条记录"))
    reachable = rows_for(
        actor_of(request), f"{register.prefix}.view", register.model._default_manager.filter(pk=pk)
    )
    if not reachable.exists():
        require(actor_of(request), f"{register.prefix}.view", row)
    return row


def _detail_names(register: Register) -> set[str]:
    declared = [column if isinstance(column, str) else column.name for column in register.detail]
    return set(declared) or {field.name for field in register.model._meta.concrete_fields}


@require_GET
def show_row(request: HttpRequest, *, register: Register, pk: object) -> HttpResponse:
    """One row: its fields, panels, related rows, what may be done with it, and its audit trail."""
    row = _row(request, register, pk)
    unmasked = opened_with_purpose(request, register, row)
    return render(
        request, "ui/register/detail.html", detail_context(request, register, row, unmasked=unmasked)
    )


@require_http_methods(["GET", "POST"])
def new_row(request: HttpRequest, *, register: Register) -> HttpResponse:
    """The form of a new row; values may be given in the query string."""
    if not register.create_fields:
        raise Http404
    require(actor_of(request), f"{register.prefix}.add")
    made = forms.form_class(register, register.create_fields)
    form = made(request.POST or None, request.FILES or None, initial=request.GET.dict())
    offer_suggestions(register, form.fields)
    if request.method == "POST" and form.is_valid():
        row = forms.create(register, form, actor_of(request))
        notices.success(request, _("已新建“%(row)s”") % {"row": row})
        return redirect(_detail_url(register, row))
    list_url = reverse(register.url_name("list"))
    context = {
        "register": register,
        "form": form,
        "cancel_url": list_url,
        "list_url": list_url,
        "pick_place": {"lon", "lat"} <= set(form.fields),
    }
    return render(request, "ui/register/form.html", context, status=_form_status(form))


@require_http_methods(["GET", "POST"])
def edit_row(request: HttpRequest, *, register: Register, pk: object) -> HttpResponse:
    """The form of an existing row; a write in between is told, never overwritten unseen."""
    if not register.edit:
        raise Http404
    row = _row(request, register, pk)
    require(actor_of(request), f"{register.prefix}.change", row)
    made = forms.form_class(register, register.edit)
    form = made(request.POST or None, request.FILES or None, instance=row, initial=forms.first_version(row))
    offer_suggestions(register, form.fields)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            forms.change(register, form, actor_of(request))
        except Conflict as conflict:
            forms.apply_conflict(form, conflict)
            status = 409
        else:
            notices.success(request, _("已保存“%(row)s”") % {"row": row})
            return redirect(_detail_url(register, row))
    context = {
        "register": register,
        "form": form,
        "row": row,
        "list_url": reverse(register.url_name("list")),
        "cancel_url": _detail_url(register, row),
        "pick_place": {"lon", "lat"} <= set(form.fields),
    }
    return render(request, "ui/register/form.html", context, status=max(status, _form_status(form)))


def _form_status(form: Any) -> int:
    return 422 if form.is_bound and form.errors and not form.has_error(NON_FIELD_ERRORS, "conflict") else 200


@require_http_methods(["GET", "POST"])
def run_action(request: HttpRequest, *, register: Register, pk: object, code: str) -> HttpResponse:
    """Do something with one row: a page asks and takes data, POST does it."""
    row = _row(request, register, pk)
    action = actions.find(register, code, row)
    require(actor_of(request), action.permission, row)
    form = action.form(request.POST or None, request.FILES or None) if action.form else None
    detail_url = _detail_url(register, row)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            told = actions.run(action, row, actor_of(request), form)
        except (InvalidInput, Conflict) as error:
            if form is None:
                notices.error(request, getattr(error, "message", str(error)))
                return redirect(detail_url)
            actions.tell(form, error)
        else:
            notices.success(
                request, told if isinstance(told, str) else _("已完成:%(label)s") % {"label": action.label}
            )
            target = site.url_for(told) if isinstance(told, models.Model) else ""
            return redirect(target or detail_url)
    context: Mapping[str, object] = {
        "register": register,
        "action": action,
        "row": row,
        "form": form,
        "cancel_url": detail_url,
        "list_url": reverse(register.url_name("list")),
    }
    return render(request, "ui/register/action.html", context, status=422 if form and form.errors else 200)


@require_GET
def options(request: HttpRequest, *, register: Register, field: str) -> HttpResponse:
    """Suggestions for a related field of a filter or form, as JSON ``[{"value", "label"}]``."""
    found = field_at(register.model, field)
    offered = {
        *register.edit,
        *register.create_fields,
        *(f if isinstance(f, str) else f[0] for f in register.filters),
    }
    if found is None or found.related_model is None or field not in offered:
        raise Http404
    require(actor_of(request), f"{register.prefix}.view")
    rows = found.related_model._default_manager.all()
    target = site.register_for(found.related_model)
    if target is not None:
        rows = rows_for(actor_of(request), f"{target.prefix}.view", rows)
    text = request.GET.get("q", "").strip()[:50]
    return JsonResponse(suggestions(rows, text), safe=False)
