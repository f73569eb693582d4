"""What can be done with one row, as its register declares it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.forms import Form
from django.http import Http404
from django.utils.translation import gettext as _

from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Actor
from qipan.kernel.base.errors import Conflict, InvalidInput
from qipan.kernel.ui.declarations import Register, RowAction


def find(register: Register, code: str, row: models.Model) -> RowAction:
    """The action with this code; Http404 when there is none, Conflict when it makes no sense now."""
    for action in register.actions:
        if action.code == code:
            if action.visible is not None and not action.visible(row):
                raise Conflict(_("“%(row)s”目前不能“%(action)s”") % {"row": row, "action": action.label})
            return action
    raise Http404(code)


def offered(register: Register, row: models.Model, actor: Actor) -> list[RowAction]:
    """The actions that make sense now and that the actor may do."""
    return [
        action
        for action in register.actions
        if (action.visible is None or action.visible(row)) and decide(actor, action.permission, row).allowed
    ]


def run(action: RowAction, row: models.Model, actor: Actor, form: Form | None) -> object:
    """Do it with the data of the form."""
    return action.run(row, actor, **(form.cleaned_data if form is not None else {}))


def tell(form: Form, error: InvalidInput | Conflict) -> None:
    """Put what was wrong beside the field that it speaks of."""
    field: Any = error.field if isinstance(error, InvalidInput) and error.field in form.fields else None
    form.add_error(field, ValidationError(getattr(error, "message", str(error))))
