"""``{% load qipan_indicators %}``: one figure on any page, with its time, light and way to the rows."""

from collections.abc import Mapping
from typing import Any

from django import template

from qipan.kernel.access.decide import decide
from qipan.kernel.indicators import catalogue
from qipan.kernel.indicators.pages import LIGHTS, VIEW
from qipan.kernel.indicators.targets import standing
from qipan.kernel.indicators.values import value

register = template.Library()


@register.inclusion_tag("indicators/figure.html", takes_context=True)
def indicator(context: Mapping[str, Any], key: str, **by: Any) -> dict[str, Any]:
    """A figure, or one member of it: ``{% indicator "cases.open" division=4 %}``."""
    declared = catalogue.get(key)
    user = context["request"].user
    if not declared.public and not decide(user, VIEW).allowed:
        return {"indicator": declared, "hidden": True}
    found = value(key, **by)
    light = standing(found).light if not by else "grey"
    return {"indicator": declared, "found": found, "tone": LIGHTS[light], "by": by}
