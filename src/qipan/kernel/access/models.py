"""Accounts, roles held in an organisation and area for a time, and the audit."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.base.ids import uuid7
from qipan.kernel.orgs.models import Grid, Organisation, Post


class Anonymous:
    """Somebody who has not signed in; holds only the public role."""

    pk: None = None
    username = ""
    locale = ""
    is_authenticated = False
    is_anonymous = True
    is_active = False

    def __str__(self) -> str:
        return str(_("访客"))


ANONYMOUS = Anonymous()


class Account(AbstractBaseUser):
    """A person, an organisation or a program that acts."""

    class Kind(models.TextChoices):
        """Who stands behind the account."""

        RESIDENT = "resident", _("居民")
        STAFF = "staff", _("工作人员")
        ORGANISATION = "organisation", _("单位")
        PROGRAM = "program", _("程序")

    class State(models.TextChoices):
        """Where the account stands in its life; a closed one stays for the audit."""

        ACTIVE = "active", _("正常")
        SUSPENDED = "suspended", _("停用")
        CLOSED = "closed", _("注销")

    username = models.CharField(_("账号"), max_length=100, unique=True)
    name = models.CharField(_("姓名"), max_length=100)
    kind = models.CharField(_("类别"), max_length=20, choices=Kind.choices)
    subject = models.UUIDField(_("主体标识"), unique=True, default=uuid7, editable=False)
    state = models.CharField(_("状态"), max_length=20, choices=State.choices, default=State.ACTIVE)
    trust = models.PositiveSmallIntegerField(_("实名等级"), default=0)
    phone = models.CharField(_("手机号"), max_length=20, blank=True)
    email = models.EmailField(_("邮箱"), blank=True)
    locale = models.CharField(_("语言"), max_length=10, default="zh-hans")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="accounts", verbose_name=_("单位")
    )
    demo = models.BooleanField(_("演示数据"), default=False)
    listed = models.BooleanField(_("登录页列出"), default=False, editable=False)
    is_active = models.BooleanField(_("可登录"), default=True)

    objects = BaseUserManager["Account"]()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        ordering: ClassVar = ["username"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(trust__lte=4), name="access_trust_range")
        ]
        verbose_name = _("账号")
        verbose_name_plural = _("账号")

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def may_sign_in(self) -> bool:
        """Active and not suspended or closed."""
        return self.is_active and self.state == self.State.ACTIVE


# Django's own anonymous user stands in its type for requests; the middleware puts ANONYMOUS in its place.
Actor = Account | Anonymous | AnonymousUser


class RoleRow(models.Model):
    """A role: permissions under one name, declared by a module or made by the county."""

    code = models.CharField(_("代码"), max_length=100, unique=True)
    label = models.CharField(_("名称"), max_length=100)
    permissions = models.JSONField(_("权限"), default=list)
    sensitivity = models.PositiveSmallIntegerField(_("敏感级"), default=0)

    class Meta:
        ordering: ClassVar = ["code"]
        verbose_name = _("角色")
        verbose_name_plural = _("角色")

    def __str__(self) -> str:
        return self.label


class Grant(models.Model):
    """A role held in an organisation, over an area or grid, from one instant to another."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="grants", verbose_name=_("账号"))
    role = models.ForeignKey(RoleRow, models.PROTECT, related_name="grants", verbose_name=_("角色"))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name=_("单位"))
    with_children = models.BooleanField(_("含下级"), default=False)
    division_prefix = models.CharField(_("区划前缀"), max_length=12, blank=True)
    grid = models.ForeignKey(
        Grid, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("网格")
    )
    valid_from = models.DateTimeField(_("起始"))
    valid_to = models.DateTimeField(_("终止"))
    source = models.CharField(_("来源"), max_length=50)

    class Meta:
        ordering: ClassVar = ["account", "role"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(valid_to__gt=models.F("valid_from")), name="access_grant_ends"
            )
        ]
        verbose_name = _("授权")
        verbose_name_plural = _("授权")

    def __str__(self) -> str:
        return f"{self.account} {self.role}"


