"""What a duty officer is proposed: issue, upgrade, lower, lift; replays and scores of such proposals.

The machine proposes and explains; a person signs. Colour by the median forecast, the "possible" colour
by the 90 % quantile.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from .series import Integers
from .warning import Episode, Evidence, Mode, Plan, best_chain, find_episodes
from .wording import Sentence
from .wording import sentence as _

Action = Literal["none", "watch", "issue", "keep", "upgrade", "lower", "extend", "lift"]
Confidence = Literal["firm", "likely", "possible", "low"]

_HOUR = timedelta(hours=1)
BLIND_HOURS = 48


@dataclass(frozen=True)
class Outlook:
    """24-hour indices hour by hour: measured up to the issue, forecast after it, in three quantiles.

    ``start`` is the beginning of the first hour; ``p10`` and ``p90`` may be the same array as ``p50``.
    ``weather_feed`` tells whether a fresh weather forecast stands behind it.
    """

    start: datetime
    p10: Integers
    p50: Integers
    p90: Integers
    weather_feed: bool = True


@dataclass(frozen=True)
class ActiveWarning:
    """The warning in force: level, and the period it was published for."""

    rank: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class ColourReading:
    """How the median forecast reads for one level: the strongest chain of each condition by group."""

    rank: int
    reached: bool
    groups: tuple[tuple[Evidence, ...], ...]


@dataclass(frozen=True)
class Proposal:
    """One proposal; ``rank`` 0 means no warning. ``possible_rank`` comes from the 90 % quantile."""

    action: Action
    rank: int
    possible_rank: int
    start: datetime | None
    end: datetime | None
    lead_hours: float
    publish_by: datetime | None
    in_time: bool
    confidence: Confidence | None
    episode: Episode | None
    following: tuple[Episode, ...]
    readings: tuple[ColourReading, ...]
    reasons: tuple[Sentence, ...]
    version: str
    provisional: bool


def propose(
    outlook: Outlook,
    now: datetime,
    plan: Plan,
    *,
    active: ActiveWarning | None = None,
    mode: Mode = "sliding",
) -> Proposal:
    """The proposal at a moment for the current or next episode; later ones are in ``following``.

    After a lift call again without ``active``: the next episode may already have to be published.
    """
    expected = _ahead(find_episodes(outlook.p50, outlook.start, plan, mode), now)
    possible = _ahead(find_episodes(outlook.p90, outlook.start, plan, mode), now)
    firm = _ahead(find_episodes(outlook.p10, outlook.start, plan, mode), now)
    episode = expected[0] if expected else None
    shown = episode or (possible[0] if possible else None)
    action, rank, why = _decide(outlook, now, plan, active, episode)
    if action == "none" and possible:
        action, why = "watch", _("中位预报未达预警条件,90%% 分位达到")
    reach = max((one.rank for one in possible if shown and _overlap(one, shown)), default=0)
    lead = (shown.start - now) / _HOUR if shown else 0.0
    publish_by = shown.start - plan.publish_ahead_hours * _HOUR if shown else None
    return Proposal(
        action=action,
        rank=rank,
        possible_rank=max(reach, rank if action != "lift" else 0),
        start=shown.start if shown else None,
        end=shown.end if shown else None,
        lead_hours=lead,
        publish_by=publish_by,
        in_time=publish_by is not None and now <= publish_by,
        confidence=_confidence(outlook, lead, rank, episode, firm) if shown else None,
        episode=episode,
        following=tuple(expected[1:]),
        readings=_readings(outlook, plan, mode, episode),
        reasons=(why, *_clock_reasons(outlook, plan, lead, shown)),
        version=plan.version,
        provisional=plan.provisional,
    )


def _ahead(episodes: Sequence[Episode], now: datetime) -> list[Episode]:
    return [episode for episode in episodes if episode.end > now]


def _overlap(one: Episode, other: Episode) -> bool:
    return one.start < other.end and other.start < one.end


def _decide(
    outlook: Outlook, now: datetime, plan: Plan, active: ActiveWarning | None, episode: Episode | None
) -> tuple[Action, int, Sentence]:
    if active is None:
        if episode is None:
            return "none", 0, _("未达预警条件")
        return "issue", episode.rank, _("预报达到预警条件")
    clear_until = now + plan.clear_hours * _HOUR
    horizon = outlook.start + outlook.p50.size * _HOUR
    if episode is None or not _concerns(episode, now, active, plan):
        if horizon < clear_until:
            told = {"hours": plan.clear_hours}
            return "keep", active.rank, _("预报时效不足 %(hours)s 小时,不能判断解除", **told)
        return "lift", 0, _("预计 %(hours)s 小时内不再达到预警条件", hours=plan.clear_hours)
    to_come = episode.rank_after(now)
    if episode.rank > active.rank and to_come > active.rank:
        return "upgrade", to_come, _("预报达到更高级别条件")
    if to_come < active.rank:
        return "lower", to_come, _("较高级别条件已结束,剩余时段为较低级别")
    if episode.end > active.end:
        return "extend", active.rank, _("污染过程结束时间推迟")
    return "keep", active.rank, _("预警级别与预报一致")


def _concerns(episode: Episode, now: datetime, active: ActiveWarning, plan: Plan) -> bool:
    """Whether the expected episode is the one the warning in force was published for.

    A running warning waits for the clearing time; one published ahead waits for its own period.
    """
    clear = plan.clear_hours * _HOUR
    if active.start <= now:
        return episode.start < now + clear
    return episode.start < active.end + clear and active.start - clear < episode.end


def _confidence(
    outlook: Outlook, lead: float, rank: int, episode: Episode | None, firm: Sequence[Episode]
) -> Confidence:
    if not outlook.weather_feed and lead > BLIND_HOURS:
        return "low"
    if episode is None:
        return "possible"
    sure = max((one.rank for one in firm if _overlap(one, episode)), default=0)
    return "firm" if sure >= max(rank, 1) else "likely"


def _readings(outlook: Outlook, plan: Plan, mode: Mode, episode: Episode | None) -> tuple[ColourReading, ...]:
    readings = []
    for level in plan.levels:
        groups = tuple(
            tuple(
                chain
                for condition in group
                if (chain := best_chain(outlook.p50, outlook.start, condition, mode)) is not None
            )
            for group in level.groups
        )
        readings.append(ColourReading(level.rank, bool(episode and episode.rank >= level.rank), groups))
    return tuple(readings)


def _clock_reasons(outlook: Outlook, plan: Plan, lead: float, shown: Episode | None) -> list[Sentence]:
    if shown is None:
        return []
    lines = []
    if lead < plan.publish_ahead_hours:
        told = {"lead": f"{lead:g}", "ahead": plan.publish_ahead_hours}
        lines.append(_("距过程开始 %(lead)s 小时,不足提前发布要求的 %(ahead)s 小时", **told))
    if not outlook.weather_feed and lead > BLIND_HOURS:
        lines.append(_("无气象预报输入,%(hours)s 小时以后可信度低", hours=BLIND_HOURS))
    return lines


@dataclass(frozen=True)
class ReplayStep:
    """One moment of a replay: the proposal and the warning in force after it was signed."""

    now: datetime
    proposal: Proposal
    active: ActiveWarning | None


def replay(
    outlooks: Callable[[datetime], Outlook], moments: Sequence[datetime], plan: Plan, mode: Mode = "sliding"
) -> list[ReplayStep]:
    """Walk through past issue times as if each proposal had been signed at once (a dry run)."""
    steps: list[ReplayStep] = []
    active: ActiveWarning | None = None
    for now in moments:
        outlook = outlooks(now)
        while True:
            proposal = propose(outlook, now, plan, active=active, mode=mode)
            active = _after(proposal, active)
            steps.append(ReplayStep(now, proposal, active))
            if proposal.action != "lift":
                break
    return steps


def _after(proposal: Proposal, active: ActiveWarning | None) -> ActiveWarning | None:
    if proposal.action in ("none", "watch", "lift") or proposal.episode is None:
        return None if proposal.action == "lift" else active
    if proposal.action == "keep" and active is not None:
        return active
    start = active.start if active else proposal.episode.start
    return ActiveWarning(proposal.rank, start, proposal.episode.end)


@dataclass(frozen=True)
class WarningScores:
    """Warnings against what happened; lead hours are from the first proposal to the episode's start."""

    hits: int
    misses: int
    false_alarms: int
    lead_hours: tuple[float, ...]

    @property
    def mean_lead(self) -> float | None:
        """Mean lead hours of the hits."""
        return sum(self.lead_hours) / len(self.lead_hours) if self.lead_hours else None


