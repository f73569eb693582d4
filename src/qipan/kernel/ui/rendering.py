"""Pages from templates."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def render(
    request: HttpRequest, template: str, context: Mapping[str, object] | None = None, status: int = 200
) -> HttpResponse:
    """Answer with a template drawn for the request."""
    return HttpResponse(render_to_string(template, dict(context or {}), request), status=status)
