"""The cheapest set of lines that keeps the legal ratios and reaches a target, with a reason for each line.

A mixed-integer programme (HiGHS): least cost so that every pollutant's cut reaches its ratio and PM2.5 falls
by the target; exempt lines and firms that act by themselves stay out; within an industry the worse
grade carries at least the share of the better one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from .emission_list import (
    GRADES,
    POLLUTANTS,
    SELF_MANAGED,
    Entry,
    Line,
    RatioTable,
    SocialMeasure,
    ratios_of,
)
from .series import Floats
from .warning import Level
from .wording import Sentence
from .wording import sentence as _

_EXACT_UP_TO = 100
_MARGINS = (0.0, 1e-9, 1e-7, 1e-5)


@dataclass(frozen=True)
class Candidate:
    """A line with the cost of its measure (yuan per day) and the PM2.5 it takes away (µg/m³)."""

    line: Line
    cost: float
    effect_ug: float = 0.0


@dataclass(frozen=True)
class Goal:
    """The level whose ratios are to be kept, and the PM2.5 cut wanted from lines (None: none)."""

    level: Level
    target_ug: float | None = None
    trade: bool = False


@dataclass(frozen=True)
class Decision:
    """Whether a line is on the order, and why."""

    code: str
    chosen: bool
    sentence: Sentence


@dataclass(frozen=True)
class Selection:
    """A set of lines with what it reaches. ``feasible`` False: even all lines together fall short."""

    feasible: bool
    decisions: tuple[Decision, ...]
    cost: float
    effect_ug: float
    ratios: RatioTable
    sentence: Sentence

    @property
    def chosen(self) -> tuple[str, ...]:
        """Codes of the lines on the order."""
        return tuple(decision.code for decision in self.decisions if decision.chosen)


Kilograms = Mapping[str, Fraction]


@dataclass(frozen=True)
class _Problem:
    """The candidates with their cuts, and the sums of everything that emits or is cut anyway (kg/d)."""

    candidates: tuple[Candidate, ...]
    goal: Goal
    cuts: Mapping[str, Kilograms]
    base: Kilograms
    given: Kilograms

    def taken(self, chosen: Iterable[str]) -> RatioTable:
        """Legal ratios when only these lines act; the others count with their emissions."""
        codes = list(chosen)
        cut = {p: sum((self.cuts[code][p] for code in codes), self.given[p]) for p in POLLUTANTS}
        return ratios_of(self.base, cut, self.goal.level)

    def effect(self, chosen: Iterable[str]) -> float:
        codes = set(chosen)
        return sum(one.effect_ug for one in self.candidates if one.line.code in codes)

    def missed(self, chosen: Sequence[str]) -> list[str]:
        """Names of the demands a set does not meet."""
        return self.missed_by(self.taken(chosen), self.effect(chosen))

    def missed_by(self, table: RatioTable, effect: float) -> list[str]:
        """Names of the demands that ratios and a PM2.5 cut do not meet."""
        names = [p for p in POLLUTANTS if table.ratios[p].passed is False]
        if self.goal.trade and table.so2_nox_sum >= table.so2_nox_required:
            names = [name for name in names if name not in ("SO2", "NOX")]
        if self.goal.target_ug is not None and effect < self.goal.target_ug - 1e-9:
            names.append("PM2.5")
        return names

    def without(self, table: RatioTable, code: str) -> RatioTable:
        """The ratios of a set after one of its lines is taken off."""
        cut = {p: table.ratios[p].cut - self.cuts[code][p] for p in POLLUTANTS}
        return ratios_of(self.base, cut, self.goal.level)


def _problem(candidates: Sequence[Candidate], social: Sequence[SocialMeasure], goal: Goal) -> _Problem:
    colour = goal.level.colour
    entries: list[Entry] = [*social, *(one.line for one in candidates)]
    return _Problem(
        candidates=tuple(candidates),
        goal=goal,
        cuts={one.line.code: {p: one.line.cut(colour, p) for p in POLLUTANTS} for one in candidates},
        base={p: sum((entry.base(p) for entry in entries), Fraction(0)) for p in POLLUTANTS},
        given={p: sum((one.cut(colour, p) for one in social), Fraction(0)) for p in POLLUTANTS},
    )


def what_if(
    candidates: Sequence[Candidate], chosen: Iterable[str], social: Sequence[SocialMeasure], goal: Goal
) -> tuple[RatioTable, float]:
    """Legal ratios and PM2.5 cut of a set that a person ticked."""
    problem = _problem(candidates, social, goal)
    codes = list(chosen)
    return problem.taken(codes), problem.effect(codes)


def cheapest(
    candidates: Sequence[Candidate],
    social: Sequence[SocialMeasure],
    goal: Goal,
    *,
    graded: bool = True,
    seconds: float = 10.0,
) -> Selection:
    """The cheapest set. ``graded``: keep the order of performance grades within each industry.

    With hundreds of lines the cost may lie up to 0.1 % above the least, or more when ``seconds`` run out.
    When no set reaches the goal, all lines that may act are chosen and the sentence names what is missed.
    """
    problem = _problem(candidates, social, goal)
    free = [number for number, one in enumerate(candidates) if _barred(one.line, goal.level.colour) is None]
    everything = [candidates[number].line.code for number in free]
    if problem.missed(everything):
        return _selection(problem, everything, feasible=False)
    for margin in _MARGINS:  # the solver may stop a hair below a ratio; the law does not
        chosen = _solve(problem, free, margin, seconds=seconds, graded=graded)
        if chosen is not None and not problem.missed(chosen):
            needed = _pruned(problem, chosen, _grade_rows(problem, free) if graded else [], free)
            return _selection(problem, needed, feasible=True)
    return _selection(problem, everything, feasible=True)


def _barred(line: Line, colour: str) -> Sentence | None:
    """Why a line can never be on the order; None when it may."""
    if line.exemption:
        return _("民生保障豁免(%(document)s)", document=line.exemption)
    if line.grade in SELF_MANAGED:
        return _("绩效等级 %(grade)s,自主减排", grade=line.grade)
    if all(line.cut(colour, pollutant) == 0 for pollutant in POLLUTANTS):
        return _("该级别无减排措施")
    return None


def _solve(
    problem: _Problem, free: Sequence[int], margin: float, *, seconds: float, graded: bool
) -> list[str] | None:
    count = len(free)
    if count == 0:
        return []
    rows, least = _demands(problem, free, margin)
    if graded:
        order = _grade_rows(problem, free)
        rows, least = [*rows, *order], [*least, *([0.0] * len(order))]
    costs = np.array([problem.candidates[number].cost for number in free])
    result = milp(
        costs,
        constraints=LinearConstraint(np.array(rows), lb=np.array(least)) if rows else (),
        integrality=np.ones(count, dtype=np.int64),
        bounds=Bounds(0, 1),
        options={"time_limit": seconds, "mip_rel_gap": 0.0 if count <= _EXACT_UP_TO else 1e-3},
    )
    if result.x is None:
        return None
    return [problem.candidates[free[i]].line.code for i in np.flatnonzero(result.x > 0.5).tolist()]


def _demands(problem: _Problem, free: Sequence[int], margin: float) -> tuple[list[Floats], list[float]]:
    """Rows and least values: share of each pollutant's total, then the target as a share of itself."""
    level = problem.goal.level
    table = problem.taken(())  # what the social measures alone bring
    shares: dict[str, tuple[Floats, float]] = {}
    for pollutant in POLLUTANTS:
        base = table.ratios[pollutant].base
        if base == 0:
            continue
        codes = [problem.candidates[n].line.code for n in free]
        cuts = [float(problem.cuts[code][pollutant] / base) for code in codes]
        shares[pollutant] = (np.array(cuts), float(table.ratios[pollutant].cut / base))
    rows, least = [], []
    traded = problem.goal.trade and "SO2" in shares and "NOX" in shares
    for pollutant, (row, already) in shares.items():
        if not (traded and pollutant in ("SO2", "NOX")):
            rows.append(row)
            least.append(level.cut_percent / 100 - already + margin)
    if traded:
        rows.append(shares["SO2"][0] + shares["NOX"][0])
        already = shares["SO2"][1] + shares["NOX"][1]
        least.append(level.so2_nox_sum_percent / 100 - already + margin)
    target = problem.goal.target_ug
    if target is not None and target > 0:
        rows.append(np.array([problem.candidates[n].effect_ug / target for n in free]))
        least.append(1.0 + margin)
    return rows, least


