"""The audit: entries written with the change they speak of, sealed into a chain of hashed blocks."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from qipan.kernel.access.models import Account, Actor, AuditBlock, AuditEntry, AuditLeaf
from qipan.kernel.base.clock import now

GENESIS = "0" * 64
BATCH = 5_000


def record(
    actor: Actor | None,
    action: str,
    target: Model | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
    reason: str = "",
    purpose: str = "",
    address: str = "",
) -> AuditEntry:
    """Write who did what to which row inside the caller's transaction.

    ``changes`` maps a field to its new value or to ``[old, new]``; values are turned into text where
    JSON has no form for them. No actor means that the system itself acted.
    """
    account = actor if isinstance(actor, Account) else None
    return AuditEntry.objects.create(
        at=now(),
        actor_id=account.pk if account else None,
        actor_name=str(actor) if actor is not None else "system",
        action=action,
        target_type=target._meta.label_lower if target is not None else "",
        target_key=str(target.pk) if target is not None else "",
        changes=json.loads(json.dumps(dict(changes or {}), default=str, ensure_ascii=False)),
        reason=reason,
        purpose=purpose,
        address=address,
    )


def entries_of(target: Model) -> Any:
    """The audit trail of one row, newest first."""
    return AuditEntry.objects.filter(target_type=target._meta.label_lower, target_key=str(target.pk))


def digest(entry: AuditEntry) -> str:
    """SHA-256 over the entry's canonical JSON (RFC 8785: sorted keys, no blanks, UTF-8)."""
    content = {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "actor": entry.actor_id,
        "name": entry.actor_name,
        "action": entry.action,
        "type": entry.target_type,
        "key": entry.target_key,
        "changes": entry.changes,
        "reason": entry.reason,
        "purpose": entry.purpose,
        "address": entry.address,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def merkle_root(leaves: list[str]) -> str:
    """Root of a binary Merkle tree of hex digests; an odd one out moves up unpaired."""
    level = leaves or [GENESIS]
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [
            hashlib.sha256("".join(pair).encode()).hexdigest() if pair[1:] else pair[0] for pair in pairs
        ]
    return level[0]


def _block_digest(block: AuditBlock) -> str:
    text = f"{block.previous}|{block.number}|{block.root}|{block.count}|{block.sealed_at.isoformat()}"
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def seal() -> AuditBlock | None:
    """Chain the entries that no block holds yet; None when there are none.

    An entry that commits late (its transaction outlived a seal) goes into a later block: order within
    the chain is the order of sealing, and nothing is left out.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('access.audit.seal'))")
    sealed = AuditLeaf.objects.values("entry_id")
    entries = list(AuditEntry.objects.exclude(pk__in=sealed).order_by("pk")[:BATCH])
    if not entries:
        return None
    last = AuditBlock.objects.order_by("-number").first()
    leaves = [digest(entry) for entry in entries]
    block = AuditBlock(
        number=last.number + 1 if last else 1,
        previous=last.digest if last else GENESIS,
        root=merkle_root(leaves),
        count=len(leaves),
        sealed_at=now(),
    )
    block.digest = _block_digest(block)
    block.save()
    AuditLeaf.objects.bulk_create(
        AuditLeaf(entry_id=entry.pk, block=block, position=position, digest=leaf)
        for position, (entry, leaf) in enumerate(zip(entries, leaves, strict=True))
    )
    return block


@dataclass(frozen=True)
class VerifyResult:
    """What a walk over the chain found: the first fault, or none."""

    blocks: int
    entries: int
    unsealed: int
    fault: str = ""

    @property
    def intact(self) -> bool:
        """No altered, missing or reordered entry."""
        return not self.fault


def verify() -> VerifyResult:
    """Recompute every digest, root and link; name the first entry or block that does not fit."""
    previous, blocks, entries = GENESIS, 0, 0
    for block in AuditBlock.objects.order_by("number").iterator():
        fault = _fault_of(block, previous, blocks + 1)
        if fault:
            return VerifyResult(blocks, entries, 0, fault)
        previous, blocks, entries = block.digest, blocks + 1, entries + block.count
    unsealed = AuditEntry.objects.count() - entries
    return VerifyResult(blocks, entries, unsealed)


def _fault_of(block: AuditBlock, previous: str, number: int) -> str:
    if block.number != number:
        return f"block {number}: missing"
    if block.previous != previous:
        return f"block {block.number}: does not follow its predecessor"
    leaves = list(block.leaves.order_by("position"))
    if [leaf.position for leaf in leaves] != list(range(block.count)):
        return f"block {block.number}: leaves missing"
    for fault in _leaf_faults(leaves):
        return fault
    if merkle_root([leaf.digest for leaf in leaves]) != block.root:
        return f"block {block.number}: root differs"
    return "" if _block_digest(block) == block.digest else f"block {block.number}: altered"


def _leaf_faults(leaves: list[AuditLeaf]) -> Iterator[str]:
    found = AuditEntry.objects.in_bulk([leaf.entry_id for leaf in leaves])
    for leaf in leaves:
        entry = found.get(leaf.entry_id)
        if entry is None:
            yield f"entry {leaf.entry_id}: missing"
        elif digest(entry) != leaf.digest:
            yield f"entry {leaf.entry_id}: altered"
