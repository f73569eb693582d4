"""One box over all registers: what each of them finds, as far as the actor may see it."""

from dataclasses import dataclass

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from qipan.kernel.access.models import Account
from qipan.kernel.ui.admission import actor_of, admits
from qipan.kernel.ui.declarations import Register
from qipan.kernel.ui.register.cells import BoundColumn, Cell
from qipan.kernel.ui.register.listing import Listing
from qipan.kernel.ui.register.masking import masking_for
from qipan.kernel.ui.rendering import render
from qipan.kernel.ui.site import site

ROWS = 5
SHORTEST = 2


@dataclass(frozen=True)
class Found:
    """What one register found: its first rows and the address of all of them."""

    register: Register
    columns: tuple[BoundColumn, ...]
    rows: tuple[tuple[str, list[Cell]], ...]
    url: str
    more: bool


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Rows of every register whose search fields hold the text (of large tables: begin with it)."""
    if not isinstance(request.user, Account):
        return redirect(f"{reverse('sign-in')}?{urlencode({'next': request.get_full_path()})}")
    text = request.GET.get("q", "").strip()[:100]
    found = (
        [_find(register, request, text) for register in _searchable(request)] if len(text) >= SHORTEST else []
    )
    results = [one for one in found if one is not None]
    context = {"text": text, "results": results, "too_short": len(text) < SHORTEST}
    return render(request, "ui/search.html", context)


def _searchable(request: HttpRequest) -> list[Register]:
    """Registers with search fields that the actor may open."""
    actor = actor_of(request)
    return [
        one for one in site.registers if one.search and not one.hidden and admits(actor, f"{one.prefix}.view")
    ]


def _find(register: Register, request: HttpRequest, text: str) -> Found | None:
    actor = actor_of(request)
    columns = register.as_columns()[:4]
    masking = masking_for(actor, register, register.as_columns())
    params = {"search": text, "page_size": str(ROWS + 1)}
    listing = Listing(register, actor, params, masking=masking, columns=columns)
    if not listing.search_fields:
        return None
    try:
        rows = listing.page
    except OperationalError:
        # A table too large to be searched this way does not keep the others from answering.
        return None
    shown = tuple((site.url_for(row), [c.cell(row, masking) for c in listing.columns]) for row in rows[:ROWS])
    url = f"{reverse(register.url_name('list'))}?{urlencode({'search': text})}"
    return Found(register, listing.columns, shown, url, len(rows) > ROWS) if shown else None
