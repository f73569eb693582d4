"""PDF documents in Chinese: paragraphs, tables, pictures and QR codes on A4.

The typeface is STSong-Light, one of the CID fonts that every PDF reader brings along, so nothing has
to be embedded or installed.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from qipan.kernel.files import qr

FONT = "STSong-Light"
MARGIN = 22 * mm
pdfmetrics.registerFont(UnicodeCIDFont(FONT))

BODY = ParagraphStyle("body", fontName=FONT, fontSize=11, leading=18, wordWrap="CJK", spaceAfter=6)
TITLE = ParagraphStyle("title", BODY, fontSize=18, leading=28, alignment=TA_CENTER, spaceAfter=14)
HEADING = ParagraphStyle("heading", BODY, fontSize=13, leading=20, spaceBefore=8)
RIGHT = ParagraphStyle("right", BODY, alignment=TA_RIGHT)
CELL = ParagraphStyle("cell", BODY, fontSize=9.5, leading=14, spaceAfter=0)


@dataclass(frozen=True)
class Heading:
    """A heading inside the document."""

    text: str


@dataclass(frozen=True)
class Text:
    """A paragraph; ``right`` sets it to the right margin (signatures and dates)."""

    text: str
    right: bool = False


@dataclass(frozen=True)
class Rows:
    """A table with an optional head row that is repeated on every page.

    ``widths`` are shares of the line, equal unless given.
    """

    rows: Sequence[Sequence[object]]
    head: Sequence[object] = ()
    widths: Sequence[float] = ()


@dataclass(frozen=True)
class Picture:
    """A picture (PNG or JPEG) of so many millimetres in width."""

    data: bytes
    width_mm: float = 80


@dataclass(frozen=True)
class QrCode:
    """A QR code with a caption below."""

    text: str
    caption: str = ""
    width_mm: float = 30


Part = Heading | Text | Rows | Picture | QrCode | str


def document(title: str, parts: Iterable[Part], *, footer: str = "") -> bytes:
    """An A4 document: its title, the parts in order, page numbers and a footer line.

    A plain string among the parts is a paragraph.
    """
    out = io.BytesIO()
    page = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN
    )
    page.title = title
    story: list[Flowable] = [Paragraph(escape(title), TITLE)]
    for part in parts:
        story.extend(_flow(part, page.width))

    def foot(canvas: Canvas, _document: object) -> None:
        canvas.setFont(FONT, 9)
        canvas.drawString(MARGIN, 12 * mm, footer)
        canvas.drawRightString(A4[0] - MARGIN, 12 * mm, f"— {canvas.getPageNumber()} —")

    page.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _flow(part: Part, width: float) -> list[Flowable]:
    if isinstance(part, str):
        part = Text(part)
    if isinstance(part, Heading):
        return [Paragraph(escape(part.text), HEADING)]
    if isinstance(part, Text):
        text = escape(part.text).replace("\n", "<br/>")
        return [Paragraph(text, RIGHT if part.right else BODY)]
    if isinstance(part, Rows):
        return [_table(part, width), Spacer(1, 6)]
    if isinstance(part, Picture):
        picture = Image(io.BytesIO(part.data))
        ratio = picture.imageHeight / picture.imageWidth
        picture.drawWidth, picture.drawHeight = part.width_mm * mm, part.width_mm * mm * ratio
        return [picture, Spacer(1, 6)]
    code = Image(io.BytesIO(qr.png(part.text)), part.width_mm * mm, part.width_mm * mm, hAlign="LEFT")
    return [code, Paragraph(escape(part.caption), CELL)] if part.caption else [code]


def _table(part: Rows, width: float) -> Table:
    rows = [part.head, *part.rows] if part.head else list(part.rows)
    cells = [[Paragraph(escape(str(cell)), CELL) for cell in row] for row in rows]
    shares = part.widths or [1] * max((len(row) for row in rows), default=1)
    total = sum(shares)
    style: list[tuple[Any, ...]] = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    if part.head:
        style.append(("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke))
    table = Table(cells, colWidths=[width * share / total for share in shares], repeatRows=bool(part.head))
    table.setStyle(TableStyle(cast(Any, style)))
    return table
