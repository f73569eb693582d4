"""Sources that send us CAP messages, and every message they sent."""

from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from qipan.kernel.orgs.models import Organisation


class Source(models.Model):
    """A platform that may send warnings here; its key is kept as a digest only."""

    class Trust(models.TextChoices):
        """What becomes of its messages."""

        HOLD = "hold", _("人工审核")
        REJECT = "reject", _("拒收")

    code = models.SlugField(_("代码"), max_length=50, unique=True)
    name = models.CharField(_("名称"), max_length=100)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("单位")
    )
    key_digest = models.CharField(_("密钥摘要"), max_length=64, editable=False, db_index=True)
    senders = models.JSONField(_("允许的发布单位代码"), default=list, help_text=_("空表示不限"))
    certificate = models.TextField(_("签名证书(PEM)"), blank=True)
    trust = models.CharField(_("信任方式"), max_length=10, choices=Trust.choices, default=Trust.HOLD)
    last_seen = models.DateTimeField(_("最近来报"), null=True, blank=True, editable=False)

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("接入来源")
        verbose_name_plural = _("接入来源")

    def __str__(self) -> str:
        return self.name


class Received(models.Model):
    """A message as it came in, with what was decided about it."""

    class State(models.TextChoices):
        """Where it stands."""

        HELD = "held", _("待处理")
        DRAFTED = "drafted", _("已转为草稿")
        IGNORED = "ignored", _("不予采用")
        REFUSED = "refused", _("已拒收")

    source = models.ForeignKey(Source, models.PROTECT, related_name="received", verbose_name=_("来源"))
    sender = models.CharField(_("发布单位代码"), max_length=200, blank=True)
    identifier = models.CharField(_("标识"), max_length=200, blank=True)
    sent_at = models.DateTimeField(_("报文时间"), null=True, blank=True)
    received_at = models.DateTimeField(_("收到时间"))
    data = models.BinaryField(_("原文"))
    digest = models.CharField(_("摘要"), max_length=64)
    form = models.CharField(_("格式"), max_length=10, blank=True)
    headline = models.CharField(_("标题"), max_length=300, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.HELD)
    flags = models.JSONField(_("提示"), default=list)
    reason = models.TextField(_("理由"), blank=True)
    alert = models.ForeignKey(
        "alerts.Alert", models.PROTECT, null=True, blank=True, related_name="received", verbose_name=_("预警")
    )

    class Meta:
        ordering: ClassVar = ["-received_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "sender", "identifier", "sent_at"],
                condition=~models.Q(state="refused"),
                name="alerts_received_once",
            )
        ]
        verbose_name = _("接入预警报文")
        verbose_name_plural = _("接入预警报文")

    def __str__(self) -> str:
        return self.headline or self.identifier or self.digest[:12]

    def get_absolute_url(self) -> str:
        """The page where a person decides about it."""
        return reverse("alerts:received", args=[self.pk])
