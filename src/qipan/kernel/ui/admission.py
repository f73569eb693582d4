"""Whether somebody may open a page at all."""

from django.http import HttpRequest

from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import ANONYMOUS, Account, Actor
from qipan.kernel.ui.declarations import PUBLIC, SIGNED_IN


def actor_of(request: HttpRequest) -> Actor:
    """Who asks: the account signed in, else the one visitor."""
    return request.user if isinstance(request.user, Account) else ANONYMOUS


def admits(actor: Actor, permission: str) -> bool:
    """Whether the actor may open a page with this permission ("public", "signed-in" or a real one)."""
    if permission == PUBLIC:
        return True
    if permission == SIGNED_IN:
        return isinstance(actor, Account)
    return decide(actor, permission).allowed
