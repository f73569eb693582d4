"""Indicators over organisations for the tests, and people who may do things with figures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from qipan.kernel.access.accounts import grant_role
from qipan.kernel.access.models import Account, RoleRow
from qipan.kernel.indicators import catalogue, values
from qipan.kernel.indicators.declarations import (
    Composite,
    Dimension,
    Expression,
    Indicator,
    Mean,
    Percentile,
    Points,
    Ratio,
    Rows,
    Sum,
    Target,
    Typed,
)
from qipan.kernel.orgs.models import Division, Level, Organisation

DIVISION = Dimension("division", "division", "区划")
ALL = Rows(Organisation.objects.all())
ACTIVE = Rows(Organisation.objects.all(), Q(active=True))


@dataclass(frozen=True)
class Offer:
    """A module as this block sees it."""

    label: str
    indicators: tuple[Indicator, ...]


INDICATORS = (
    Indicator("orgs.count", "单位数", "n", ALL, by=(DIVISION, "kind")),
    Indicator("orgs.active", "在用率", "%", Ratio(ACTIVE, ALL), decimals=1, by=(DIVISION, "kind"),
              target=Target(90, by="2030-12-31", kind="hold"), public=True),
    Indicator("orgs.sum", "编号合计", "n", Sum(ALL, "pk")),
    Indicator("orgs.mean", "编号平均", "n", Mean(ALL, "pk"), decimals=1),
    Indicator("orgs.ninety", "编号九分位", "n", Percentile(ALL, "pk", 0.9), decimals=1),
    Indicator("orgs.points", "得分", "points", Points(ALL, "kind", {"government": 2.0, "firm": 0.5}),
              decimals=1),
    Indicator("orgs.typed", "问卷", "%", Typed()),
    Indicator("orgs.mixed", "综合", "points", Composite((("orgs.active", 0.5), ("orgs.points", 0.5))),
              decimals=1),
    Indicator("orgs.each", "每单位得分", "points",
              Expression("p / n", {"p": "orgs.points", "n": "orgs.count"}), decimals=2),
)  # fmt: skip


@contextmanager
def installed(*indicators: Indicator) -> Iterator[None]:
    """The given indicators in place of the modules' own."""
    before = dict(catalogue._indicators)
    catalogue.install([Offer("orgs", indicators or INDICATORS)])
    values.watch()
    try:
        yield
    finally:
        catalogue._indicators.clear()
        catalogue._indicators.update(before)
        values.watch()


@dataclass(frozen=True)
class House:
    """Organisations in two townships, and people."""

    county: Organisation
    chief: Account
    second: Account
    reader: Account


def make_house() -> House:
    """Four organisations: three in use (one without a division), one not."""
    divisions = [
        Division.objects.create(code=code, name=name, level=Level.TOWNSHIP, valid_from=date(2000, 1, 1))
        for code, name in (("371525104000", "桑阿镇"), ("371525102000", "柳林镇"))
    ]
    rows = (
        ("1", "县政府", "government", None, True),
        ("2", "桑阿镇政府", "township", divisions[0], True),
        ("3", "桑阿厂", "firm", divisions[0], False),
        ("4", "柳林厂", "firm", divisions[1], True),
    )
    made = [
        Organisation.objects.create(
            code=code.zfill(18), name=name, kind=kind, division=division, active=active, path=f"{code}/"
        )
        for code, name, kind, division, active in rows
    ]
    RoleRow.objects.create(code="t.chief", label="管", permissions=["indicators.*", "orgs.*.view"])
    RoleRow.objects.create(code="t.reader", label="读", permissions=["orgs.division.view"])
    people = []
    for name, role in (("chief", "t.chief"), ("second", "t.chief"), ("reader", "t.reader")):
        account = Account.objects.create(username=name, name=name, kind=Account.Kind.STAFF)
        grant_role(account, role, made[0], by=None, with_children=True)
        people.append(account)
    return House(made[0], *people)
