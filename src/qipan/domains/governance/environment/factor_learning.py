"""Secondary factors learned from what evaluations of past episodes found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from .standards import RuleTable


@dataclass(frozen=True)
class PastEffect:
    """One evaluated episode: gases cut in t/d, primary effect expected, total effect found (µg/m³).

    ``error_ug`` is the standard error of what was found (half the interval over 1.645).
    """

    tonnes: Mapping[str, float]
    primary_ug: float
    found_ug: float
    error_ug: float


def learned_factors(past: Sequence[PastEffect], table: RuleTable) -> dict[str, float]:
    """Factors µg/m³ per t/d by non-negative least squares, pulled to the table's prior.

    Each prior weighs like one observation whose error is the prior's own width, so that without
    episodes the prior comes back.
    """
    prior = {gas: float(value) for gas, value in table.cell("secondary").items()}
    gases = tuple(prior)
    least = float(table.limit("learning_error_ug"))
    wide = float(np.expm1(float(table.limit("secondary_log"))))
    rows = [[one.tonnes.get(gas, 0.0) / max(one.error_ug, least) for gas in gases] for one in past]
    target = [(one.found_ug - one.primary_ug) / max(one.error_ug, least) for one in past]
    for number, gas in enumerate(gases):
        width = wide * prior[gas]
        rows.append([1 / width if column == number else 0.0 for column in range(len(gases))])
        target.append(prior[gas] / width)
    solution, _residual = nnls(np.array(rows), np.array(target))
    return dict(zip(gases, solution.tolist(), strict=True))
