"""Files by the digest of their content."""

from pathlib import Path
from typing import BinaryIO, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.base.scope import Scope
from qipan.kernel.orgs.models import Organisation


class StoredFile(models.Model):
    """One upload; equal contents share one file on disk, named by its SHA-256."""

    sha256 = models.CharField(_("摘要"), max_length=64, db_index=True, editable=False)
    size = models.PositiveBigIntegerField(_("大小(字节)"), editable=False)
    mime = models.CharField(_("文件类型"), max_length=100, editable=False)
    name = models.CharField(_("文件名"), max_length=200)
    uploaded_by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("上传人"))
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("所属单位")
    )
    public = models.BooleanField(_("可公开"), default=False)
    created_at = models.DateTimeField(_("上传时间"), auto_now_add=True)

    scope: ClassVar[Scope] = Scope(organisation="organisation", owner="uploaded_by")

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = _("文件")
        verbose_name_plural = _("文件")

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Where the content lies on disk."""
        return Path(settings.QIPAN_HOME) / "files" / self.sha256[:2] / self.sha256[2:4] / self.sha256

    def open(self) -> BinaryIO:
        """The content as a stream; FileNotFoundError when the disk lost it."""
        return self.path.open("rb")
