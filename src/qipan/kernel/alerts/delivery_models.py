"""Who is to be reached by a warning, who asked for warnings, and the ladder of calls."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.models import Account


class Recipient(models.Model):
    """An account that a published warning is addressed to, and the township it is counted under."""

    alert = models.ForeignKey(
        "alerts.Alert", models.CASCADE, related_name="recipients", verbose_name=_("预警")
    )
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", verbose_name=_("收件人"))
    code = models.CharField(_("所属区划"), max_length=12, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "account"], name="alerts_recipient_once")
        ]
        verbose_name = _("发送对象")
        verbose_name_plural = _("发送对象")

    def __str__(self) -> str:
        return str(self.account)


class Subscription(models.Model):
    """A resident wants warnings for a division (and one kind of event, or all)."""

    account = models.ForeignKey(
        Account, models.CASCADE, related_name="alert_subscriptions", verbose_name=_("订阅人")
    )
    code = models.CharField(_("区划代码"), max_length=12, db_index=True)
    event = models.CharField(_("事件类型"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("订阅时间"), auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["code", "event"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "code", "event"], name="alerts_subscription_once")
        ]
        verbose_name = _("预警订阅")
        verbose_name_plural = _("预警订阅")

    def __str__(self) -> str:
        return f"{self.account} {self.code}"


class CallOut(models.Model):
    """One rung of the ladder: this person is to be reached by then, else the next one is called."""

    class How(models.TextChoices):
        """How the person was reached."""

        WEB = "web", _("系统确认")
        SMS = "sms", _("短信回复")
        PHONE = "phone", _("电话")
        PERSON = "in_person", _("当面")

    alert = models.ForeignKey("alerts.Alert", models.CASCADE, related_name="callouts", verbose_name=_("预警"))
    code = models.CharField(_("区划代码"), max_length=12)
    step = models.PositiveSmallIntegerField(_("层级"))
    account = models.ForeignKey(Account, models.PROTECT, related_name="+", verbose_name=_("叫应对象"))
    called_at = models.DateTimeField(_("发起时间"))
    due_at = models.DateTimeField(_("应答时限"))
    reached_at = models.DateTimeField(_("应答时间"), null=True, blank=True)
    escalated_at = models.DateTimeField(_("升级时间"), null=True, blank=True)
    how = models.CharField(_("应答方式"), max_length=10, choices=How.choices, blank=True)
    note = models.CharField(_("备注"), max_length=300, blank=True)
    recorded_by = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("登记人")
    )

    class Meta:
        ordering: ClassVar = ["code", "step"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "code", "step"], name="alerts_callout_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(reached_at__isnull=True, escalated_at__isnull=True),
                name="alerts_callout_due",
            )
        ]
        verbose_name = _("叫应")
        verbose_name_plural = _("叫应")

    def __str__(self) -> str:
        return f"{self.account} {self.step}"
