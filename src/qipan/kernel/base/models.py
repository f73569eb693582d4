"""Abstract rows that every block may inherit."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from qipan.kernel.base.errors import Conflict


class Record(models.Model):
    """A row with its times and a version that tells two writers from each other."""

    created_at = models.DateTimeField(_("创建时间"), auto_now_add=True)
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)
    row_version = models.PositiveIntegerField(_("行版本"), default=1, editable=False)

    class Meta:
        abstract = True

    def save_checked(self, expected_version: int, **changes: Any) -> None:
        """Write ``changes`` if nobody wrote since ``expected_version``; Conflict otherwise."""
        for name, value in changes.items():
            setattr(self, name, value)
        rows = type(self)._default_manager.filter(pk=self.pk, row_version=expected_version)
        if not rows.update(row_version=expected_version + 1):
            raise Conflict(_now("这条记录刚被他人修改,请刷新后重试"))
        self.row_version = expected_version + 1
        self.save()
