"""Files on disk under the SHA-256 of their content: equal contents are kept once."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.models import Account
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.files.models import StoredFile
from qipan.kernel.files.sniffing import IMAGES, content_type, image_is_whole

DEFAULT_LIMIT = 10 * 1024 * 1024
NAME_LENGTH = 200
KINDS = ("image", "pdf", "any")


def store(
    data: bytes,
    name: str,
    by: Account,
    *,
    kinds: tuple[str, ...] = ("any",),
    public: bool = False,
) -> StoredFile:
    """Keep a file; gives its row. The type is read from the content, not from the name.

    ``kinds``: what is welcome ("image", "pdf", "any"). InvalidInput on field "file" when the file is
    empty, over the size limit (QIPAN_FILE_LIMIT bytes, 10 MiB unless set), broken or of another kind.
    """
    limit = int(getattr(settings, "QIPAN_FILE_LIMIT", DEFAULT_LIMIT))
    if not data:
        raise InvalidInput("file", _("文件是空的"))
    if len(data) > limit:
        raise InvalidInput("file", _("文件超过 %(limit)d MB 上限") % {"limit": limit // (1024 * 1024)})
    mime = content_type(data)
    _welcome(mime, data, kinds)
    digest = hashlib.sha256(data).hexdigest()
    row = StoredFile(
        sha256=digest,
        size=len(data),
        mime=mime,
        name=clean_name(name),
        uploaded_by=by,
        organisation=by.organisation,
        public=public,
    )
    _write(row.path, data)
    with transaction.atomic():
        row.save()
        audit.record(by, "files.file.add", row, changes={"sha256": digest, "size": len(data)})
    return row


def _welcome(mime: str, data: bytes, kinds: tuple[str, ...]) -> None:
    unknown = set(kinds) - set(KINDS)
    if unknown:
        raise ValueError(f"kinds: {sorted(unknown)} not in {KINDS}")
    if mime in IMAGES and not image_is_whole(data):
        raise InvalidInput("file", _("图片不完整或已损坏,请重新上传"))
    if "any" in kinds:
        return
    if ("image" in kinds and mime in IMAGES) or ("pdf" in kinds and mime == "application/pdf"):
        return
    names = {"image": _("图片"), "pdf": _("PDF 文件")}
    raise InvalidInput("file", _("只接受:%s") % _("、").join(names[kind] for kind in kinds))


def clean_name(name: str) -> str:
    """The last part of a file name without control characters, at most 200 characters long."""
    last = re.split(r"[\\/]", name)[-1]
    last = "".join(character for character in last if character.isprintable()).strip(" .")
    if not last:
        return "file"
    stem, dot, suffix = last.rpartition(".")
    if dot and len(suffix) < 20:
        return stem[: NAME_LENGTH - len(suffix) - 1] + dot + suffix
    return last[:NAME_LENGTH]


def _write(path: Path, data: bytes) -> None:
    """Write whole or not at all; content that is there already is left alone."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        part.write(data)
        part.flush()
        os.fsync(part.fileno())
    os.replace(part.name, path)
