"""What a station would have measured without the measures, from stations where there were none.

The logarithm of the target is regressed on those of the donor stations over the weeks before (and after)
the measures; hours as polluted as the window weigh most. The same regression, with blocks of hours left out
in turn, shows how wrong such a prediction is (block conformal interval).
"""

from dataclasses import dataclass

import numpy as np

from .series import Booleans, Floats, Integers
from .standards import RuleTable
from .wording import Sentence
from .wording import sentence as _


@dataclass(frozen=True)
class Panel:
    """Hour values in µg/m³ of the target [hour] and the donors [hour, donor]; NaN missing.

    ``window`` are the hours [first, last) under measures.
    """

    target: Floats
    donors: Floats
    names: tuple[str, ...]
    window: tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit each other."""
        if self.donors.shape != (self.target.size, len(self.names)):
            raise ValueError(
                f"donors: shape {self.donors.shape} for {self.target.size} h, {len(self.names)} names"
            )
        if not 0 <= self.window[0] < self.window[1] <= self.target.size:
            raise ValueError(f"window: {self.window} is outside 0-{self.target.size}")

    def hours(self) -> slice:
        """The window as a slice."""
        return slice(*self.window)


@dataclass(frozen=True)
class Control:
    """Expected concentrations in the window, observed over expected, and errors of left-out blocks.

    ``everywhere`` is the expected concentration of all hours of the panel, ``expected`` that of the
    window. ``log_ratio`` is the logarithm of the sum observed over the sum expected, of hours that have both;
    ``errors`` are the same for the blocks without measures; ``donors`` gives each donor's coefficient.
    """

    everywhere: Floats
    expected: Floats
    log_ratio: float
    errors: Floats
    donors: dict[str, float]
    hours: int


@dataclass(frozen=True)
class _Logs:
    """Logarithms of target and donors, the hours to fit on, their weights."""

    target: Floats
    donors: Floats
    fit: Booleans
    weights: Floats
    ridge: float


def control(panel: Panel, table: RuleTable) -> Control | Sentence:
    """Fit the control and predict the window; a sentence says why it is refused."""
    usable = _usable_donors(panel, table)
    needed = int(table.limit("donors_needed"))
    if len(usable) < needed:
        return _("可用对照站 %(count)s 个,少于 %(needed)s 个", count=len(usable), needed=needed)
    logs = _logs(panel, usable, table)
    if int(logs.fit.sum()) < int(table.limit("hours_needed")):
        told = {"count": int(logs.fit.sum()), "needed": int(table.limit("hours_needed"))}
        return _("拟合期有效小时 %(count)s 个,少于 %(needed)s 个", **told)
    observed = np.isfinite(panel.target[panel.hours()]) & np.isfinite(logs.donors[panel.hours()]).all(axis=1)
    share = float(observed.mean())
    if share < float(table.limit("window_share_needed")):
        return _("评估期有效小时占 %(share)s%%,不能评估", share=f"{100 * share:.0f}")
    everywhere, coefficients = _predict(logs, logs.weights * logs.fit)
    expected = everywhere[panel.hours()]
    ratio = _log_ratio(panel.target, everywhere, np.arange(*panel.window))
    donors = dict(zip((panel.names[d] for d in usable), coefficients.tolist(), strict=True))
    return Control(everywhere, expected, ratio, _block_errors(panel, logs), donors, int(logs.fit.sum()))


def _usable_donors(panel: Panel, table: RuleTable) -> list[int]:
    """Donors that report in the window and over the fit."""
    share = float(table.limit("donor_share_needed"))
    near = _fit_hours(panel, table)
    known = np.isfinite(panel.donors)
    good = (known[near].mean(axis=0) >= share) & (known[panel.hours()].mean(axis=0) >= share)
    return np.flatnonzero(good).tolist()


def _fit_hours(panel: Panel, table: RuleTable) -> Booleans:
    first, last = panel.window
    hours = np.arange(panel.target.size)
    before = (hours >= first - 24 * int(table.limit("fit_days"))) & (hours < first)
    after = (hours >= last) & (hours < last + 24 * int(table.limit("after_days")))
    result: Booleans = before | after
    return result


def _logs(panel: Panel, usable: list[int], table: RuleTable) -> _Logs:
    floor = float(table.limit("floor"))
    with np.errstate(invalid="ignore"):
        target = np.log(np.maximum(panel.target, floor))
        donors = np.log(np.maximum(panel.donors[:, usable], floor))
    donors = _filled(donors)
    fit = _fit_hours(panel, table) & np.isfinite(target) & np.isfinite(donors).all(axis=1)
    level = donors.mean(axis=1)
    here = float(np.nanmean(level[panel.hours()]))
    width, least = float(table.limit("level_width")), float(table.limit("level_least"))
    weights = np.exp(-0.5 * ((level - here) / width) ** 2) + least
    weights = np.where(np.isfinite(weights), weights, 0.0)
    return _Logs(target, donors, fit, weights, float(table.limit("ridge")))


def _filled(donors: Floats) -> Floats:
    """Gaps of a donor filled by the mean of the others plus its usual difference from them."""
    known = np.isfinite(donors)
    count = known.sum(axis=1, keepdims=True)
    total = np.where(known, donors, 0.0).sum(axis=1, keepdims=True)
    others = count - known
    rest = np.where(others > 0, (total - np.where(known, donors, 0.0)) / np.maximum(others, 1), np.nan)
    usual = np.nanmedian(donors - rest, axis=0)
    result: Floats = np.where(known, donors, rest + usual)
    return result


def _predict(logs: _Logs, weights: Floats) -> tuple[Floats, Floats]:
    """Expected concentrations of every hour (smeared back from logarithms) and the coefficients."""
    used = weights > 0
    rows, target, weight = logs.donors[used], logs.target[used], weights[used]
    centre, middle = np.average(rows, axis=0, weights=weight), np.average(target, weights=weight)
    moved = rows - centre
    normal = moved.T @ (moved * weight[:, None]) + logs.ridge * weight.sum() * np.eye(rows.shape[1])
    coefficients = np.linalg.solve(normal, moved.T @ (weight * (target - middle)))
    fitted = middle + moved @ coefficients
    smear = (np.exp(target) * weight).sum() / (np.exp(fitted) * weight).sum()
    expected: Floats = np.exp(middle + (logs.donors - centre) @ coefficients) * smear
    return expected, coefficients


def _log_ratio(observed: Floats, expected: Floats, hours: Integers) -> float:
    both = np.isfinite(observed[hours]) & np.isfinite(expected[hours])
    return float(np.log(observed[hours][both].sum() / expected[hours][both].sum()))


def _block_errors(panel: Panel, logs: _Logs) -> Floats:
    """Log ratios of blocks as long as the window, each predicted by a fit that has not seen it."""
    first, last = panel.window
    length = last - first
    starts = [*range(first - length, -1, -length), *range(last, panel.target.size - length + 1, length)]
    errors = []
    for start in starts:
        hours = np.arange(start, start + length)
        if 2 * int(logs.fit[hours].sum()) < length:
            continue
        weights = logs.weights * logs.fit
        weights[hours] = 0.0
        expected, _coefficients = _predict(logs, weights)
        errors.append(_log_ratio(panel.target, expected, hours[logs.fit[hours]]))
    return np.array(errors)


def conformal_width(errors: Floats, share: float) -> float:
    """Half width in log units that holds the share of errors, by the conformal order statistic."""
    ordered = np.sort(np.abs(errors))
    place = int(np.ceil((ordered.size + 1) * share)) - 1
    return float(ordered[min(place, ordered.size - 1)])
