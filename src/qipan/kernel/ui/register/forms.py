"""Forms of new and changed rows, made from the model; and the writes behind them."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Actor
from qipan.kernel.base.errors import Conflict
from qipan.kernel.ui.declarations import Register
from qipan.kernel.ui.register.cells import plain
from qipan.kernel.ui.register.related import RelatedField

VERSION = "row_version"


def form_class(register: Register, fields: tuple[str, ...]) -> type[forms.ModelForm[Any]]:
    """A ModelForm over the given fields; with a hidden version when the model keeps one."""
    made = forms.modelform_factory(register.model, fields=fields, formfield_callback=form_field)
    if has_version(register.model):
        made.base_fields[VERSION] = forms.IntegerField(widget=forms.HiddenInput, required=False)
    return made


def has_version(model: type[models.Model]) -> bool:
    """The model guards against two writers at once."""
    return any(field.name == VERSION for field in model._meta.concrete_fields)


def form_field(field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """The form field of a model field: native pickers for days and instants, related rows by code."""
    if isinstance(field, models.ForeignKey) and not field.choices:
        related = RelatedField(
            rows=field.related_model,
            limit_to=field.get_limit_choices_to(),
            required=not field.blank,
            label=field.verbose_name,
            help_text=field.help_text,
        )
        related.widget.empty_label = _("无") if field.blank else _("请选择")
        return related
    if isinstance(field, models.DateTimeField):
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        return field.formfield(widget=widget, **kwargs)
    if isinstance(field, models.DateField):
        return field.formfield(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)
    if isinstance(field, models.TimeField):
        return field.formfield(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **kwargs)
    if isinstance(field, models.TextField | models.JSONField):
        return field.formfield(widget=forms.Textarea(attrs={"rows": 4}), **kwargs)
    return field.formfield(**kwargs)


def first_version(row: models.Model) -> dict[str, Any]:
    """Initial data that carry the version which the form was made from."""
    return {VERSION: getattr(row, VERSION)} if has_version(type(row)) else {}


def create(register: Register, form: forms.ModelForm[Any], actor: Actor) -> Any:
    """Save a new row if the actor may add this very row (its organisation and area), with its audit."""
    row = form.save(commit=False)
    require(actor, f"{register.prefix}.add", row)
    with transaction.atomic():
        row.save()
        form.save_m2m()
        values = {name: plain(getattr(row, name)) for name in register.create_fields}
        audit.record(actor, f"{register.prefix}.add", row, changes=values)
    return row


def change(register: Register, form: forms.ModelForm[Any], actor: Actor) -> Any:
    """Save a changed row with its audit; Conflict when somebody else changed it meanwhile.

    The actor must be allowed to change the row as it was and as it becomes.
    """
    row = form.instance
    before: Mapping[str, Any] = {name: plain(form.initial.get(name)) for name in form.changed_data}
    require(actor, f"{register.prefix}.change", row)
    with transaction.atomic():
        stored = register.model._default_manager.select_for_update(of=("self",)).filter(pk=row.pk).first()
        if stored is None:
            raise Conflict(_now("这条记录已被删除"))
        require(actor, f"{register.prefix}.change", stored)
        if has_version(register.model):
            _take_version(form, row, stored)
        form.save()
        changed = [name for name in form.changed_data if name != VERSION]
        if changed:
            values = {name: [before[name], plain(getattr(row, name))] for name in changed}
            audit.record(actor, f"{register.prefix}.change", row, changes=values)
    return row


def _take_version(form: forms.ModelForm[Any], row: Any, stored: Any) -> None:
    expected = form.cleaned_data.get(VERSION)
    if expected is not None and expected != stored.row_version:
        raise Conflict(_now("这条记录刚被他人修改,请核对后重新提交"))
    row.row_version = stored.row_version + 1


def apply_conflict(form: forms.ModelForm[Any], conflict: Conflict) -> None:
    """Tell the conflict on the form and let the next submission be made knowingly."""
    form.add_error(None, ValidationError(str(conflict), code="conflict"))
