"""True-positive rate at a low false-positive rate, and how many reals it takes to speak of that rate at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fauxto.errors import InputError
from fauxto.score.roc import both, threshold_at

LOW_RATES = (1e-2, 1e-3, 1e-4)
"""The false-positive rates at which detectors are compared."""


@dataclass(frozen=True, slots=True)
class Operating:
    """The highest TPR with at most `fpr` false alarms among the reals at hand.

    `highest_fpr` is the 95 % upper bound of the rate that the threshold has on new reals of the same kind: with k of n
    reals above it the rate follows Beta(k + 1, n - k), whatever the scores' distribution (order statistics). `resolved`
    says whether n reals can tell this rate from 0 at all (n fpr >= 1); `enough`, whether the bound keeps to twice the
    rate that was asked for.
    """

    fpr: float
    tpr: float
    threshold: float
    reals: int
    highest_fpr: float

    @property
    def resolved(self) -> bool:
        """At least one false alarm was allowed."""
        return math.floor(self.fpr * self.reals + 1e-9) >= 1

    @property
    def enough(self) -> bool:
        """The threshold would, with 95 % confidence, keep new reals to twice the rate asked for."""
        return self.highest_fpr <= 2 * self.fpr


def operating_point(real: np.ndarray, fake: np.ndarray, fpr: float) -> Operating:
    """The TPR at `fpr`, with what so many reals can say about it. Errors: InputError when they cannot resolve it.

    >>> point = operating_point(np.arange(1000.0), np.arange(900.0, 1100.0), 0.01)
    >>> point.tpr, point.resolved, point.enough
    (0.55, True, True)
    """
    real, fake = both(real, fake)
    if not 0 < fpr < 1:
        raise InputError(f"A false-positive rate lies between 0 and 1; got {fpr}.", fix="Use one such as 0.01.")
    allowed = math.floor(fpr * len(real) + 1e-9)
    if allowed < 1:
        raise InputError(
            f"{len(real)} reals cannot resolve a false-positive rate of {fpr:g}: that takes at least "
            f"{math.ceil(1 / fpr)}, and {reals_needed(fpr)} to bound it.",
            fix="Add reals, or ask for a higher rate.",
        )
    threshold = threshold_at(real, fpr)
    above = int((real > threshold).sum())
    highest = float(stats.beta.ppf(0.95, above + 1, len(real) - above))
    return Operating(fpr, float(np.mean(fake > threshold)), threshold, len(real), highest)


def reals_needed(fpr: float, confidence: float = 0.95) -> int:
    """How many reals, none of them above the threshold, bound the false-positive rate by `fpr` (the rule of three).

    >>> [reals_needed(rate) for rate in LOW_RATES]
    [299, 2995, 29956]
    """
    return math.ceil(math.log(1 - confidence) / math.log(1 - fpr))
