"""The chain of audit blocks finds every altered, missing or reordered entry."""

from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from qipan.kernel.access import audit
from qipan.kernel.access.accounts import account_for_token, create_account, issue_token
from qipan.kernel.access.models import Account, AuditEntry, AuditLeaf

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed() -> Any:
    account = create_account("auditee", "某人", Account.Kind.STAFF, by=None)
    for number in range(5):
        audit.record(account, "test.thing.change", account, changes={"number": [number, number + 1]})
    audit.seal()
    for number in range(3):
        audit.record(account, "test.thing.view", account, purpose=f"case:{number}")
    audit.seal()
    return account


def tamper(statement: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("set session_replication_role = origin")


def test_intact_chain(sealed: Any) -> None:
    result = audit.verify()
    assert (result.blocks, result.entries, result.unsealed, result.fault) == (2, 9, 0, "")
    assert audit.seal() is None


@pytest.mark.parametrize(
    "statement", ["update access_auditentry set reason = 'x'", "delete from access_auditentry"]
)
def test_database_refuses_change(sealed: Any, statement: Any) -> None:
    with (
        pytest.raises(ProgrammingError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_one_changed_letter_is_found(sealed: Any) -> None:
    victim = AuditEntry.objects.order_by("pk")[3]
    tamper(f"update access_auditentry set actor_name = 'y' where id = {victim.pk}")
    assert audit.verify().fault == f"entry {victim.pk}: altered"


def test_a_deleted_entry_is_found(sealed: Any) -> None:
    victim = AuditEntry.objects.order_by("pk")[7]
    tamper(f"delete from access_auditentry where id = {victim.pk}")
    assert audit.verify().fault == f"entry {victim.pk}: missing"


def test_swapped_leaves_are_found(sealed: Any) -> None:
    first, second = AuditLeaf.objects.filter(block__number=1).order_by("position")[:2]
    tamper(f"update access_auditleaf set position = 99 where id = {first.pk}")
    tamper(f"update access_auditleaf set position = {first.position} where id = {second.pk}")
    tamper(f"update access_auditleaf set position = {second.position} where id = {first.pk}")
    assert audit.verify().fault == "block 1: root differs"


def test_a_removed_block_is_found(sealed: Any) -> None:
    tamper(
        "delete from access_auditleaf where block_id in (select id from access_auditblock where number = 1)"
    )
    tamper("delete from access_auditblock where number = 1")
    assert audit.verify().fault == "block 1: missing"


def test_token_opens_its_account_and_is_stored_as_digest(sealed: Any) -> None:
    program = create_account("program.x", "接口", Account.Kind.PROGRAM, by=None)
    token = issue_token(program, "test", by=sealed)
    assert account_for_token(token) == program
    assert account_for_token(token + "x") is None
    assert token not in str(list(program.tokens.values()))
