"""``{% load qipan_cases %}``: names of steps as a case's flow calls them."""

from django import template

from qipan.kernel.cases.models import Case
from qipan.kernel.cases.wording import STEP_NAMES

register = template.Library()


@register.simple_tag
def step_name(case: Case, step: str) -> str:
    """What a step is called in the flow of this case."""
    return case.type.profile.names.get(step) or str(STEP_NAMES[step])
