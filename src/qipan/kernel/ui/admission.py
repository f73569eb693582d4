"""Whether somebody may open a page at all."""

from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.ui.declarations import PUBLIC, SIGNED_IN


def admits(actor: Actor, permission: str) -> bool:
    """Whether the actor may open a page with this permission ("public", "signed-in" or a real one)."""
    if permission == PUBLIC:
        return True
    if permission == SIGNED_IN:
        return isinstance(actor, Account)
    return decide(actor, permission).allowed