class DutyShift(models.Model):
    """Somebody's turn of duty in a post."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="shifts", verbose_name=_("岗位"))
    account = models.ForeignKey(Account, models.CASCADE, related_name="shifts", verbose_name=_("账号"))
    starts = models.DateTimeField(_("开始"))
    ends = models.DateTimeField(_("结束"))

    class Meta:
        ordering: ClassVar = ["starts"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(ends__gt=models.F("starts")), name="access_shift_ends")
        ]
        verbose_name = _("值班")
        verbose_name_plural = _("值班")

    def __str__(self) -> str:
        return f"{self.post} {self.account}"


class Delegation(models.Model):
    """One account acts for another within some roles, from one instant to another."""

    principal = models.ForeignKey(Account, models.CASCADE, related_name="+", verbose_name=_("委托人"))
    agent = models.ForeignKey(Account, models.CASCADE, related_name="+", verbose_name=_("代理人"))
    roles = models.ManyToManyField(RoleRow, related_name="+", verbose_name=_("角色"))
    valid_from = models.DateTimeField(_("起始"))
    valid_to = models.DateTimeField(_("终止"))
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)

    class Meta:
        verbose_name = _("代理")
        verbose_name_plural = _("代理")

    def __str__(self) -> str:
        return f"{self.principal} → {self.agent}"


class Purpose(models.Model):
    """A reason in law for reading sensitive rows."""

    code = models.CharField(_("代码"), max_length=50, unique=True)
    label = models.CharField(_("名称"), max_length=100)
    clause = models.CharField(_("法律依据"), max_length=200)

    class Meta:
        verbose_name = _("使用目的")
        verbose_name_plural = _("使用目的")

    def __str__(self) -> str:
        return self.label


class AuditBlock(models.Model):
    """Sealed entries: the root of their Merkle tree, chained to the block before."""

    number = models.BigIntegerField(_("块号"), unique=True)
    previous = models.CharField(_("前块摘要"), max_length=64)
    root = models.CharField(_("默克尔根"), max_length=64)
    count = models.IntegerField(_("条数"))
    sealed_at = models.DateTimeField(_("封存时间"))
    digest = models.CharField(_("块摘要"), max_length=64)

    class Meta:
        ordering: ClassVar = ["number"]
        verbose_name = _("审计块")
        verbose_name_plural = _("审计块")

    def __str__(self) -> str:
        return f"#{self.number}"


class AuditLeaf(models.Model):
    """Place and digest of one sealed entry; outlives the entry, so that a missing one is found."""

    entry_id = models.BigIntegerField(_("审计记录"), unique=True)
    block = models.ForeignKey(AuditBlock, models.PROTECT, related_name="leaves", verbose_name=_("审计块"))
    position = models.IntegerField(_("序号"))
    digest = models.CharField(_("摘要"), max_length=64)

    class Meta:
        ordering: ClassVar = ["block", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["block", "position"], name="access_leaf_place")
        ]
        verbose_name = _("审计叶")
        verbose_name_plural = _("审计叶")

    def __str__(self) -> str:
        return f"{self.block} {self.position}"


class AuditEntry(models.Model):
    """Who did what to which row, why and when; never changed afterwards."""

    at = models.DateTimeField(_("时间"), db_index=True)
    # A plain number and name: the entry outlives every row that it speaks of.
    actor_id = models.BigIntegerField(_("账号编号"), null=True, db_index=True)
    actor_name = models.CharField(_("操作人"), max_length=100)
    action = models.CharField(_("动作"), max_length=100, db_index=True)
    target_type = models.CharField(_("对象类型"), max_length=100, blank=True)
    target_key = models.CharField(_("对象编号"), max_length=100, blank=True)
    changes = models.JSONField(_("变更"), default=dict)
    reason = models.TextField(_("理由"), blank=True)
    purpose = models.CharField(_("目的"), max_length=50, blank=True)
    address = models.CharField(_("来源地址"), max_length=45, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["target_type", "target_key"], name="access_audit_target")]
        verbose_name = _("审计记录")
        verbose_name_plural = _("审计记录")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name} {self.action}"


class ApiToken(models.Model):
    """A bearer token of a program: only its digest is kept."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="tokens", verbose_name=_("账号"))
    name = models.CharField(_("用途"), max_length=100)
    digest = models.CharField(_("摘要"), max_length=64, unique=True, editable=False)
    valid_to = models.DateTimeField(_("终止"))
    last_used = models.DateTimeField(_("最近使用"), null=True, blank=True)

    class Meta:
        verbose_name = _("接口令牌")
        verbose_name_plural = _("接口令牌")

    def __str__(self) -> str:
        return self.name


class SignInFailure(models.Model):
    """One failed sign-in; slows the next try down, never locks an account for good."""

    username = models.CharField(_("账号"), max_length=100, db_index=True)
    address = models.CharField(_("来源地址"), max_length=45, db_index=True)
    at = models.DateTimeField(_("时间"), auto_now_add=True)

    class Meta:
        verbose_name = _("登录失败")
        verbose_name_plural = _("登录失败")

    def __str__(self) -> str:
        return f"{self.username} {self.at:%H:%M:%S}"
