"""What a photo says about itself, small copies of it, and copies without what it should not say."""

import io
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ExifTags import GPS, IFD, Base

from qipan.kernel.base.clock import COUNTY_ZONE
from qipan.kernel.base.errors import InvalidInput

__all__ = ["Photo", "inspect", "thumbnail", "without_metadata"]

MAX_PIXELS = 50_000_000
QUALITY = 85


@dataclass(frozen=True)
class Photo:
    """Size in pixels as shown (after the camera's rotation), and where and when it was taken if it says so.

    ``lon`` and ``lat`` are degrees WGS84; ``taken_at`` is aware (the camera's clock is taken for the
    county's when it names no offset).
    """

    width: int
    height: int
    taken_at: datetime | None
    lon: float | None
    lat: float | None


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput("file", _("这不是图片文件")) from error
    if image.width * image.height > MAX_PIXELS:
        raise InvalidInput("file", _("图片超过 5000 万像素,请缩小后上传"))
    return image


def inspect(data: bytes) -> Photo:
    """Read a photo's size and EXIF (CIPA DC-008): time and GPS. InvalidInput if it is no picture."""
    with _open(data) as image:
        exif = image.getexif()
        turned = exif.get(Base.Orientation, 1) in (5, 6, 7, 8)
        width, height = (image.height, image.width) if turned else image.size
        lon, lat = _position(exif.get_ifd(IFD.GPSInfo))
        return Photo(width, height, _taken_at(exif), lon, lat)


def _taken_at(exif: Image.Exif) -> datetime | None:
    detail = exif.get_ifd(IFD.Exif)
    text = detail.get(Base.DateTimeOriginal) or exif.get(Base.DateTime)
    if not isinstance(text, str):
        return None
    try:
        taken = datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S")
        offset = detail.get(Base.OffsetTimeOriginal)
        zone = datetime.strptime(offset.strip("\0 "), "%z").tzinfo if isinstance(offset, str) else None
    except ValueError:
        return None
    return taken.replace(tzinfo=zone or COUNTY_ZONE)


def _position(gps: dict[int, object]) -> tuple[float | None, float | None]:
    lat = _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef), "S")
    lon = _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef), "W")
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or (lon, lat) == (0.0, 0.0):
        return None, None
    return lon, lat


def _degrees(parts: object, reference: object, negative: str) -> float | None:
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if value != value:
        return None
    return -value if reference == negative else value


def thumbnail(data: bytes, size: int = 320) -> bytes:
    """JPEG that fits a square of ``size`` pixels, turned upright, without metadata."""
    with _open(data) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
        upright.thumbnail((size, size), Image.Resampling.LANCZOS)
        return _jpeg(upright)


def without_metadata(data: bytes) -> bytes:
    """JPEG of the same size, turned upright, that no longer says where, when or by whom it was taken."""
    with _open(data) as image:
        return _jpeg(ImageOps.exif_transpose(image).convert("RGB"))


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