def _grade_rows(problem: _Problem, free: Sequence[int]) -> list[Floats]:
    """Mean choice in a worse grade minus that in the next better one, per industry: at least 0."""
    groups: dict[str, dict[int, list[int]]] = {}
    for place, number in enumerate(free):
        line = problem.candidates[number].line
        if line.grade in GRADES:
            groups.setdefault(line.industry, {}).setdefault(GRADES.index(line.grade), []).append(place)
    rows = []
    for grades in groups.values():
        for better, worse in pairwise(sorted(grades)):
            row = np.zeros(len(free))
            row[grades[worse]] = 1 / len(grades[worse])
            row[grades[better]] = -1 / len(grades[better])
            rows.append(row)
    return rows


def _pruned(
    problem: _Problem, chosen: Sequence[str], order: Sequence[Floats], free: Sequence[int]
) -> list[str]:
    """The set without lines that nothing demands, dearest first (a solver that stops early leaves some)."""
    kept = set(chosen)
    place = {problem.candidates[number].line.code: spot for spot, number in enumerate(free)}
    picks = np.array([float(problem.candidates[number].line.code in kept) for number in free])
    rows = np.array(order).reshape(len(order), len(free))
    table, effect = problem.taken(chosen), problem.effect(chosen)
    by_cost = sorted(problem.candidates, key=lambda one: -one.cost)
    for one in (one for one in by_cost if one.line.code in kept and one.cost > 0):
        code = one.line.code
        left = problem.without(table, code)
        picks[place[code]] = 0.0
        if problem.missed_by(left, effect - one.effect_ug) or (rows @ picks < -1e-9).any():
            picks[place[code]] = 1.0
            continue
        kept.discard(code)
        table, effect = left, effect - one.effect_ug
    return [code for code in chosen if code in kept]


