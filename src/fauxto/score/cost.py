"""Cost curves: what a detector costs at every mix of prevalence and prices (Drummond and Holte, 2006)."""

from __future__ import annotations

import numpy as np

from fauxto.errors import InputError
from fauxto.score.equal_error import curve


def probability_cost(prevalence: float, miss: float, false_alarm: float) -> float:
    """Prevalence and the prices of both errors as one number from 0 to 1, the horizontal axis of a cost curve.

    >>> probability_cost(0.5, miss=1, false_alarm=1)
    0.5
    """
    if not 0 <= prevalence <= 1 or miss < 0 or false_alarm < 0 or miss + false_alarm == 0:
        raise InputError(
            f"Expected a prevalence from 0 to 1 and prices above 0; got {prevalence}, {miss} and {false_alarm}.",
            fix="Correct the numbers.",
        )
    weighted = prevalence * miss, (1 - prevalence) * false_alarm
    return weighted[0] / sum(weighted) if sum(weighted) else 0.0


def expected_cost(real: np.ndarray, fake: np.ndarray, threshold: float, at: np.ndarray) -> np.ndarray:
    """Normalised expected cost of one threshold at probability costs `at`: (1 - TPR) at + FPR (1 - at), a line."""
    at = np.asarray(at, dtype=np.float64)
    return np.mean(np.asarray(fake) <= threshold) * at + np.mean(np.asarray(real) > threshold) * (1 - at)


def cost_curve(real: np.ndarray, fake: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The lowest expected cost over all thresholds at each probability cost: the lower envelope of their lines.

    1 is the price of always being wrong. Never above min(at, 1 - at), the cost of looking at nothing.

    >>> cost_curve(np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([0.0, 0.5, 1.0]))
    array([0.  , 0.25, 0.  ])
    """
    at = np.asarray(at, dtype=np.float64)
    fpr, tpr = curve(real, fake)
    best = np.full(at.shape, np.inf)
    for start in range(0, len(fpr), 4096):  # so that a million scores need no gigabytes
        part = np.s_[start : start + 4096]
        best = np.minimum(best, ((1 - tpr[part]) * at[..., None] + fpr[part] * (1 - at[..., None])).min(-1))
    return best
