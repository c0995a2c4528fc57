"""Average precision, fake positive: the step-wise definition, without interpolation."""

from __future__ import annotations

import numpy as np

from fauxto.score.roc import both


def average_precision(real: np.ndarray, fake: np.ndarray) -> float:
    """The sum over thresholds of (recall gained) x (precision there); tied scores are one threshold.

    Its value by chance is the prevalence, the share of fakes among the scores: compare with that, not with one half.

    >>> average_precision(np.array([0.0, 2.0]), np.array([1.0, 3.0]))
    0.8333333333333333
    """
    real, fake = both(real, fake)
    thresholds = np.unique(fake)
    fakes_above = len(fake) - np.searchsorted(np.sort(fake), thresholds, side="left")
    reals_above = len(real) - np.searchsorted(np.sort(real), thresholds, side="left")
    gained = -np.diff(np.append(fakes_above, 0))
    return float((gained * fakes_above / (fakes_above + reals_above)).sum() / len(fake))
