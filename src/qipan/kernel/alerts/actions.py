"""Everything that can be done with a warning, under one roof."""

from qipan.kernel.alerts.callouts import record_call
from qipan.kernel.alerts.deliveries import acknowledge, resend
from qipan.kernel.alerts.proposals import add_evidence, propose
from qipan.kernel.alerts.publishing import cancel, expire_due, lift, publish, update
from qipan.kernel.alerts.signing import discard, edit, send_back, sign, submit, withdraw

reject = send_back
expire = expire_due

__all__ = [
    "acknowledge", "add_evidence", "cancel", "discard", "edit", "expire", "lift", "propose", "publish",
    "record_call", "reject", "resend", "send_back", "sign", "submit", "update", "withdraw",
]  # fmt: skip
