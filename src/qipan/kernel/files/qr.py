"""QR codes (ISO/IEC 18004)."""

import io

import segno


def svg(text: str, scale: int = 4) -> str:
    """A QR code as an SVG element without XML declaration, ready to stand in a page."""
    return str(segno.make(text, error="m").svg_inline(scale=scale))


def png(text: str, scale: int = 8) -> bytes:
    """A QR code as a PNG picture."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="png", scale=scale)
    return out.getvalue()
