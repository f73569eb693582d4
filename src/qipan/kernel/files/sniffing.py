"""What a file is by its first bytes; its name and what the browser says are not believed."""

import io
import zipfile

from PIL import Image, UnidentifiedImageError

# Content types by the bytes at the start of the file.
MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
OFFICE = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
UNKNOWN = "application/octet-stream"


def content_type(data: bytes) -> str:
    """Content type of the data; "text/plain" for readable text, "application/octet-stream" if unknown.

    HTML, SVG and other active text counts as plain text, so that it is never run.
    """
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "image/heic" if data[8:12] in (b"heic", b"heix", b"mif1") else "video/mp4"
    for magic, mime in MAGIC:
        if data.startswith(magic):
            return mime
    if data.startswith(b"PK\x03\x04"):
        return _zip_type(data)
    return "text/plain" if _is_text(data) else UNKNOWN


def _zip_type(data: bytes) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        return UNKNOWN
    for prefix, mime in OFFICE.items():
        if "[Content_Types].xml" in names and any(name.startswith(prefix) for name in names):
            return mime
    return "application/zip"


def _is_text(data: bytes) -> bool:
    head = data[:4096]
    if b"\0" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            # A character cut at the end of the head is no fault.
            head[: len(head) - (3 if len(data) > len(head) else 0)].decode(encoding)
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4:
                continue
        return True
    return False


def image_is_whole(data: bytes) -> bool:
    """Whether a picture decodes to its last line (a cut upload does not)."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True
