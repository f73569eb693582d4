"""Is this message ours? Anybody may hand in a CAP file and hears what can be proved about it."""

from dataclasses import dataclass

from qipan.kernel.alerts.keys import identity
from qipan.kernel.alerts.models import Alert
from qipan.protocols import cap


@dataclass(frozen=True)
class Finding:
    """What was found: ``verdict`` genuine, ended, altered, unknown or unreadable."""

    verdict: str
    digest: str = ""
    alert: Alert | None = None
    detail: str = ""


def examine(data: bytes) -> Finding:
    """Compare a message with what was published under its identifier, and check its signature."""
    try:
        message = cap.parse(data).alert
        digest = cap.digest(data)
    except cap.CapError as error:
        return Finding("unreadable", detail=str(error))
    alert = Alert.objects.published().filter(identifier=message.identifier).first()
    if alert is None:
        return Finding("unknown", digest)
    if digest != alert.digest:
        return Finding("altered", digest, alert)
    try:
        cap.verify(data, [identity().parsed])
    except cap.CapError as error:
        if error.code != "unsigned":  # the words are right, the seal is not
            return Finding("altered", digest, alert, str(error))
    return Finding("genuine" if alert.state == "active" else "ended", digest, alert)
