"""Messages, their deliveries by recipient and channel, and webhooks."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account


class Channel(models.TextChoices):
    """How a message travels."""

    INBOX = "inbox", _("站内信")
    EMAIL = "email", _("电子邮件")
    SMS = "sms", _("短信")
    WEBHOOK = "webhook", _("网络回调")


class Message(models.Model):
    """One message, whoever gets it; ``key`` makes sending it twice harmless."""

    key = models.CharField(_("去重键"), max_length=200, unique=True)
    cause = models.CharField(_("起因"), max_length=200, db_index=True)
    subject = models.CharField(_("标题"), max_length=200)
    body = models.TextField(_("正文"))
    link = models.CharField(_("链接"), max_length=500, blank=True)
    urgent = models.BooleanField(_("紧急"), default=False)
    created_at = models.DateTimeField(_("创建时间"), db_index=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = _("消息")
        verbose_name_plural = _("消息")

    def __str__(self) -> str:
        return self.subject


class Delivery(models.Model):
    """A message on its way to one recipient by one channel, with its receipts."""

    class State(models.TextChoices):
        """How far it came."""

        QUEUED = "queued", _("待发送")
        SENT = "sent", _("已发送")
        DELIVERED = "delivered", _("已送达")
        READ = "read", _("已读")
        ACKED = "acked", _("已确认")
        FAILED = "failed", _("失败")

    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries", verbose_name=_("消息"))
    recipient = models.ForeignKey(
        Account, models.CASCADE, related_name="deliveries", verbose_name=_("收件人")
    )
    channel = models.CharField(_("渠道"), max_length=10, choices=Channel.choices)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("尝试次数"), default=0)
    next_at = models.DateTimeField(_("下次发送时间"), null=True, blank=True)
    error = models.TextField(_("错误"), blank=True)
    sent_at = models.DateTimeField(_("发送时间"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("送达时间"), null=True, blank=True)
    read_at = models.DateTimeField(_("阅读时间"), null=True, blank=True)
    acked_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    ack_text = models.CharField(_("确认回复"), max_length=500, blank=True)
    receipt = models.CharField(_("渠道回执"), max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-message__created_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "recipient", "channel"], name="messages_delivery_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_at"], condition=models.Q(state="queued"), name="messages_delivery_due"
            ),
            models.Index(fields=["recipient", "channel", "state"], name="messages_delivery_inbox"),
        ]
        verbose_name = _("投递")
        verbose_name_plural = _("投递")

    def __str__(self) -> str:
        return f"{self.message} → {self.recipient} ({self.get_channel_display()})"


class Webhook(models.Model):
    """Where a program wants its messages posted; the secret signs every post."""

    account = models.OneToOneField(Account, models.CASCADE, related_name="webhook", verbose_name=_("账号"))
    url = models.URLField(_("回调地址"), max_length=500)
    secret = models.CharField(_("签名密钥"), max_length=100)
    active = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = _("网络回调")
        verbose_name_plural = _("网络回调")

    def __str__(self) -> str:
        return self.url