def _selection(problem: _Problem, chosen: Sequence[str], *, feasible: bool) -> Selection:
    codes = set(chosen)
    table, effect = problem.taken(chosen), problem.effect(chosen)
    decisions = []
    for one in problem.candidates:
        if one.line.code not in codes:
            decisions.append(_spared(problem, one))
        elif not feasible:
            why = _("要求未满足,所有可减排生产线均列入")
            decisions.append(Decision(one.line.code, True, why))
        else:
            left = problem.without(table, one.line.code)
            decisions.append(_chosen(one, problem.missed_by(left, effect - one.effect_ug)))
    cost = sum(one.cost for one in problem.candidates if one.line.code in codes)
    if feasible:
        why = _("入选 %(count)s 条生产线,各项要求均满足", count=len(codes))
    else:
        why = _("全部可减排生产线均列入,仍不满足:%(names)s", names="、".join(problem.missed(chosen)))
    return Selection(feasible, tuple(decisions), cost, effect, table, why)


def _spared(problem: _Problem, one: Candidate) -> Decision:
    barred = _barred(one.line, problem.goal.level.colour)
    enough = _("其余入选生产线已满足要求,列入需每日增加成本 %(cost)s 元", cost=f"{one.cost:g}")
    return Decision(one.line.code, False, barred or enough)


def _chosen(one: Candidate, broken: Sequence[str]) -> Decision:
    if broken:
        return Decision(one.line.code, True, _("去掉后不满足:%(names)s", names="、".join(broken)))
    return Decision(one.line.code, True, _("同行业绩效更优的生产线已列入,按绩效从严列入"))


def cost_of_shares(selection: Selection, candidates: Sequence[Candidate]) -> Mapping[str, float]:
    """Cost by performance grade of the chosen lines."""
    costs: dict[str, float] = {}
    for one in candidates:
        if one.line.code in selection.chosen:
            costs[one.line.grade] = costs.get(one.line.grade, 0.0) + one.cost
    return costs