def score(steps: Sequence[ReplayStep], happened: Sequence[Episode], *, rank: int = 1) -> WarningScores:
    """Hits, misses and false alarms of a replay at or above a level.

    An episode is hit when a warning of at least ``rank`` was in force, or published for hours, that
    overlap it and was proposed before its end; a warning that overlaps none is a false alarm.
    """
    truths = [one for one in happened if one.rank >= rank]
    warned = _warnings(steps, rank)
    leads = []
    for truth in truths:
        first = [
            w.issued for w in warned if w.start < truth.end and truth.start < w.end and w.issued < truth.end
        ]
        if first:
            leads.append((truth.start - min(first)) / _HOUR)
    false = sum(not any(w.start < t.end and t.start < w.end for t in truths) for w in warned)
    return WarningScores(len(leads), len(truths) - len(leads), false, tuple(leads))


@dataclass(frozen=True)
class _Warned:
    """One warning of a replay from its first proposal to its end, with all changes."""

    issued: datetime
    start: datetime
    end: datetime


def _warnings(steps: Sequence[ReplayStep], rank: int) -> list[_Warned]:
    warned: list[_Warned] = []
    running = False
    for step in steps:
        active = step.active
        if active is None or active.rank < rank:
            running = False
        elif running:
            last = warned[-1]
            warned[-1] = _Warned(last.issued, min(last.start, active.start), max(last.end, active.end))
        else:
            warned.append(_Warned(step.now, active.start, active.end))
            running = True
    return warned
