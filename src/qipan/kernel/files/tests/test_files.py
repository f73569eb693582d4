"""Files: kept by content, typed by content, served by signature; photos, PDF and QR codes."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from django.http import HttpResponse
from django.test import RequestFactory
from openpyxl import Workbook
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from pytest_django import Settings

from qipan.kernel import files
from qipan.kernel.access.models import ANONYMOUS, Account
from qipan.kernel.base.errors import InvalidInput, Refused
from qipan.kernel.files import links, pages, pdf, photos, qr
from qipan.kernel.files.models import StoredFile
from qipan.kernel.files.sniffing import content_type
from qipan.kernel.files.storing import clean_name

NOW = datetime(2026, 3, 4, 2, 0, tzinfo=UTC)


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 48), exif: Image.Exif | None = None) -> bytes:
    out = io.BytesIO()
    options = {"exif": exif} if exif else {}
    Image.radial_gradient("L").resize(size).convert("RGB").save(out, kind, **options)
    return out.getvalue()


def located(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[Base.Orientation] = orientation
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = "2026:03:04 09:30:15"
    gps = exif.get_ifd(IFD.GPSInfo)
    gps[GPS.GPSLatitudeRef], gps[GPS.GPSLatitude] = "N", (36.0, 28.0, 48.0)
    gps[GPS.GPSLongitudeRef], gps[GPS.GPSLongitude] = "E", (115.0, 26.0, 6.0)
    return picture("JPEG", exif=exif)


@pytest.fixture
def li(db: None, settings: Settings, tmp_path: Path) -> Account:
    settings.QIPAN_HOME = tmp_path
    return Account.objects.create(username="li", name="李明", kind="staff")


def test_equal_contents_share_one_file_on_disk(li: Account, tmp_path: Path) -> None:
    first = files.store(picture(), "现场.png", li)
    second = files.store(picture(), "another.png", li)
    assert first.pk != second.pk
    assert first.sha256 == second.sha256
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [first.sha256]
    assert first.path.read_bytes() == picture()
    assert (first.mime, first.size, first.name) == ("image/png", len(picture()), "现场.png")


@pytest.mark.parametrize(
    ("data", "name", "kinds", "message"),
    [
        (b"", "a.png", ("any",), "文件是空的"),
        (b"<html><script>", "a.png", ("image",), "只接受:图片"),
        (b"%PDF-1.7", "a.png", ("image",), "只接受:图片"),
        (b"plain", "a.pdf", ("image", "pdf"), "只接受:图片、PDF 文件"),
        (picture()[:200], "cut.png", ("image",), "图片不完整或已损坏,请重新上传"),
        (b"x" * 2048, "big.txt", ("any",), "文件超过 0 MB 上限"),
    ],
    ids=["empty", "html", "pdf", "text", "cut", "big"],
)
def test_what_is_refused(
    li: Account, settings: Settings, data: bytes, name: str, kinds: tuple[str, ...], message: str
) -> None:
    settings.QIPAN_FILE_LIMIT = 2047
    with pytest.raises(InvalidInput) as caught:
        files.store(data, name, li, kinds=kinds)
    assert (caught.value.field, caught.value.message) == ("file", message)
    assert not StoredFile.objects.exists()


def _workbook() -> bytes:
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (picture("PNG"), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("GIF"), "image/gif"),
        (picture("WEBP"), "image/webp"),
        (b"%PDF-1.4\n", "application/pdf"),
        (_workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (_zip(), "application/zip"),
        (b"PK\x03\x04broken", "application/octet-stream"),
        ("站点,数值\n".encode("gb18030"), "text/plain"),
        (("冠县" * 3000).encode(), "text/plain"),
        (b"<svg onload=alert(1)>", "text/plain"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
    ],
    ids=[
        "png",
        "jpeg",
        "gif",
        "webp",
        "pdf",
        "xlsx",
        "zip",
        "broken-zip",
        "gb18030",
        "utf-8",
        "svg",
        "bytes",
    ],
)
def test_the_type_is_read_from_the_content(data: bytes, mime: str) -> None:
    assert content_type(data) == mime


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("..\\..\\etc/passwd", "passwd"),
        ("", "file"),
        ("a\x00b\n.png", "ab.png"),
        ("长" * 300 + ".jpeg", "长" * 195 + ".jpeg"),
    ],
)
def test_names_are_cleaned(given: str, kept: str) -> None:
    assert clean_name(given) == kept


def test_a_signed_link_opens_one_file_until_it_expires(li: Account) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        file = files.store(picture(), "a.png", li)
        other = files.store(picture("JPEG"), "b.jpg", li)
        token = links.sign(file, li, 600)
        assert links.check(token, file.pk) == li.pk
        assert links.check(token, other.pk) is None
        assert links.check(token[:-2] + "xx", file.pk) is None
        clock.shift(601)
        assert links.check(token, file.pk) is None


def test_serving_a_link_shows_pictures_and_downloads_the_rest(li: Account, rf: RequestFactory) -> None:
    file = files.store(picture(), "现场.png", li)
    answer = pages.serve(rf.get("/"), file.pk, links.sign(file, li, 60), file.name)
    assert isinstance(answer, HttpResponse)
    assert answer.content == picture()
    assert answer["Content-Type"] == "image/png"
    assert answer["Content-Disposition"].startswith("inline;")
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    text = files.store(b"<script>alert(1)</script>", "a.html", li)
    answer = pages.serve(rf.get("/"), text.pk, links.sign(text, li, 60), text.name)
    assert answer["Content-Type"] == "text/plain"
    assert answer["Content-Disposition"] == 'attachment; filename="a.html"'
    with pytest.raises(Refused):
        pages.serve(rf.get("/"), file.pk, "forged", file.name)


def test_a_thumbnail_is_asked_for_by_known_sizes_only(li: Account, rf: RequestFactory) -> None:
    file = files.store(picture(size=(800, 400)), "a.png", li)
    token = links.sign(file, li, 60)
    answer = pages.serve(rf.get("/?size=160"), file.pk, token, file.name)
    assert Image.open(io.BytesIO(answer.content)).size == (160, 80)  # type: ignore[attr-defined]
    with pytest.raises(InvalidInput):
        pages.serve(rf.get("/?size=7"), file.pk, token, file.name)


def test_without_a_link_only_the_owner_and_public_files_open(li: Account, rf: RequestFactory) -> None:
    private = files.store(picture(), "a.png", li)
    public = files.store(picture("JPEG"), "b.jpg", li, public=True)
    links.may_open(private, li)
    links.may_open(public, ANONYMOUS)
    with pytest.raises(Refused):
        links.may_open(private, ANONYMOUS)
    with pytest.raises(Refused):
        links.may_open(private, Account.objects.create(username="zhang", name="张红", kind="staff"))


def test_a_photo_tells_where_and_when() -> None:
    photo = photos.inspect(located(orientation=6))
    assert (photo.width, photo.height) == (48, 64)
    assert photo.taken_at == datetime(2026, 3, 4, 1, 30, 15, tzinfo=UTC)
    assert (photo.lon, photo.lat) == pytest.approx((115.435, 36.48), abs=1e-9)
    plain = photos.inspect(picture())
    assert (plain.taken_at, plain.lon, plain.lat) == (None, None, None)
    with pytest.raises(InvalidInput):
        photos.inspect(b"no picture")


def test_copies_no_longer_tell_where() -> None:
    for copy in (photos.thumbnail(located(), 32), photos.without_metadata(located())):
        photo = photos.inspect(copy)
        assert (photo.lon, photo.lat, photo.taken_at) == (None, None, None)
    assert photos.inspect(photos.thumbnail(located(6), 32)).height == 32


def test_a_document_holds_its_chinese_text_and_page_numbers() -> None:
    rows = pdf.Rows([[f"站点{n}", n] for n in range(80)], head=("站点", "数值"))
    parts: list[pdf.Part] = [
        "第一段",
        pdf.Heading("明细"),
        rows,
        pdf.QrCode("https://example.org/1", "扫码核验"),
    ]
    data = pdf.document("冠县空气质量日报", parts, footer="冠县生态环境局")
    assert data.startswith(b"%PDF-")
    assert data.count(b"/Type /Page\n") == 3
    assert b"STSong-Light" in data


def test_a_qr_code_can_stand_in_a_page() -> None:
    code = qr.svg("https://example.org/licence/1")
    assert code.startswith("<svg")
    assert "style=" not in code
    assert qr.png("x").startswith(b"\x89PNG")
