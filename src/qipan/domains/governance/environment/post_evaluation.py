"""What the measures of an episode really brought, with its interval and its doubts.

Two ways: a synthetic control from stations without measures, and weather normalisation of what the control
leaves. The point is the median of both; the interval comes from predicting blocks of hours
without measures; placebo stations and placebo times show what "nothing" looks like.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .series import Floats
from .standards import RuleTable
from .synthetic_control import Control, Panel, conformal_width, control
from .weather_normalisation import Normalised, normalise
from .wording import Sentence
from .wording import sentence as _

Verdict = Literal["effect", "none_told", "increase"]


@dataclass(frozen=True)
class Percent:
    """A cut in percent of what would have been, with its interval."""

    point: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """Result for one station (or the mean of several).

    ``cut``: percent by which the window was lower than expected; ``cut_ug``: the same in µg/m³. ``placebos``
    are the cuts the method finds at donors, where there was nothing; ``p_value`` the share of placebos (in
    space and time) at least as large. ``control`` and ``normalised`` hold both ways' own results.
    """

    cut: Percent
    cut_ug: Percent
    expected_ug: float
    observed_ug: float
    verdict: Verdict
    sentence: Sentence
    by_method: Mapping[str, float]
    control: Control
    normalised: Normalised | None
    placebos: Mapping[str, float]
    p_value: float
    version: str
    provisional: bool


def evaluate(
    panel: Panel,
    table: RuleTable,
    *,
    weather: Mapping[str, Floats] | None = None,
    clock: Floats | None = None,
    seed: int = 0,
) -> Evaluation | Sentence:
    """Evaluate the window of a panel; a sentence says why it is refused (no donors, too few hours).

    ``weather`` and ``clock`` as for ``weather_normalisation.normalise``; without them the synthetic
    control stands alone. Donors must lie outside the area of the measures.
    """
    found = control(panel, table)
    if isinstance(found, Sentence):
        return found
    needed = int(table.limit("blocks_needed"))
    if found.errors.size < needed:
        return _(
            "可检验时段 %(count)s 个,少于 %(needed)s 个,不能给出区间", count=found.errors.size, needed=needed
        )
    logs = {"synthetic_control": found.log_ratio}
    normalised: Normalised | None = None
    if weather is not None and clock is not None:
        outcome = normalise(panel, found.everywhere, weather, clock, table, seed=seed)
        if isinstance(outcome, Normalised):
            normalised = outcome
            logs["weather_normalisation"] = outcome.log_ratio
    middle = float(np.median(list(logs.values())))
    width = conformal_width(found.errors, float(table.limit("interval")))
    cut = Percent(_cut(middle), _cut(middle + width), _cut(middle - width))
    observed, expected = _means(panel, found)
    placebos = _placebos(panel, table)
    nothing = np.array([*found.errors, *(np.log1p(-value / 100) for value in placebos.values())])
    verdict = _verdict(cut)
    return Evaluation(
        cut=cut,
        cut_ug=Percent(*(_micrograms(value, observed) for value in (cut.point, cut.low, cut.high))),
        expected_ug=expected,
        observed_ug=observed,
        verdict=verdict,
        sentence=_told(verdict, cut),
        by_method={name: _cut(value) for name, value in logs.items()},
        control=found,
        normalised=normalised,
        placebos=placebos,
        p_value=float((1 + (np.abs(nothing) >= abs(middle)).sum()) / (1 + nothing.size)),
        version=table.version,
        provisional=table.provisional,
    )


def _cut(log_ratio: float) -> float:
    return float(100 * (1 - np.exp(log_ratio)))


def _micrograms(cut: float, observed: float) -> float:
    """A cut in percent as µg/m³ below what would have been, given what was observed."""
    return observed / (1 - cut / 100) - observed


def _means(panel: Panel, found: Control) -> tuple[float, float]:
    observed = panel.target[panel.hours()]
    both = np.isfinite(observed) & np.isfinite(found.expected)
    return float(observed[both].mean()), float(found.expected[both].mean())


def _placebos(panel: Panel, table: RuleTable) -> dict[str, float]:
    """The cut found at each donor when it plays the target, from the other donors alone."""
    cuts = {}
    for number, name in enumerate(panel.names):
        rest = [other for other in range(len(panel.names)) if other != number]
        names = tuple(panel.names[other] for other in rest)
        outcome = control(Panel(panel.donors[:, number], panel.donors[:, rest], names, panel.window), table)
        if isinstance(outcome, Control):
            cuts[name] = _cut(outcome.log_ratio)
    return cuts


def _verdict(cut: Percent) -> Verdict:
    if cut.low > 0:
        return "effect"
    return "increase" if cut.high < 0 else "none_told"


def _told(verdict: Verdict, cut: Percent) -> Sentence:
    told = {"point": f"{cut.point:.1f}", "low": f"{cut.low:.1f}", "high": f"{cut.high:.1f}"}
    if verdict == "none_told":
        return _("估计降低 %(point)s%%(区间 %(low)s%% 至 %(high)s%%),不能与零区分", **told)
    if verdict == "increase":
        return _("不降反升:估计降低 %(point)s%%(区间 %(low)s%% 至 %(high)s%%)", **told)
    return _("估计降低 %(point)s%%(区间 %(low)s%% 至 %(high)s%%)", **told)
