"""Accuracy at a threshold, overall and of each class, with Wilson intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from fauxto.score.roc import both


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of correct calls: over all pictures, over the reals, over the fakes, and the mean of the latter two."""

    all: float
    real: float
    fake: float

    @property
    def balanced(self) -> float:
        """The mean of the two classes' accuracies: accuracy at a prevalence of one half."""
        return (self.real + self.fake) / 2


def accuracy(real: np.ndarray, fake: np.ndarray, threshold: float = 0.0) -> Accuracy:
    """Call generated what lies strictly above `threshold` (logits: 0 is a probability of one half).

    >>> accuracy(np.array([-1.0, 0.0, 2.0]), np.array([3.0]))
    Accuracy(all=0.75, real=0.6666666666666666, fake=1.0)
    """
    real, fake = both(real, fake)
    true_negatives, true_positives = int((real <= threshold).sum()), int((fake > threshold).sum())
    return Accuracy(
        (true_negatives + true_positives) / (len(real) + len(fake)),
        true_negatives / len(real),
        true_positives / len(fake),
    )


def wilson(successes: float, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a share (Wilson, 1927): sensible at 0 and at 1, where the textbook interval has no width.

    >>> low, high = wilson(0, 10)
    >>> low, round(high, 4)
    (0.0, 0.2775)
    """
    z = float(stats.norm.ppf(0.5 + level / 2))
    share, widening = successes / trials, z * z / trials
    middle = (share + widening / 2) / (1 + widening)
    half = z / (1 + widening) * np.sqrt(share * (1 - share) / trials + widening / (4 * trials))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
