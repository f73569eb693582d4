"""Layers on their way in, and what moved when they came into force."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account
from qipan.kernel.files.models import StoredFile
from qipan.kernel.maps.area_models import Layer


class LayerImport(models.Model):
    """An uploaded layer: its file, what speaks for which datum, which one was picked, what became of it."""

    class State(models.TextChoices):
        """How far it is."""

        OPEN = "open", _("待核对")
        APPLIED = "applied", _("已启用")
        DROPPED = "dropped", _("已放弃")

    file = models.ForeignKey(StoredFile, models.PROTECT, related_name="+", verbose_name=_("文件"))
    layer_code = models.SlugField(_("图层代码"), max_length=50)
    layer_name = models.CharField(_("图层名称"), max_length=100)
    origin = models.CharField(_("来源性质"), max_length=10, choices=Layer.Origin.choices)
    source = models.TextField(_("数据来源"))
    licence = models.CharField(_("许可"), max_length=100, blank=True)
    approval = models.CharField(_("审图号"), max_length=50, blank=True)
    candidates = models.JSONField(_("坐标系判断"), default=list)
    datum = models.CharField(_("选定坐标系"), max_length=30, blank=True)
    valid_from = models.DateField(_("启用日期"), null=True, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.OPEN)
    created_by = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("上传人"))
    created_at = models.DateTimeField(_("上传时间"))
    applied_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("启用人")
    )
    applied_at = models.DateTimeField(_("启用时间"), null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = _("图层导入")
        verbose_name_plural = _("图层导入")

    def __str__(self) -> str:
        return f"{self.layer_name} ({self.file})"


class PlaceMove(models.Model):
    """A row whose division or grid changed when new areas came into force."""

    cause = models.ForeignKey(LayerImport, models.CASCADE, related_name="moves", verbose_name=_("图层导入"))
    model = models.CharField(_("对象类型"), max_length=100)
    row_pk = models.CharField(_("对象编号"), max_length=50)
    row_name = models.CharField(_("对象"), max_length=200)
    old_division = models.CharField(_("原区划"), max_length=12, blank=True)
    new_division = models.CharField(_("新区划"), max_length=12, blank=True)
    old_grid = models.CharField(_("原网格"), max_length=15, blank=True)
    new_grid = models.CharField(_("新网格"), max_length=15, blank=True)

    class Meta:
        ordering: ClassVar = ["model", "row_pk"]
        verbose_name = _("区划变动")
        verbose_name_plural = _("区划变动")

    def __str__(self) -> str:
        return f"{self.row_name}: {self.old_division} → {self.new_division}"
