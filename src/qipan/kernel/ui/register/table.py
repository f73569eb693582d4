"""Rows of a table as HTML, built without a template: lists are drawn on every page and must be quick."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

from qipan.kernel.ui.register.cells import Cell


def table_rows(columns: Sequence[Any], rows: Iterable[tuple[str, Sequence[Cell]]]) -> SafeString:
    """``tr`` elements: the first cell is the row's heading and leads to its page when it has one.

    Every other cell carries its column's title, which narrow screens show before it. Texts are escaped
    unless they are safe HTML already.
    """
    titles = [escape(str(getattr(column, "title", column))) for column in columns]
    return mark_safe("".join(_row(url, cells, titles) for url, cells in rows))


def _row(url: str, cells: Sequence[Cell], titles: Sequence[str]) -> str:
    parts = []
    for place, cell in enumerate(cells):
        text: str = conditional_escape(cast(Any, cell.text))
        if place == 0 and url:
            parts.append(f'<th scope="row"><a href="{escape(url)}">{text}</a></th>')
            continue
        if cell.url:
            text = f'<a href="{escape(cell.url)}">{text}</a>'
        css = ' class="num"' if cell.number else ' class="masked"' if cell.masked else ""
        parts.append(f'<td data-title="{titles[place]}"{css}>{text}</td>')
    return f"<tr>{''.join(parts)}</tr>"
