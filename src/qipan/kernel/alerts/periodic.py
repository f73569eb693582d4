"""Background work: ending what is past its time, the ladder, files for other platforms, cases."""

from pathlib import Path

from django.conf import settings

from qipan.kernel.alerts import callouts, documents, outcomes, publishing
from qipan.kernel.alerts.models import Alert
from qipan.kernel.jobs import job


@job(name="alerts.expire", cron="* * * * *")
def expire() -> int:
    """End warnings that are past their time."""
    return publishing.expire_due()


@job(name="alerts.escalate", cron="* * * * *")
def escalate() -> int:
    """Call the next person wherever nobody confirmed in time."""
    return callouts.escalate_due()


@job(name="alerts.hand_over", retry=5)
def hand_over(alert: int) -> list[str]:
    """Write a published message as CAP and as 12379 file for the programs that carry it on.

    ``QIPAN_HOME/outbox/cap/<identifier>.xml`` and ``…/12379/<identifier>.xml``, each whole or not at all.
    """
    row = Alert.objects.get(pk=alert)
    if row.document is None:
        raise ValueError(f"alert {alert} has no document")
    outbox = Path(settings.QIPAN_HOME) / "outbox"
    written = []
    for form, data in (("cap", bytes(row.document)), ("12379", documents.as_12379(row))):
        target = outbox / form / f"{row.identifier}.xml"
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.write_bytes(data)
        part.replace(target)
        written.append(str(target))
    return written


@job(name="alerts.open_cases", retry=5)
def open_cases(alert: int) -> list[int]:
    """Open the cases that the warning's rule asks for."""
    return [case.pk for case in outcomes.open_cases(Alert.objects.get(pk=alert))]


JOBS = (expire, escalate, hand_over, open_cases)
