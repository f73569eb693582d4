"""A list as a file: CSV, XLSX, JSON, GeoJSON; streamed and bounded."""

import csv
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import Any

import orjson
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.html import strip_tags
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from openpyxl import Workbook

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.base.clock import local, now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.ui.admission import actor_of
from qipan.kernel.ui.declarations import MapPlace
from qipan.kernel.ui.register.cells import plain, shown
from qipan.kernel.ui.register.listing import Listing
from qipan.kernel.ui.register.size import bounded_time
from qipan.kernel.ui.site import site

ROW_LIMIT = 100_000
SHEET_LIMIT = 50_000
MAP_LIMIT = 5_000
CHUNK = 2_000
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
    "geojson": "application/geo+json",
}


def export(request: HttpRequest, listing: Listing, kind: str) -> HttpResponseBase:
    """The list as a file download, audited.

    InvalidInput for an unknown kind, for GeoJSON of rows without places and for a list that is longer
    than the kind may carry (the file would be cut without notice).
    """
    register = listing.register
    if kind not in TYPES or not register.export or (kind == "geojson" and register.place is None):
        raise InvalidInput("format", _("不支持导出为“%(kind)s”") % {"kind": kind})
    require(actor_of(request), f"{register.prefix}.view")
    limit = SHEET_LIMIT if kind == "xlsx" else ROW_LIMIT
    count = listing.rows.order_by().select_related(None)[: limit + 1].count()
    if count > limit:
        text = _("符合条件的记录超过 %(limit)d 条,请增加筛选条件后再导出")
        raise InvalidInput("format", text % {"limit": limit})
    changes = {"format": kind, "rows": count, "query": listing.query(format=None)}
    audit.record(actor_of(request), f"{register.prefix}.export", changes=changes)
    answer = StreamingHttpResponse(stream(request, WRITERS[kind](listing)), content_type=TYPES[kind])
    name = f"{register.model_name}-{local(now()):%Y%m%d-%H%M}.{kind}"
    answer["Content-Disposition"] = content_disposition_header(True, name) or ""
    return answer


def map_features(listing: Listing) -> HttpResponse:
    """The list's rows with a place as GeoJSON for its map view, at most MAP_LIMIT of them.

    ``truncated`` says that there are more. InvalidInput for a register without places.
    """
    place = listing.register.place
    if place is None:
        raise InvalidInput("format", _("这些记录没有位置"))
    located = listing.rows.filter(**{f"{place.lon}__isnull": False, f"{place.lat}__isnull": False})
    with bounded_time(listing.register.model):
        rows = list(located[: MAP_LIMIT + 1])
    features = [feature(listing, row, place) for row in rows[:MAP_LIMIT]]
    content = {"type": "FeatureCollection", "features": features, "truncated": len(rows) > MAP_LIMIT}
    return HttpResponse(orjson.dumps(content, default=str), TYPES["geojson"])


def stream(request: HttpRequest, chunks: Iterator[bytes]) -> Iterator[bytes] | AsyncIterator[bytes]:
    """The chunks as the server wants them: an ASGI server asks asynchronously, so rows are read as sent."""
    return _asynchronous(chunks) if isinstance(request, ASGIRequest) else chunks


async def _asynchronous(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    following = sync_to_async(lambda: next(chunks, None))
    while (chunk := await following()) is not None:
        yield chunk


def _rows(listing: Listing) -> Iterator[Any]:
    return iter(listing.rows.iterator(chunk_size=CHUNK))


class _Line:
    """A file for csv.writer that keeps only the line just written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def take(self) -> bytes:
        text, self.text = self.text, ""
        return text.encode()


def _csv(listing: Listing) -> Iterator[bytes]:
    """Headings, then rows; begins with a byte order mark, without which spreadsheets misread Chinese."""
    line = _Line()
    writer = csv.writer(line)
    line.write("\ufeff")
    writer.writerow([_heading(column) for column in listing.columns])
    rows = _rows(listing)
    yield line.take()
    while chunk := list(islice(rows, 200)):
        for row in chunk:
            writer.writerow([_harmless(value) for value in _texts(listing, row)])
        yield line.take()


def _heading(column: Any) -> str:
    unit = column.column.unit
    return f"{column.title}({unit})" if unit else str(column.title)


def _texts(listing: Listing, row: Any) -> list[object]:
    return [_sheet_value(column, row, listing) for column in listing.columns]


def _sheet_value(column: Any, row: Any, listing: Listing) -> object:
    """Numbers stay numbers, everything else as people read it, empty for nothing."""
    value = listing.masking.apply(column.name, column.value(row))
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and column.numeric):
        return value
    text = shown(value, column.field)
    return "" if text == "—" else strip_tags(str(text)) if isinstance(text, SafeString) else str(text)


def _harmless(value: object) -> object:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t") else value


def _xlsx(listing: Listing) -> Iterator[bytes]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(str(listing.register.name)[:31])
    sheet.freeze_panes = "A2"
    sheet.append([_heading(column) for column in listing.columns])
    for row in _rows(listing):
        sheet.append([_harmless(value) for value in _texts(listing, row)])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while chunk := file.read(65_536):
            yield chunk


def _json(listing: Listing) -> Iterator[bytes]:
    yield b"["
    yield from _joined(plain_row(listing, row) for row in _rows(listing))
    yield b"]\n"


def plain_row(listing: Listing, row: Any) -> dict[str, object]:
    """One row for programs: its key, its text and the columns of the list."""
    values = {column.name: column.plain(row, listing.masking) for column in listing.columns}
    return {"id": plain(row.pk), **values}


def _geojson(listing: Listing) -> Iterator[bytes]:
    yield b'{"type":"FeatureCollection","features":['
    yield from _joined(feature for feature in map(_featured(listing), _rows(listing)) if feature)
    yield b"]}\n"


def _featured(listing: Listing) -> Callable[[Any], dict[str, object] | None]:
    place = listing.register.place or MapPlace()
    return lambda row: feature(listing, row, place)


def feature(listing: Listing, row: Any, place: MapPlace) -> dict[str, object] | None:
    """One row as a GeoJSON feature; None when it has no place."""
    lon, lat = getattr(row, place.lon, None), getattr(row, place.lat, None)
    if lon is None or lat is None:
        return None
    properties = plain_row(listing, row) | {"title": str(row), "url": site.url_for(row)}
    if place.colour is not None:
        properties["colour"] = place.colour(row)
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "id": plain(row.pk), "geometry": geometry, "properties": properties}


def _joined(items: Iterator[Any]) -> Iterator[bytes]:
    first = True
    while chunk := list(islice(items, 200)):
        text = b",\n".join(orjson.dumps(item, default=str) for item in chunk)
        yield text if first else b",\n" + text
        first = False


WRITERS: dict[str, Callable[[Listing], Iterator[bytes]]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "json": _json,
    "geojson": _geojson,
}
