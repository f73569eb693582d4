"""The demo county's warnings: duty officers, township recipients on duty, and past warnings with their truth.

People and dates are made by the seed; every row is marked as demo. Past warnings are signed like real ones.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from qipan.kernel.access.demo import PASSWORD, demo_account, demo_grant, demo_name
from qipan.kernel.access.models import Account, DutyShift
from qipan.kernel.alerts import documents
from qipan.kernel.alerts.catalogue import OTHER, event_types
from qipan.kernel.alerts.declarations import EventType
from qipan.kernel.alerts.keys import sender
from qipan.kernel.alerts.models import Alert, AlertArea, Occurrence, Signature, State
from qipan.kernel.alerts.proposals import fill
from qipan.kernel.base.clock import local, now
from qipan.kernel.orgs.models import Division, Level, Organisation, Post
from qipan.protocols import cap

Report = Callable[[str, int, int], None]
YEARS = timedelta(days=3650)
PAST = 18  # warnings of each kind in three years
HIT, LATE = 0.8, 0.1


def build(seed: int, scale: float, report: Report) -> None:
    """Accounts, duty, past warnings and occurrences; a second run changes nothing."""
    rng = random.Random(seed + 12)
    root = Organisation.objects.get(parent=None, demo=True)
    with transaction.atomic():
        officer, signer = _people(rng, root, report)
        if not Alert.objects.filter(demo=True).exists():
            _history(rng, max(3, round(PAST * scale)), (officer, signer), report)


def _people(rng: random.Random, root: Organisation, report: Report) -> tuple[Account, Account]:
    password = make_password(PASSWORD)
    made = []
    for username, role in (("alerts.clerk", "alerts.clerk"), ("alerts.chief", "alerts.chief")):
        account = demo_account(
            username, demo_name(rng), Account.Kind.STAFF, root, password=password, listed=True
        )
        demo_grant(account, role, root, with_children=True)
        made.append(account)
    townships = Organisation.objects.filter(kind="township", demo=True).select_related("division")
    for done, township in enumerate(townships, start=1):
        if township.division is not None:
            _duty(rng, township, password)
        report("alert recipients", done, len(townships))
    return made[0], made[1]


def _duty(rng: random.Random, township: Organisation, password: str) -> None:
    """The officer on duty, the deputy and the leader of a township: the rungs of its ladder."""
    assert township.division is not None
    for rank, post_name in ((1, "负责人"), (2, "值班员")):
        username = f"alerts.{township.division.code[:9]}.{rank}"
        account = demo_account(username, demo_name(rng), Account.Kind.STAFF, township, password=password)
        demo_grant(account, "alerts.recipient", township, division_prefix=township.division.code[:9])
        post, _made = Post.objects.get_or_create(
            organisation=township, name=post_name, defaults={"rank": rank}
        )
        start = now()
        if not DutyShift.objects.filter(post=post, account=account).exists():
            DutyShift.objects.create(post=post, account=account, starts=start, ends=start + YEARS)


def _history(rng: random.Random, count: int, people: tuple[Account, Account], report: Report) -> None:
    townships = list(Division.objects.filter(level=Level.TOWNSHIP).order_by("code"))
    kinds = [kind for kind in event_types() if kind != OTHER]
    for kind in kinds:
        for number in range(count):
            start = _cold_day(rng)
            size = max(1, rng.randrange(len(townships)))
            _past(rng, kind, start, rng.sample(townships, size), people)
            report(str(kind.name), number + 1, count)


def _cold_day(rng: random.Random) -> datetime:
    """A morning of the last three years, mostly in the heating season."""
    while True:
        day = now() - timedelta(days=rng.randrange(5, 1095))
        if local(day).month in (11, 12, 1, 2, 3) or rng.random() < 0.15:
            return local(day).replace(hour=rng.randrange(6, 20), minute=0, second=0, microsecond=0)


def _past(
    rng: random.Random,
    kind: EventType,
    onset: datetime,
    places: list[Division],
    people: tuple[Account, Account],
) -> None:
    officer, signer = people
    colour = rng.choices(kind.colours, [8, 4, 2, 1][: len(kind.colours)])[0]
    sent = onset - timedelta(minutes=rng.randrange(120, 1800))
    expires = onset + timedelta(hours=rng.randrange(12, 96))
    lifted = rng.random() < 0.6
    alert = Alert(
        organisation=officer.organisation, sender=sender(), event=kind.code, event_name=str(kind.name),
        categories=kind.category, onset=onset, expires=expires, drafted_by=officer, submitted_by=officer,
        sent_at=sent, demo=True, channels=["inbox"], published_by=signer,
        published_at=sent + timedelta(minutes=rng.randrange(2, 12)),
        identifier=f"{sender()}_{sent:%Y%m%d%H%M%S}",
        ended_at=expires - timedelta(hours=2) if lifted else expires,
        state=State.LIFTED if lifted else State.EXPIRED,
        end_reason="空气质量已转好" if lifted else "到期自动结束",
    )  # fmt: skip
    if Alert.objects.filter(identifier=alert.identifier).exists():
        return
    fill(alert, colour, areas="、".join(place.name for place in places))
    alert.save()
    AlertArea.objects.bulk_create(
        AlertArea(alert=alert, code=each.code, name=each.name, sender=alert.sender, event=kind.code)
        for each in places
    )
    data = documents.build(alert)
    alert.digest, alert.document = cap.digest(data), documents.signed(data)
    alert.save()
    Signature.objects.create(alert=alert, account=signer, signed_at=sent, digest=alert.digest)
    for place in places:
        _truth(rng, alert, place)


def _truth(rng: random.Random, alert: Alert, place: Division) -> None:
    """What happened in one warned township: mostly what was warned of, sometimes nothing."""
    if rng.random() > HIT:
        return
    shift = timedelta(minutes=rng.randrange(-90, 600))
    if rng.random() < LATE:
        shift = -timedelta(hours=4)
    starts = alert.onset + shift
    Occurrence.objects.get_or_create(
        event=alert.event,
        code=place.code,
        starts=starts,
        defaults={
            "ends": starts + timedelta(hours=rng.randrange(6, 48)),
            "colour": alert.colour,
            "source": "演示实况",
            "demo": True,
        },
    )
