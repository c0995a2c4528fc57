"""The equal error rate: where misses and false alarms are as frequent."""

from __future__ import annotations

import numpy as np

from fauxto.score.roc import both


def curve(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False-positive and true-positive rates at every threshold, both rising from 0 to 1; tied scores are one step."""
    real, fake = both(real, fake)
    thresholds = np.unique(np.concatenate([real, fake]))[::-1]
    false_alarms = len(real) - np.searchsorted(np.sort(real), thresholds, side="left")
    hits = len(fake) - np.searchsorted(np.sort(fake), thresholds, side="left")
    return np.concatenate([[0.0], false_alarms / len(real)]), np.concatenate([[0.0], hits / len(fake)])


def equal_error_rate(real: np.ndarray, fake: np.ndarray) -> float:
    """The rate at which FPR = 1 - TPR, on the straight lines between the steps of the ROC curve.

    >>> equal_error_rate(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.25
    """
    fpr, tpr = curve(real, fake)
    gap = fpr - (1 - tpr)  # rises from -1 to 1
    after = int(np.argmax(gap >= 0))
    before = after - 1
    share = -gap[before] / (gap[after] - gap[before])
    return float(fpr[before] + share * (fpr[after] - fpr[before]))
