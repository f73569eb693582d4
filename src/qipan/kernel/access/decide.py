"""The one place that decides: may this actor do this to this row, and which rows may it see.

Deny by default. A grant applies when its role covers the action, the instant lies in [from, to), the
row's organisation lies in the grant's subtree, its division code begins with the grant's prefix and its
grid is the grant's. What bounds a query (`rows_for`) and what judges one row (`decide`) are built from
the same grants, and the reasons that a decision carries are what `explain` prints.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from qipan.kernel.access.models import Account, Actor, Delegation, Grant
from qipan.kernel.access.roles import PUBLIC, SIGNED_IN, STAFF, covers
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Refused
from qipan.kernel.base.scope import Scope

Rows = TypeVar("Rows", bound=Model)


@dataclass(frozen=True)
class Decision:
    """Whether it is allowed, why (or what is missing), and which fields stay masked."""

    allowed: bool
    reasons: tuple[str, ...]
    masks: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return self.allowed


def grants_of(actor: Actor, at: datetime | None = None) -> tuple[Grant, ...]:
    """Grants in force, own and delegated; one or two queries, kept on the actor for the request."""
    if not isinstance(actor, Account):
        return ()
    if at is not None:
        return _load(actor, at)
    held: tuple[Grant, ...] | None = getattr(actor, "_grants_in_force", None)
    if held is None:
        held = actor._grants_in_force = _load(actor, now())  # type: ignore[attr-defined]
    return held


def _load(actor: Account, at: datetime) -> tuple[Grant, ...]:
    rows = Grant.objects.select_related("role", "organisation", "grid", "account")
    delegations = Delegation.objects.filter(
        agent=actor, valid_from__lte=at, valid_to__gt=at, revoked_at__isnull=True
    )
    pairs = list(delegations.values_list("principal_id", "roles"))
    holder = Q(account=actor)
    for principal, role in pairs:
        holder |= Q(account=principal, role=role)
    return tuple(rows.filter(holder, valid_from__lte=at, valid_to__gt=at).order_by("pk"))


def decide(actor: Actor, action: str, target: Model | None = None, *, purpose: str | None = None) -> Decision:
    """Whether ``actor`` may do ``action`` (to ``target``, or to something of this kind at all)."""
    if _without_grant(actor, action):
        return Decision(True, (_("无需授权即可使用"),), _masks(actor, action, target, purpose))
    if _is_owner(actor, action, target):
        return Decision(True, (_("本人的记录"),))
    held = [grant for grant in grants_of(actor) if _covers(grant, action)]
    for grant in held:
        if target is None or _reaches(grant, target):
            reason = _("以“%(role)s”身份,在%(organisation)s%(area)s,有效至%(until)s") % _words(grant)
            return Decision(True, (reason,), _masks(actor, action, target, purpose))
    return Decision(False, _missing(actor, action, held))


def require(
    actor: Actor, action: str, target: Model | None = None, *, purpose: str | None = None
) -> Decision:
    """The decision when it is allowed; Refused with every reason otherwise."""
    decision = decide(actor, action, target, purpose=purpose)
    if not decision.allowed:
        raise Refused(decision.reasons)
    return decision


def rows_for(
    actor: Actor, action: str, queryset: "QuerySet[Rows]", *, purpose: str | None = None
) -> "QuerySet[Rows]":
    """The rows that ``actor`` may do ``action`` to: the same grants as one indexed predicate."""
    scope = _scope(queryset.model)
    if _without_grant(actor, action):
        return queryset
    held = [grant for grant in grants_of(actor) if _covers(grant, action)]
    if scope.public and held:
        return queryset
    predicate = Q(pk__in=[])
    for grant in held:
        part = _predicate(grant, scope)
        if part is None:
            return queryset
        predicate |= part
    if scope.owner and isinstance(actor, Account) and action.endswith(".view"):
        predicate |= Q(**{scope.owner: actor})
    return queryset.filter(predicate)


def explain(actor: Actor, action: str, target: Model | None = None) -> list[str]:
    """The decision in plain words, first the answer, then each reason."""
    decision = decide(actor, action, target)
    head = _("可以:%(action)s") if decision.allowed else _("不可以:%(action)s")
    return [head % {"action": action}, *decision.reasons]


def who_may(action: str, target: Model | None = None) -> list[Account]:
    """Active accounts whose own grants allow it now, by name."""
    at = now()
    rows = Grant.objects.filter(valid_from__lte=at, valid_to__gt=at, account__is_active=True)
    found: dict[int, Account] = {}
    for grant in rows.select_related("role", "organisation", "grid", "account"):
        if _covers(grant, action) and (target is None or _reaches(grant, target)):
            found[grant.account_id] = grant.account
    return sorted(found.values(), key=lambda account: (account.name, account.pk))


def _without_grant(actor: Actor, action: str) -> bool:
    patterns: tuple[str, ...] = PUBLIC
    if isinstance(actor, Account):
        patterns = STAFF if actor.kind == Account.Kind.STAFF else SIGNED_IN
    return any(covers(pattern, action) for pattern in patterns)


def _covers(grant: Grant, action: str) -> bool:
    return any(covers(pattern, action) for pattern in grant.role.permissions)


def _scope(model: type[Model]) -> Scope:
    return getattr(model, "scope", Scope())


def _is_owner(actor: Actor, action: str, target: Model | None) -> bool:
    if target is None or not isinstance(actor, Account) or not action.endswith(".view"):
        return False
    path = _scope(type(target)).owner
    return bool(path) and _follow(target, path) in (actor, actor.pk)


def _reaches(grant: Grant, target: Model) -> bool:
    """The predicate of the grant, judged on one row in memory."""
    scope = _scope(type(target))
    if scope.public:
        return True
    paths = scope.organisations
    if paths and not any(_in_organisation(grant, _follow(target, path)) for path in paths):
        return False
    if scope.division and grant.division_prefix:
        code = _follow(target, scope.division) or ""
        if not str(code).startswith(grant.division_prefix):
            return False
    if scope.grid and grant.grid_id is not None:
        grid = _follow(target, scope.grid)
        return bool(getattr(grid, "pk", grid) == grant.grid_id)
    return True


def _in_organisation(grant: Grant, organisation: Any) -> bool:
    if _is_root(grant):
        return True
    if organisation is None:
        return False
    if grant.with_children:
        return bool(organisation.path.startswith(grant.organisation.path))
    return bool(organisation.pk == grant.organisation_id)


def _is_root(grant: Grant) -> bool:
    """Held in the county itself with everything below: reaches rows without an organisation too."""
    return grant.with_children and grant.organisation.parent_id is None


def _predicate(grant: Grant, scope: Scope) -> Q | None:
    """The rows that a grant reaches; None when it reaches all of them."""
    parts = []
    if scope.organisations and not _is_root(grant):
        either = Q(pk__in=[])
        for path in scope.organisations:
            inside = Q(**{f"{path}__path__startswith": grant.organisation.path})
            either |= inside if grant.with_children else Q(**{path: grant.organisation_id})
        parts.append(either)
    if scope.division and grant.division_prefix:
        parts.append(Q(**{f"{scope.division}__startswith": grant.division_prefix}))
    if scope.grid and grant.grid_id is not None:
        parts.append(Q(**{scope.grid: grant.grid_id}))
    if not parts:
        return None
    joined = parts[0]
    for part in parts[1:]:
        joined &= part
    return joined


def _follow(target: Model, path: str) -> Any:
    value: Any = target
    for name in path.split("__"):
        value = getattr(value, name, None)
        if value is None:
            return None
    return value


def _words(grant: Grant) -> dict[str, str]:
    area = grant.division_prefix or (str(grant.grid) if grant.grid_id else "")
    return {
        "role": str(grant.role),
        "organisation": str(grant.organisation) + (_("及下级") if grant.with_children else ""),
        "area": _("(区域 %(area)s)") % {"area": area} if area else "",
        "until": f"{grant.valid_to:%Y-%m-%d}",
    }


def _missing(actor: Actor, action: str, held: list[Grant]) -> tuple[str, ...]:
    if not isinstance(actor, Account):
        return (_("请先登录"),)
    if not held:
        return (_("没有包含“%(action)s”的角色") % {"action": action},)
    return tuple(
        _("“%(role)s”只在%(organisation)s%(area)s有效,不含这条记录") % _words(grant) for grant in held[:3]
    )


def _masks(actor: Actor, action: str, target: Model | None, purpose: str | None) -> frozenset[str]:
    """Fields of personal data that stay masked: unmasking needs a permission and a purpose."""
    fields = getattr(type(target), "masked_fields", ()) if target is not None else ()
    if not fields:
        return frozenset()
    unmask = action.rsplit(".", 1)[0] + ".unmask"
    allowed = bool(purpose) and any(_covers(grant, unmask) for grant in grants_of(actor))
    return frozenset() if allowed else frozenset(fields)
