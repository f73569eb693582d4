"""From the forecast to a proposed warning: the index of 24-hour means, read by the plan in force."""

from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from qipan.domains.governance.environment import forecasting
from qipan.domains.governance.environment.alert_rules import HEAVY_POLLUTION
from qipan.domains.governance.environment.forecast.conformal import PERCENTILES
from qipan.domains.governance.environment.forecast.issue import Issue
from qipan.domains.governance.environment.models import WarningProposal
from qipan.domains.governance.environment.program import program
from qipan.domains.governance.environment.rules import table_on
from qipan.domains.governance.environment.warning import Plan, plan_of, trigger_index
from qipan.domains.governance.environment.warning_proposal import ActiveWarning, Outlook, Proposal, propose
from qipan.kernel.alerts import propose as draft_alert
from qipan.kernel.alerts.models import Alert, State
from qipan.kernel.base.clock import COUNTY_ZONE, county_day
from qipan.kernel.orgs.models import Division, Level

PAST_HOURS = 96
HOUR = timedelta(hours=1)
DRAFTED = ("issue", "upgrade")
# How sure a word is, for CAP's certainty and the desk.
CONFIDENCE = {"firm": 0.9, "likely": 0.7, "possible": 0.5, "low": 0.3}


@transaction.atomic
def evaluate(origin: datetime, made: Issue) -> WarningProposal:
    """Read an issue by the plan, keep the reading, draft a warning when it says so; idempotent per issue."""
    day = county_day(origin)
    plan = plan_of(table_on("heavy_pollution_warning", day))
    outlook = outlook_of(origin, made)
    local = origin.astimezone(COUNTY_ZONE)
    found = propose(outlook, local, plan, active=_active(plan))
    row, _made = WarningProposal.objects.update_or_create(
        issued=origin, defaults=_values(found, plan, outlook)
    )
    if found.action in DRAFTED and found.start is not None and found.end is not None:
        alert = _draft(row, found, plan)
        row.alert_id = alert.pk
        row.save(update_fields=["alert_id"])
    return row


def outlook_of(origin: datetime, made: Issue) -> Outlook:
    """The county's PM2.5 hour by hour (mean of the stations), measured and ahead, as 24-hour indices."""
    past = forecasting.history(origin, PAST_HOURS, made.stations).values["pm25"]
    table = table_on("iaqi", county_day(origin))
    measured = np.nanmean(past, axis=1)
    series = {}
    for percent in (10, 50, 90):
        ahead = np.nanmean(made.values["pm25"][:, :, PERCENTILES.index(percent)], axis=1)
        series[percent] = trigger_index(np.concatenate([measured, ahead]), table)
    start = origin.astimezone(COUNTY_ZONE) - PAST_HOURS * HOUR
    return Outlook(start, series[10], series[50], series[90], weather_feed=False)


def _active(plan: Plan) -> ActiveWarning | None:
    """The county's own live warning, if any."""
    county = Division.objects.filter(level=Level.COUNTY).order_by("code").first()
    live = Alert.objects.filter(event=HEAVY_POLLUTION, state=State.ACTIVE)
    alert = live.filter(areas__code=county.code).order_by("-onset").first() if county else None
    if alert is None:
        return None
    rank = next((level.rank for level in plan.levels if level.colour == alert.colour), 0)
    return ActiveWarning(rank, alert.onset.astimezone(COUNTY_ZONE), alert.expires.astimezone(COUNTY_ZONE))


def _colour(plan: Plan, rank: int) -> str:
    return plan.level(rank).colour if rank else ""


def _values(found: Proposal, plan: Plan, outlook: Outlook) -> dict[str, object]:
    return {
        "action": found.action,
        "colour": _colour(plan, found.rank),
        "possible_colour": _colour(plan, found.possible_rank),
        "start": found.start,
        "end": found.end,
        "lead_h": found.lead_hours,
        "in_time": found.in_time,
        "confidence": found.confidence or "",
        "top_index": found.episode.top_index if found.episode else None,
        "reasons": [str(reason) for reason in found.reasons],
        "series": {
            "start": outlook.start.astimezone(UTC).isoformat(),
            "p10": _plain(outlook.p10),
            "p50": _plain(outlook.p50),
            "p90": _plain(outlook.p90),
        },
        "rule_version": found.version,
        "provisional": found.provisional,
    }


def _plain(index: NDArray[np.int64]) -> list[int | None]:
    return [int(value) if value >= 0 else None for value in index]


def _draft(row: WarningProposal, found: Proposal, plan: Plan) -> Alert:
    county = Division.objects.get(level=Level.COUNTY)
    assert found.start is not None and found.end is not None
    confidence = CONFIDENCE.get(found.confidence or "")
    return draft_alert(
        HEAVY_POLLUTION,
        _colour(plan, found.rank),
        [county.code],
        onset=found.start,
        expires=found.end,
        drafted_by=program(),
        evidence=[row],
        confidence=confidence,
        rule=f"heavy_pollution_warning {plan.version}",
    )
