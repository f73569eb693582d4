"""Decisions: grants in organisation, area and time; one predicate and one judgement agree."""

from datetime import timedelta
from typing import Any

import pytest

from qipan.kernel.access.accounts import create_account, grant_role
from qipan.kernel.access.decide import decide, explain, require, rows_for, who_may
from qipan.kernel.access.models import ANONYMOUS, Account, Delegation, Grant, RoleRow
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Refused
from qipan.kernel.base.scope import Scope
from qipan.kernel.orgs.identifiers import make_uscc
from qipan.kernel.orgs.models import Division, Level, Organisation

pytestmark = pytest.mark.django_db


@pytest.fixture
def county(monkeypatch: Any) -> Any:
    """A county with two townships, and organisations as scoped rows."""
    import random

    rng = random.Random(7)
    monkeypatch.setattr(
        Organisation, "scope", Scope(organisation="parent", division="division__code"), raising=False
    )
    top = Division.objects.create(code="371525000000", name="县", level=Level.COUNTY, valid_from="2000-01-01")
    towns = [
        Division.objects.create(
            code=f"37152510{n}000", name=f"镇{n}", level=Level.TOWNSHIP, parent=top, valid_from="2000-01-01"
        )
        for n in (1, 2)
    ]

    def organisation(name: Any, parent: Any, division: Any) -> Any:
        return Organisation.objects.create(
            code=make_uscc(rng), name=name, kind="government", parent=parent, division=division
        )

    root = organisation("县政府", None, top)
    offices = [organisation(f"镇政府{n}", root, town) for n, town in enumerate(towns)]
    stations = [organisation(f"站{n}", office, office.division) for n, office in enumerate(offices)]
    RoleRow.objects.create(code="clerk", label="经办", permissions=["orgs.organisation.view"])
    RoleRow.objects.create(code="all", label="全部", permissions=["*"])
    return {"root": root, "offices": offices, "stations": stations}


def staff(name: Any) -> Any:
    return create_account(name, name, Account.Kind.STAFF, by=None)


def seen(actor: Any) -> Any:
    return set(
        rows_for(actor, "orgs.organisation.view", Organisation.objects.all()).values_list("name", flat=True)
    )


def test_nobody_sees_anything_without_a_grant(county: Any) -> None:
    account = staff("a")
    assert seen(account) == set()
    assert seen(ANONYMOUS) == set()
    assert not decide(account, "orgs.organisation.view")
    with pytest.raises(Refused) as refusal:
        require(account, "orgs.organisation.view")
    assert "orgs.organisation.view" in refusal.value.reasons[0]


def test_grant_reaches_its_own_organisation_only(county: Any) -> None:
    account = staff("a")
    grant_role(account, "clerk", county["offices"][0], by=None)
    assert seen(account) == {"站0"}
    assert decide(account, "orgs.organisation.view", county["stations"][0])
    assert not decide(account, "orgs.organisation.view", county["stations"][1])
    assert not decide(account, "orgs.organisation.change", county["stations"][0])


def test_grant_in_the_root_with_children_reaches_rows_without_organisation(county: Any) -> None:
    account = staff("a")
    grant_role(account, "clerk", county["root"], by=None, with_children=True)
    assert len(seen(account)) == 5


def test_division_prefix_bounds(county: Any) -> None:
    account = staff("a")
    grant_role(account, "clerk", county["root"], by=None, with_children=True, division_prefix="371525102")
    assert seen(account) == {"镇政府1", "站1"}


def test_predicate_and_judgement_agree(county: Any) -> None:
    cases = [
        (county["root"], True, ""),
        (county["root"], False, ""),
        (county["offices"][0], True, ""),
        (county["offices"][1], False, "371525102"),
        (county["offices"][1], True, "371525101"),
    ]
    for number, (organisation, with_children, prefix) in enumerate(cases):
        account = staff(f"a{number}")
        grant_role(
            account, "clerk", organisation, by=None, with_children=with_children, division_prefix=prefix
        )
        judged = {
            row.name for row in Organisation.objects.all() if decide(account, "orgs.organisation.view", row)
        }
        assert judged == seen(account)


def test_grant_ends_to_the_second(county: Any) -> None:
    account = staff("a")
    grant = grant_role(account, "clerk", county["root"], by=None, with_children=True)
    Grant.objects.filter(pk=grant.pk).update(valid_to=now())
    assert seen(Account.objects.get(pk=account.pk)) == set()


def test_delegate_acts_within_the_roles_given(county: Any) -> None:
    chief, deputy = staff("chief"), staff("deputy")
    grant_role(chief, "clerk", county["root"], by=None, with_children=True)
    grant_role(chief, "all", county["root"], by=None, with_children=True)
    delegation = Delegation.objects.create(
        principal=chief, agent=deputy, valid_from=now(), valid_to=now() + timedelta(days=1)
    )
    delegation.roles.add(RoleRow.objects.get(code="clerk"))
    assert decide(deputy, "orgs.organisation.view")
    assert not decide(deputy, "orgs.organisation.change")


def test_explain_says_what_decides(county: Any) -> None:
    account = staff("a")
    grant_role(account, "clerk", county["offices"][0], by=None)
    assert explain(account, "orgs.organisation.view", county["stations"][0])[0].startswith("可以")
    lines = explain(account, "orgs.organisation.view", county["stations"][1])
    assert lines[0].startswith("不可以")
    assert "镇政府0" in lines[1]
    assert who_may("orgs.organisation.view", county["stations"][0]) == [account]


def test_rows_cost_one_extra_query(county: Any, django_assert_num_queries: Any) -> None:
    account = staff("a")
    grant_role(account, "clerk", county["root"], by=None, with_children=True)
    account = Account.objects.get(pk=account.pk)
    with django_assert_num_queries(3):  # delegations, grants, rows
        list(rows_for(account, "orgs.organisation.view", Organisation.objects.all()))
    with django_assert_num_queries(1):
        list(rows_for(account, "orgs.organisation.view", Organisation.objects.all()))
