"""Signed links: whoever holds one may fetch the file until it expires, and nobody may make one up."""

from django.core import signing
from django.urls import reverse
from django.utils.http import urlencode

from qipan.kernel.access.decide import decide
from qipan.kernel.access.models import Account, Actor
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Refused
from qipan.kernel.files.models import StoredFile

SALT = "qipan.files"


def link(file: StoredFile, actor: Actor, seconds: int = 600, *, size: int | None = None) -> str:
    """Address under which the file is served for so many seconds; ``size`` asks for a thumbnail.

    The caller has checked that the actor may see the row that the file belongs to.
    """
    address = reverse("files:serve", args=[file.pk, sign(file, actor, seconds), file.name])
    return f"{address}?{urlencode({'size': size})}" if size else address


def sign(file: StoredFile, actor: Actor, seconds: int) -> str:
    """The signature of a link; it holds the actor's number, so that a leaked link says whose it was."""
    holder = actor.pk if isinstance(actor, Account) else 0
    return signing.dumps([file.pk, holder, int(now().timestamp()) + seconds], salt=SALT)


def check(token: str, file_id: int) -> int | None:
    """The account number that a signature was made for (0: a visitor); None if it does not hold."""
    try:
        number, holder, expires = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    if number != file_id or expires < now().timestamp():
        return None
    return int(holder)


def may_open(file: StoredFile, actor: Actor) -> None:
    """Refused unless the file is public, the actor's own, or access grants it."""
    if file.public or (isinstance(actor, Account) and file.uploaded_by_id == actor.pk):
        return
    decision = decide(actor, "files.storedfile.view", file)
    if not decision.allowed:
        raise Refused(decision.reasons)
