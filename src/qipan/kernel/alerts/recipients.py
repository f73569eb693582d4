"""Whom a warning reaches: people with the right to receive it inside its areas, and subscribers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q

from qipan.kernel.access.models import Account, DutyShift, Grant, RoleRow
from qipan.kernel.access.roles import covers
from qipan.kernel.alerts.models import Alert, Recipient, Subscription
from qipan.kernel.alerts.rules import overlap, significant, township_of
from qipan.kernel.base.clock import now
from qipan.kernel.messages.models import Delivery
from qipan.kernel.orgs.models import Division

RECEIVE = "alerts.alert.receive"
# From the weakest to the strongest proof that a message arrived.
ORDER = ("failed", "queued", "sent", "delivered", "read", "acked")


def resolve(codes: Iterable[str], event: str) -> dict[int, str]:
    """Account -> township under which it is counted, for divisions and an event; each account once."""
    wanted = tuple(codes)
    county = f"{settings.COUNTY_CODE}000000"
    found: dict[int, str] = {}
    for account, prefix, grid, home in _grants():
        place = grid or (prefix.ljust(12, "0") if prefix else home or county)
        if any(overlap(code, place) for code in wanted):
            found.setdefault(account, township_of(place))
    subscribers = Subscription.objects.filter(Q(event="") | Q(event=event), account__is_active=True)
    for account, code in subscribers.values_list("account", "code"):
        if any(overlap(code, each) for each in wanted):
            found.setdefault(account, township_of(code))
    return found


def _grants() -> Iterable[tuple[int, str, str | None, str | None]]:
    """(account, division prefix, code of the grid's village, code of the organisation's division)."""
    roles = [
        role.pk for role in RoleRow.objects.all() if any(covers(each, RECEIVE) for each in role.permissions)
    ]
    at = now()
    rows = Grant.objects.filter(role__in=roles, valid_from__lte=at, valid_to__gt=at, account__is_active=True)
    return rows.values_list(
        "account", "division_prefix", "grid__division__code", "organisation__division__code"
    )


def write(alert: Alert) -> list[Account]:
    """Keep who a warning is addressed to and give the accounts."""
    found = resolve([area.code for area in alert.areas.all()], alert.event)
    Recipient.objects.bulk_create(
        (Recipient(alert=alert, account_id=account, code=code) for account, code in found.items()),
        ignore_conflicts=True,
        batch_size=2000,
    )
    return list(Account.objects.filter(pk__in=list(found)))


@dataclass
class Reach:
    """How far a warning came in one township: each account counts once, by its best delivery."""

    code: str
    name: str
    addressed: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    acked: int = 0
    failed: int = 0

    @property
    def acked_share(self) -> float | None:
        """Confirmed / delivered in percent, None before anything arrived."""
        return 100 * self.acked / self.delivered if self.delivered else None

    def add(self, state: str) -> None:
        """Count one account by its best state."""
        self.addressed += 1
        level = ORDER.index(state)
        self.failed += level == 0
        self.sent += level >= ORDER.index("sent")
        self.delivered += level >= ORDER.index("delivered")
        self.read += level >= ORDER.index("read")
        self.acked += level >= ORDER.index("acked")


def reach(alert: Alert) -> list[Reach]:
    """Reach by township in the order of codes."""
    best = _best_states(alert)
    pairs = list(Recipient.objects.filter(alert=alert).values_list("account", "code"))
    names = dict(Division.objects.filter(code__in={code for _, code in pairs}).values_list("code", "name"))
    found: dict[str, Reach] = {}
    for account, code in sorted(pairs, key=lambda pair: pair[1]):
        row = found.setdefault(code, Reach(code, names.get(code, code)))
        row.add(best.get(account, "queued"))
    return list(found.values())


def unreached(alert: Alert) -> list[Recipient]:
    """Recipients to whom nothing was delivered yet."""
    best = _best_states(alert)
    rows = Recipient.objects.filter(alert=alert).select_related("account").order_by("code", "account__name")
    weak = ORDER[: ORDER.index("delivered")]
    return [row for row in rows if best.get(row.account_id, "queued") in weak]


def _best_states(alert: Alert) -> dict[int, str]:
    keys = [alert.message_key, f"{alert.message_key}:sms"]
    states: dict[int, str] = defaultdict(lambda: "failed")
    rows = Delivery.objects.filter(message__key__in=keys).values_list("recipient", "state")
    for account, state in rows:
        states[account] = max(states[account], state, key=ORDER.index)
    return dict(states)


def ladder(code: str, event: str) -> list[Account]:
    """Who is called for a township, in order: on duty now (lowest post first), then all who receive there."""
    return ladders([code], event)[code]


def ladders(codes: Iterable[str], event: str) -> dict[str, list[Account]]:
    """The ladders of many townships at once."""
    found: dict[str, dict[int, Account]] = {code: {} for code in codes}
    by_prefix = {significant(code): code for code in found}
    at = now()
    shifts = DutyShift.objects.filter(starts__lte=at, ends__gt=at).order_by("-post__rank", "pk")
    for shift in shifts.select_related("account", "post__organisation__division"):
        division = shift.post.organisation.division
        for prefix, code in by_prefix.items():
            if division is not None and division.code.startswith(prefix):
                found[code].setdefault(shift.account_id, shift.account)
    places = {account: place for account, place in resolve(found, event).items() if place in found}
    staff = Account.objects.filter(kind=Account.Kind.STAFF, pk__in=list(places)).order_by("pk")
    for account in staff:
        found[places[account.pk]].setdefault(account.pk, account)
    return {code: list(people.values()) for code, people in found.items()}
