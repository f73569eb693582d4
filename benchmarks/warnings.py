"""Warnings: from signature to outbox for 5,000 recipients in 18 townships; CAP messages read per second."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from statistics import quantiles
from typing import Any

from django.db import connection

from qipan.kernel.access.models import Account, Grant, RoleRow
from qipan.kernel.alerts import catalogue
from qipan.kernel.alerts.actions import propose, publish, sign, submit
from qipan.kernel.alerts.declarations import EventType
from qipan.kernel.alerts.documents import national_events
from qipan.kernel.alerts.models import Alert, AlertArea
from qipan.kernel.alerts.recipients import reach, resolve
from qipan.kernel.base.clock import now
from qipan.kernel.messages.models import Delivery
from qipan.kernel.orgs.models import Division, Level, Organisation
from qipan.protocols import cap
from qipan.protocols.cap import cn12379
from qipan.protocols.cap.tests.generate import alert as random_alert

PEOPLE, TOWNSHIPS, ROUNDS, MESSAGES = 5_000, 18, 10, 1_000
PASSWORD = "correct horse battery"
KIND = EventType("bench", "大风", "Met", cn_code="11B06")


def run(report: Callable[[str], None]) -> dict[str, Any]:
    """Publication by the wall clock on this machine; CAP by processor time of one core."""
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        figures = _publication(report)
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)
    return {**figures, **_messages()}


def _publication(report: Callable[[str], None]) -> dict[str, Any]:
    drafter, signer, codes = _county()
    begin = time.perf_counter()
    resolved = len(resolve(codes, KIND.code))
    resolving = time.perf_counter() - begin
    seconds = []
    for number in range(ROUNDS):
        AlertArea.objects.update(live=False)
        alert = submit(_draft(drafter, codes, number), drafter)
        begin = time.perf_counter()
        alert = publish(sign(alert, signer, password=PASSWORD), signer, channels=("inbox", "sms"))
        seconds.append(time.perf_counter() - begin)
        report(f"published to {alert.recipients.count()} in {seconds[-1]:.2f} s")
    begin = time.perf_counter()
    reach(alert)
    page = time.perf_counter() - begin
    p95 = quantiles(seconds, n=20, method="inclusive")[-1]
    sent = Delivery.objects.exclude(message__key__contains=":call:").count()
    return {
        "recipients": resolved,
        "resolve_s": {"value": round(resolving, 3), "goal": "≤ 1", "met": resolving <= 1},
        "sign_to_outbox_p95_s": {"value": round(p95, 2), "goal": "≤ 10", "met": p95 <= 10},
        "deliveries_lost": {
            "value": 2 * PEOPLE * ROUNDS - sent, "goal": 0, "met": sent == 2 * PEOPLE * ROUNDS
        },
        "reach_by_township_s": {"value": round(page, 3), "goal": "≤ 2", "met": page <= 2},
    }  # fmt: skip


def _county() -> tuple[Account, Account, list[str]]:
    catalogue.install([_Offer()])
    office = Organisation.objects.create(code="1".zfill(18), name="县政府", kind="government", path="1/")
    codes = [f"371525{100 + number}000" for number in range(TOWNSHIPS)]
    Division.objects.bulk_create(
        Division(code=code, name=code, level=Level.TOWNSHIP, valid_from=date(2000, 1, 1)) for code in codes
    )
    roles = {
        "clerk": ("alerts.alert.add", "alerts.alert.submit"),
        "chief": ("alerts.alert.sign", "alerts.alert.publish"),
        "people": ("alerts.alert.receive",),
    }  # fmt: skip
    rows = {
        name: RoleRow.objects.create(code=name, label=name, permissions=list(p)) for name, p in roles.items()
    }
    staff = [
        Account(username=name, name=name, kind="staff", organisation=office) for name in ("clerk", "chief")
    ]
    for account in staff:
        account.set_password(PASSWORD)
    people = [Account(username=f"p{n}", name=str(n), kind="staff", password="!") for n in range(PEOPLE)]
    Account.objects.bulk_create([*staff, *people])
    _grant(office, rows["clerk"], staff[:1], [""])
    _grant(office, rows["chief"], staff[1:], [""])
    _grant(office, rows["people"], people, [code[:9] for code in codes])
    return staff[0], staff[1], codes


def _grant(office: Organisation, role: RoleRow, accounts: list[Account], prefixes: list[str]) -> None:
    start = now()
    Grant.objects.bulk_create(
        Grant(
            account=account, role=role, organisation=office, with_children=True, source="bench",
            division_prefix=prefixes[number % len(prefixes)], valid_from=start,
            valid_to=start + timedelta(days=1),
        )
        for number, account in enumerate(accounts)
    )  # fmt: skip


class _Offer:
    event_types = (KIND,)
    alert_rules = ()


def _draft(drafter: Account, codes: list[str], number: int) -> Alert:
    start = now().replace(microsecond=0) + timedelta(days=10 * number)
    return propose(
        KIND.code, "yellow", codes, onset=start, expires=start + timedelta(hours=12), drafted_by=drafter
    )


def _messages() -> dict[str, Any]:
    random = Random(1)
    originals = [random_alert(random) for _ in range(MESSAGES)]
    texts = [cap.build(each) for each in originals]
    read = MESSAGES / _seconds(lambda: [cap.problems(cap.parse(text).alert, public=True) for text in texts])
    gale = (cap.xml.SCHEMAS / "cn_12379_gale_blue_update.xml").read_bytes()
    events = national_events()
    both = 500 / _seconds(
        lambda: [cn12379.from_cap(cn12379.to_cap(gale, events), events) for _ in range(500)]
    )
    return {
        "cap_read_checked_per_s": {"value": round(read), "goal": "≥ 200", "met": read >= 200},
        "cn12379_both_ways_per_s": round(both),
    }


def _there_and_back(data: bytes, events: dict[str, tuple[str, str]]) -> bytes:
    return cn12379.from_cap(cn12379.to_cap(data, events), events)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
