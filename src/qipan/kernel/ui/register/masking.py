"""Personal data are shown in part unless access lets the actor read them for a named purpose."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from qipan.kernel.access import audit
from qipan.kernel.access.decide import decide, require
from qipan.kernel.access.models import Actor, Purpose
from qipan.kernel.ui.admission import actor_of
from qipan.kernel.ui.declarations import Column, Register


def mask_name(text: str) -> str:
    """The first character of a name: 张*."""
    return text[:1] + "*" * max(1, len(text) - 1)


def mask_phone(text: str) -> str:
    """Three digits, four stars, four digits: 138****5678."""
    return f"{text[:3]}****{text[-4:]}" if len(text) >= 7 else "*" * len(text)


def mask_id_card(text: str) -> str:
    """The county's six digits and the last four: 371525********1234."""
    return f"{text[:6]}{'*' * (len(text) - 10)}{text[-4:]}" if len(text) > 10 else "*" * len(text)


def mask_address(text: str) -> str:
    """The address down to the village or street."""
    found = re.match(r".*?[村庄屯街路社区]", text)
    return (found.group() if found else text[:6]) + "***"


def mask_hidden(text: str) -> str:
    """Nothing of the text."""
    return "***"


MASKS: dict[str, Callable[[str], str]] = {
    "name": mask_name,
    "phone": mask_phone,
    "id-card": mask_id_card,
    "address": mask_address,
    "hidden": mask_hidden,
}
# How a masked field is shown when its column does not say.
BY_FIELD = {
    "name": "name",
    "phone": "phone",
    "id_number": "id-card",
    "id_card": "id-card",
    "address": "address",
}


@dataclass(frozen=True)
class Masking:
    """The masks in force for one actor on one register: field or column name → mask."""

    masks: dict[str, str]
    may_unmask: bool = False

    def apply(self, name: str, value: object) -> object:
        """The value as the actor may see it; empty values stay empty."""
        mask = self.masks.get(name)
        if mask is None or value is None or value == "":
            return value
        return MASKS[mask](str(value))

    def hides(self, path: str) -> bool:
        """Whether a field may not be filtered, sorted, searched or exported in clear."""
        return path.lstrip("-").split("__")[0] in self.masks or path.lstrip("-") in self.masks


def masking_for(
    actor: Actor, register: Register, columns: tuple[Column, ...], *, unmasked: bool = False
) -> Masking:
    """Masks of a register: fields that the model calls personal and columns that carry a mask."""
    masks = {name: BY_FIELD.get(name, "hidden") for name in getattr(register.model, "masked_fields", ())}
    masks |= {column.name: column.mask for column in columns if column.mask}
    if not masks:
        return Masking({})
    if unmasked:
        return Masking({})
    return Masking(masks, decide(actor, f"{register.prefix}.unmask").allowed)


def opened_with_purpose(request: HttpRequest, register: Register, row: object | None = None) -> bool:
    """Whether the request names a purpose that lets its actor read in clear; the reading is audited.

    Refused when a purpose is named that does not exist or the actor may not unmask.
    """
    code = request.GET.get("purpose", "")
    if not code or not Purpose.objects.filter(code=code).exists():
        return False
    target = row if isinstance(row, register.model) else None
    require(actor_of(request), f"{register.prefix}.unmask", target, purpose=code)
    audit.record(actor_of(request), f"{register.prefix}.unmask", target, purpose=code, reason=request.path)
    return True
